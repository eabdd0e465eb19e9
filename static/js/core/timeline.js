/**
 * The frames of one run that this page holds, within a byte budget.
 *
 * Blocks stay as they came off the wire. What lies furthest behind the play head is let go first;
 * scrubbing back to it asks the server to `seek`.
 */

import { frameOf } from "./frames.js";

/** @typedef {import("./types.js").Block} Block */
/** @typedef {import("./types.js").FrameView} FrameView */

export const BUDGET = 96 * 2 ** 20;

export class Timeline {
  /** @param {number} [budget] bytes */
  constructor(budget = BUDGET) {
    this.budget = budget;
    /** @type {Block[]} in the order of seq, without overlap */
    this.held = [];
    this.bytes = 0;
    /** Raised whenever the frames held change. */
    this.revision = 0;
  }

  /** The first seq held; -1: none. */
  get first() {
    return this.held.length ? this.held[0].seq : -1;
  }

  /** The last seq held; -1: none. */
  get last() {
    const block = this.held.at(-1);
    return block ? block.seq + block.count - 1 : -1;
  }

  /** How many frames are held. */
  get length() {
    return this.held.reduce((sum, block) => sum + block.count, 0);
  }

  /**
   * Take a block in. Frames that are here already are left out, so that none is shown twice.
   * @param {Block} block
   * @param {number} head the play head's seq: what is far behind it goes first
   * @returns {boolean} whether anything was new
   */
  push(block, head) {
    const last = this.last;
    if (block.seq + block.count - 1 <= last) return false;
    this.held.push(block.seq <= last ? tail(block, last + 1 - block.seq) : block);
    this.bytes += block.bytes;
    this.revision += 1;
    this.#evict(head);
    return true;
  }

  /** Let every frame go, before the server seeks. */
  clear() {
    this.held = [];
    this.bytes = 0;
    this.revision += 1;
  }

  /** @param {number} seq */
  has(seq) {
    return this.#index(seq) >= 0;
  }

  /**
   * The frame with this seq; null where it is not held (let go, or left out in live mode).
   * @param {number} seq
   * @returns {FrameView | null}
   */
  frame(seq) {
    const index = this.#index(seq);
    if (index < 0) return null;
    const block = this.held[index];
    return frameOf(block, seq - block.seq);
  }

  /**
   * The held seq that is nearest to `seq` and not after it, or else the first held; -1: none.
   * @param {number} seq
   */
  nearest(seq) {
    if (!this.held.length) return -1;
    const block = this.held[this.#before(seq)];
    return block ? Math.min(seq, block.seq + block.count - 1) : this.first;
  }

  /**
   * The held seq that is nearest to `seq` and not before it, or else the last held; -1: none.
   * @param {number} seq
   */
  after(seq) {
    if (this.has(seq)) return seq;
    return this.held[this.#before(seq) + 1]?.seq ?? this.last;
  }

  /**
   * The blocks that hold frames `from` to `to`, both included, cut to that range: views, no copies.
   * @param {number} [from]
   * @param {number} [to]
   * @returns {Generator<Block>}
   */
  *blocks(from = 0, to = Infinity) {
    for (const block of this.held) {
      const end = block.seq + block.count - 1;
      if (end < from) continue;
      if (block.seq > to) return;
      const start = Math.max(0, from - block.seq);
      const stop = Math.min(block.count, to - block.seq + 1);
      yield start === 0 && stop === block.count ? block : tail(block, start, stop);
    }
  }

  /**
   * Bytes held after the play head: the measure of being too far ahead.
   * @param {number} head
   */
  ahead(head) {
    let bytes = 0;
    for (const block of this.held) if (block.seq > head) bytes += block.bytes;
    return bytes;
  }

  /** @param {number} head */
  #evict(head) {
    let old = 0;
    while (this.bytes > this.budget && old < this.held.length - 1) {
      const block = this.held[old];
      if (block.seq + block.count > head) break;
      this.bytes -= block.bytes;
      old += 1;
    }
    if (old) this.held.splice(0, old);
  }

  /** The block that holds `seq`; -1: none. @param {number} seq */
  #index(seq) {
    const index = this.#before(seq);
    return index >= 0 && seq < this.held[index].seq + this.held[index].count ? index : -1;
  }

  /** The last block that begins at or before `seq`; -1: none. @param {number} seq */
  #before(seq) {
    let low = 0;
    let high = this.held.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.held[middle].seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/**
 * The frames `start` to `stop` (not included) of a block, as a block over the same memory.
 * @param {Block} block
 * @param {number} start
 * @param {number} [stop]
 * @returns {Block}
 */
function tail(block, start, stop = block.count) {
  const cut = (/** @type {import("./types.js").Stacked | undefined} */ part) =>
    part && { ...part, data: /** @type {any} */ (part.data.subarray(start * part.size, stop * part.size)) };
  /** @type {Map<string, import("./types.js").Stacked>} */
  const stacked = new Map();
  for (const [name, part] of block.stacked) stacked.set(name, /** @type {any} */ (cut(part)));
  /** @type {Record<number, any>} */
  const notes = {};
  for (const [key, note] of Object.entries(block.notes)) {
    const index = Number(key) - start;
    if (index >= 0 && index < stop - start) notes[index] = note;
  }
  return {
    seq: block.seq + start,
    count: stop - start,
    steps: block.steps.subarray(start, stop),
    notes,
    stacked,
    omitted: block.omitted,
    bytes: block.bytes,
    tensor: (name) => stacked.get(name),
  };
}
