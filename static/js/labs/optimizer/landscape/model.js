/** What every part of the landscape's page asks about the run: who trains, the map so far, the point of the paths; it draws nothing. */

import { inksOf } from "../../../core/chart/ink.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{label: string, rule: string, formula: string, color: number, stable: number | null}} Racer */

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Record<string, any>} */
    this.note = {};
    /** @type {Racer[]} */
    this.racers = [];
    this.side = 0;
    /** Frames that hold the map; the paths' follow. */
    this.maps = 0;
    /** A row a part: row, column, down, across, height, width, block rows, block columns, points before. @type {Int32Array} */
    this.table = new Int32Array(0);
    /** x_low, x_high, y_low, y_high. @type {number[]} */
    this.view = [0, 1, 0, 1];
    /** Losses of the map so far, (side, side), row 0 at the lowest y; NaN: nothing yet. */
    this.z = new Float32Array(0);
    /** The last part that is in `z`. */
    this.done = -1;
    this.chosen = 0;
    /** Where the map is asked. @type {[number, number]} */
    this.place = [0, 0];
    this.asked = false;
    this.inks = inksOf(stage.plots.colors());
  }

  /** Another run. @param {SceneView} scene */
  take(scene) {
    const { note, tensors } = scene;
    this.note = note;
    this.racers = note.racers ?? [];
    this.side = Number(note.side ?? 0);
    this.maps = Number(note.map ?? 0);
    this.table = /** @type {Int32Array} */ (tensors.parts.data).slice();
    this.z = new Float32Array(this.side ** 2).fill(NaN);
    this.done = -1;
    this.chosen = Math.min(this.chosen, Math.max(0, this.racers.length - 1));
  }

  /**
   * Bring the map to what is known at frame `seq`.
   * @param {number} seq
   * @returns {boolean} whether it changed
   */
  fill(seq) {
    const until = Math.min(seq, this.maps - 1);
    if (until === this.done) return false;
    if (until < this.done) {
      this.z.fill(NaN);
      this.done = -1;
    }
    const from = this.done;
    const { timeline } = this.stage;
    for (let k = this.done + 1; k <= until; k++) {
      const loss = timeline.frame(k)?.tensors.loss?.data;
      if (!loss) break;
      this.#paint(k, /** @type {Float32Array} */ (loss));
      this.done = k;
    }
    return this.done !== from;
  }

  /** Each point stands for its block until finer ones come. @param {number} k @param {Float32Array} loss */
  #paint(k, loss) {
    const [row, column, down, across, height, width, rows, columns] = this.table.subarray(9 * k, 9 * k + 9);
    const { side, z } = this;
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const [top, left] = [row + i * down, column + j * across];
        const right = Math.min(side, left + columns);
        for (let y = top; y < Math.min(side, top + rows); y++) z.fill(loss[i * width + j], y * side + left, y * side + right);
      }
  }

  /** The map is of another box: the place that is asked is brought inside. @param {number[]} view */
  look(view) {
    this.view = view;
    const [x0, x1, y0, y1] = view;
    const [x, y] = this.place;
    if (!this.asked || x < x0 || x > x1 || y < y0 || y > y1) this.place = [x0 + 0.75 * (x1 - x0), y0 + 0.25 * (y1 - y0)];
  }

  /** The values of an axis. @param {0 | 1} axis */
  axis(axis) {
    const [low, high] = this.view.slice(2 * axis, 2 * axis + 2);
    return Float64Array.from({ length: this.side }, (_, i) => low + ((high - low) * i) / (this.side - 1));
  }

  /** The map's loss nearest to a place. @param {number} x @param {number} y */
  lossAt(x, y) {
    const [x0, x1, y0, y1] = this.view;
    const { side } = this;
    const column = Math.round(((x - x0) / (x1 - x0)) * (side - 1));
    const row = Math.round(((y - y0) / (y1 - y0)) * (side - 1));
    return row >= 0 && column >= 0 && row < side && column < side ? this.z[row * side + column] : NaN;
  }

  /** The training step of frame `seq`; null while the map is made. @param {number} seq @returns {number | null} */
  step(seq) {
    return seq < this.maps ? null : (this.note.steps?.[seq - this.maps] ?? null);
  }

  /** Follow what is open. @returns {boolean} whether another racer or place is selected */
  follow() {
    const target = this.stage.selected();
    if (target?.kind === "at") {
      const place = /** @type {[number, number]} */ ([Number(target.x), Number(target.y)]);
      const moved = place[0] !== this.place[0] || place[1] !== this.place[1];
      this.place = place;
      this.asked = true;
      return moved;
    }
    const racer = Number(target?.racer ?? this.chosen);
    if (racer === this.chosen || !this.racers[racer]) return false;
    this.chosen = racer;
    return true;
  }

  /** Whether a target is in this run. @param {Target} target */
  has(target) {
    return target.kind === "at" || Boolean(this.racers[Number(target.racer ?? 0)]);
  }

  /** The index of a racer's colour and mark. @param {number} r */
  hue(r) {
    return this.racers[r]?.color ?? r;
  }

  /** @param {number} r */
  colour(r) {
    return racerColor(this.hue(r));
  }

  retheme() {
    this.inks = inksOf(this.stage.plots.colors());
  }
}
