/** The run that is shown, as the parts of convolution/pooling read it: its pools, their windows, the numbers of a frame. */

import { first } from "../../../core/i18n.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").Params} Params */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {[number, number, number]} Span   start, taps, step along one axis */
/** @typedef {{size: [number, number], windows: number, kernel: [number, number], rows: Span[], cols: Span[]}} Windows */
/**
 * @typedef {Windows & {name: string, by: "torch" | "ours", shared: boolean, difference: number | null,
 *   low: number | null, high: number | null}} Pool
 */

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SceneView | null} */
    this.scene = null;
    /** @type {Params} */
    this.params = {};
    /** @type {Pool[]} */
    this.pools = [];
    /** The windows that most pools share. @type {Windows | null} */
    this.common = null;
    this.channels = 0;
    this.height = 0;
    this.width = 0;
    /** The input's least and greatest number. */
    this.range = { low: 0, high: 1 };
  }

  /** @param {SceneView} scene @param {Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    this.pools = scene.note.pools;
    this.common = scene.note.common;
    [this.channels, this.height, this.width] = scene.note.shape;
    const numbers = Array.from(/** @type {Iterable<number>} */ (scene.tensors.input.data), Number);
    this.range = { low: Math.min(...numbers), high: Math.max(...numbers) };
  }

  /** A tensor of the scene as plain numbers. @param {string} name @returns {ArrayLike<number>} */
  of(name) {
    return /** @type {ArrayLike<number>} */ (this.scene?.tensors[name]?.data ?? []);
  }

  /** @param {number} channel @param {number} y @param {number} x */
  input(channel, y, x) {
    return Number(this.of("input")[(channel * this.height + y) * this.width + x]);
  }

  /** Row and column of the window that a pool is at in frame `seq`; null: none yet. @param {Windows} windows @param {number} seq @returns {[number, number] | null} */
  at(windows, seq) {
    const done = Math.min(seq, windows.windows) - 1;
    return done < 0 ? null : [Math.floor(done / windows.size[1]), done % windows.size[1]];
  }

  /** @param {string} name a pool's */
  label(name) {
    return first([`convolution.pooling.short.${name}`, `convolution.pooling.${name}`], name);
  }

  /** A pool's colour, the same everywhere on the page. @param {string} name */
  colour(name) {
    return this.stage.plots.racerColor(ORDER.indexOf(name));
  }

  /** Whether a pool has windows of its own, not the common ones. @param {Pool} pool */
  own(pool) {
    return JSON.stringify([pool.rows, pool.cols]) !== JSON.stringify([this.common?.rows, this.common?.cols]);
  }

  /** Whether the selected target is still there. @param {Target | null} target */
  has(target) {
    if (!target) return false;
    const pool = this.pools.find((one) => one.name === target.pool);
    const inside = (/** @type {unknown} */ value, /** @type {number} */ length) => value === undefined || (Number(value) >= 0 && Number(value) < length);
    return (
      pool !== undefined &&
      inside(target.channel, this.channels) &&
      inside(target.y, pool.size[0]) &&
      inside(target.x, pool.size[1]) &&
      inside(target.index, pool.kernel[0] * pool.kernel[1])
    );
  }

  /** The output that the frame is at, of the first pool. @returns {Target | null} */
  target() {
    return this.pools.length ? { kind: "output", pool: this.pools[0].name, channel: 0 } : null;
  }

  /** The channel that is looked at: the selected one's. */
  get channel() {
    return Math.min(Number(this.stage.selected()?.channel ?? 0), Math.max(0, this.channels - 1));
  }
}

/** Colours go by this order, whichever pools are on. */
const ORDER = ["max", "average", "attention", "softpool", "mean", "lp", "global_max", "global_average", "adaptive_max", "adaptive_average"];
