/**
 * Binary messages as typed-array views, without copying (docs/protocol.md gives the layout).
 *
 * u32 header length, JSON header, padding to 8 bytes, then each tensor stacked over the block's
 * frames, little-endian, each buffer padded to 8 bytes.
 */

/** @typedef {import("./types.js").TypedArray} TypedArray */
/** @typedef {import("./types.js").Block} Block */
/** @typedef {{name: string, dtype: string, shape: number[], quantised?: boolean, omitted?: boolean}} Spec */
/** @typedef {{kind: "scene" | "frames" | "tensor", run: string, seq: number, count: number, steps?: any,
 *   notes?: Record<string, any>, layout: number, tensors?: Spec[], id?: number}} Header */

/** @type {Record<string, any>} */
const ARRAYS = {
  f4: Float32Array,
  f8: Float64Array,
  u1: Uint8Array,
  b1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
};

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
const decoder = new TextDecoder();

/** Remembers the tensors' layout of each run, which a message carries only when it is new. */
export class Unpacker {
  constructor() {
    /** @type {Map<string, Map<number, Spec[]>>} */
    this.layouts = new Map();
  }

  /**
   * @param {ArrayBuffer} buffer
   * @returns {{header: Header, block: Block}}
   */
  unpack(buffer) {
    if (!LITTLE_ENDIAN) throw new Error("this machine is big-endian; the wire is little-endian");
    const length = new DataView(buffer).getUint32(0, true);
    /** @type {Header} */
    const header = JSON.parse(decoder.decode(new Uint8Array(buffer, 4, length)));
    const specs = this.#layout(header);
    const count = header.count;
    let offset = align(4 + length);
    /** @type {Map<string, import("./types.js").Stacked>} */
    const stacked = new Map();
    /** @type {Record<string, import("./types.js").Omitted>} */
    const omitted = {};
    for (const spec of specs) {
      if (spec.omitted) {
        omitted[spec.name] = { shape: spec.shape, dtype: spec.dtype }; // on demand, or too large: the page asks for a slice
        continue;
      }
      const size = spec.shape.reduce((product, n) => product * n, 1);
      if (spec.quantised) {
        const scales = new Float32Array(buffer, offset, 2 * count);
        offset = align(offset + scales.byteLength);
        const bytes = new Uint8Array(buffer, offset, count * size);
        offset = align(offset + bytes.byteLength);
        stacked.set(spec.name, { data: expand(bytes, scales, size), size, shape: spec.shape, dtype: "f4" });
      } else {
        const kind = spec.dtype.replace(/^[<>|=]/, "");
        const array = ARRAYS[kind];
        if (!array) throw new Error(`tensor ${spec.name} has the unknown dtype ${spec.dtype}`);
        const data = new array(buffer, offset, count * size);
        offset = align(offset + data.byteLength);
        stacked.set(spec.name, { data, size, shape: spec.shape, dtype: kind });
      }
    }
    /** @type {Record<number, Record<string, any>>} */
    const notes = header.notes ?? {};
    const block = {
      seq: header.seq,
      count,
      steps: readSteps(header.steps, header.seq, count),
      notes,
      stacked,
      omitted,
      bytes: buffer.byteLength,
      tensor: (/** @type {string} */ name) => stacked.get(name),
    };
    return { header, block };
  }

  /** @param {string} run */
  forget(run) {
    this.layouts.delete(run);
  }

  /** @param {Header} header @returns {Spec[]} */
  #layout(header) {
    let known = this.layouts.get(header.run);
    if (!known) this.layouts.set(header.run, (known = new Map()));
    if (header.tensors) {
      if (header.kind !== "frames") return header.tensors;
      known.set(header.layout, header.tensors);
    }
    const specs = known.get(header.layout);
    if (!specs) throw new Error(`run ${header.run} uses layout ${header.layout}, which never came`);
    return specs;
  }
}

/** @param {number} offset */
function align(offset) {
  return (offset + 7) & ~7;
}

const NAN_BYTE = 255;

/**
 * value = low + step * byte, each frame with its own low and step; byte 255 is NaN.
 * @param {Uint8Array} bytes @param {Float32Array} scales @param {number} size
 */
function expand(bytes, scales, size) {
  const values = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 1) {
    const frame = Math.floor(i / size);
    values[i] = bytes[i] === NAN_BYTE ? NaN : scales[2 * frame] + scales[2 * frame + 1] * bytes[i];
  }
  return values;
}

/** @param {any} steps @param {number} seq @param {number} count */
function readSteps(steps, seq, count) {
  const result = new Float64Array(count);
  const list = steps?.list;
  const [start, stride] = Array.isArray(steps) ? steps : [seq, 1];
  for (let i = 0; i < count; i += 1) result[i] = list ? list[i] : start + i * stride;
  return result;
}

/**
 * One frame of a block: each tensor's part is a view.
 * @param {Block} block
 * @param {number} index offset in the block
 * @returns {import("./types.js").FrameView}
 */
export function frameOf(block, index) {
  /** @type {Record<string, import("./types.js").Tensor>} */
  const tensors = {};
  for (const [name, { data, size, shape, dtype }] of block.stacked) {
    tensors[name] = { data: /** @type {TypedArray} */ (data.subarray(index * size, (index + 1) * size)), shape, dtype };
  }
  return { seq: block.seq + index, step: block.steps[index], note: block.notes[index] ?? {}, tensors, omitted: block.omitted };
}
