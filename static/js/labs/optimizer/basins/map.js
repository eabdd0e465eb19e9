/**
 * The pixels of a map as they come, part by part, coarse to fine. No DOM.
 *
 * A part's pixels stand for blocks until finer ones come: `owner` says for every pixel which computed one is shown there.
 */

/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/timeline.js").Timeline} Timeline */
/** @typedef {{setting: string | null, low: number, high: number, log: boolean}} Axis */

/** Numbers of the scene's table that a part has. */
const FIELDS = 9;
export const NEVER = -1;
export const NO_MINIMUM = 255;
export const DIVERGED = 2;
export const STOPPED = 3;

export class PixelMap {
  constructor() {
    this.side = 0;
    /** @type {ArrayLike<number>} row, column, down, across, height, width, block height, block width, pixels before */
    this.table = [];
    this.parts = 0;
    /** @type {Float32Array | Float64Array} */
    this.loss = new Float32Array(0);
    this.steps = new Int32Array(0);
    this.minimum = new Uint8Array(0);
    this.status = new Uint8Array(0);
    this.owner = new Int32Array(0);
    /** @type {boolean[]} by part: whether its pixels are here */
    this.here = [];
    /** The first part that is not here. */
    this.ahead = 0;
    /** @type {Record<"x" | "y", Axis>} */
    this.axes = { x: { setting: null, low: 0, high: 1, log: false }, y: { setting: null, low: 0, high: 1, log: false } };
  }

  /** Another run. @param {SceneView} scene @param {number} side @param {boolean} double whether its losses are float64 */
  begin(scene, side, double) {
    const { parts } = scene.tensors;
    this.side = side;
    this.table = /** @type {Int32Array} */ (parts.data);
    this.parts = parts.shape[0];
    this.axes = scene.note.axes;
    this.here = new Array(this.parts).fill(false);
    this.ahead = 0;
    this.loss = new (double ? Float64Array : Float32Array)(side * side).fill(NaN);
    this.steps = new Int32Array(side * side).fill(NEVER);
    this.minimum = new Uint8Array(side * side).fill(NO_MINIMUM);
    this.status = new Uint8Array(side * side);
    this.owner = new Int32Array(side * side).fill(-1);
  }

  /** Take in what the timeline has that is not here. @param {Timeline} timeline @returns {number[]} the parts that came */
  take(timeline) {
    const came = [];
    for (let k = Math.max(this.ahead, timeline.first); k <= timeline.last; k += 1) {
      if (this.here[k]) continue;
      const frame = timeline.frame(k);
      if (!frame) continue;
      this.#copy(k, frame);
      this.here[k] = true;
      came.push(k);
    }
    while (this.here[this.ahead]) this.ahead += 1;
    return came;
  }

  /** @param {number} k @param {FrameView} frame */
  #copy(k, frame) {
    const { loss, steps, minimum, status } = frame.tensors;
    this.each(k, (pixel, at) => {
      this.loss[pixel] = Number(loss.data[at]);
      this.steps[pixel] = Number(steps.data[at]);
      this.minimum[pixel] = Number(minimum.data[at]);
      this.status[pixel] = Number(status.data[at]);
    });
  }

  /** Every pixel of a part: its index in the map and its place in the part. @param {number} k @param {(pixel: number, at: number) => void} visit */
  each(k, visit) {
    const [row, column, down, across, height, width] = this.part(k);
    let at = 0;
    for (let i = 0; i < height; i += 1)
      for (let j = 0; j < width; j += 1) visit((row + i * down) * this.side + column + j * across, at++);
  }

  /** @param {number} k @returns {number[]} */
  part(k) {
    return Array.from({ length: FIELDS }, (_, i) => Number(this.table[FIELDS * k + i]));
  }

  /** Show a part: its blocks are its own from now on. @param {number} k @param {(from: number, to: number) => void} changed rows */
  show(k, changed) {
    const [row, column, down, across, height, width, tall, wide] = this.part(k);
    const { side, owner } = this;
    for (let i = 0; i < height; i += 1) {
      const r = row + i * down;
      for (let y = r; y < Math.min(r + tall, side); y += 1)
        for (let j = 0; j < width; j += 1) {
          const c = column + j * across;
          owner.fill(r * side + c, y * side + c, y * side + Math.min(c + wide, side));
        }
    }
    changed(row, Math.min(row + (height - 1) * down + tall, side));
  }

  /** Pixels of the parts up to `seq` that are here. @param {number} seq */
  known(seq) {
    let pixels = 0;
    for (let k = 0; k <= seq && k < this.parts; k += 1) if (this.here[k]) pixels += this.part(k)[4] * this.part(k)[5];
    return pixels;
  }

  /** What an axis says at a pixel's middle. @param {"x" | "y"} name @param {number} index */
  value(name, index) {
    const { low, high, log } = this.axes[name];
    const share = (index + 0.5) / this.side;
    return log ? low * (high / low) ** share : low + (high - low) * share;
  }

  /** The axis at a share of its length. @param {"x" | "y"} name @param {number} share 0 to 1, and beyond */
  along(name, share) {
    const { low, high, log } = this.axes[name];
    return log ? low * (high / low) ** share : low + (high - low) * share;
  }
}
