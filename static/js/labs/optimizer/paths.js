/**
 * The racers' paths on a canvas: extended step by step while playing forward, and searched for the
 * point under the pointer. Walks the timeline's blocks, whose positions lie stacked in one array.
 */

import { Pens } from "../../core/chart/pens.js";

/** Pixels of a point: left = ax + bx x, top = ay + by y. @typedef {{ax: number, bx: number, ay: number, by: number}} Affine */
/** @typedef {import("../../core/chart/pens.js").Stroke} Stroke */
/** @typedef {import("../../core/timeline.js").Timeline} Timeline */

export class Paths {
  constructor() {
    /** The last seq on the canvas; -1: none. */
    this.done = -1;
    this.pens = new Pens();
  }

  /** Forget what was drawn; the caller clears the canvas. */
  reset() {
    this.done = -1;
  }

  /**
   * Extend every path up to frame `seq`.
   * @param {CanvasRenderingContext2D} ctx
   * @param {Timeline} timeline
   * @param {number} seq
   * @param {Affine} map
   * @param {readonly Stroke[]} strokes by racer
   * @param {number} [above] the racer drawn last, on top of the others
   */
  extend(ctx, timeline, seq, map, strokes, above = -1) {
    if (this.done < 0) this.pens.lift(strokes.length);
    const from = this.done < 0 ? timeline.first : this.done + 1;
    if (seq < from) return;
    for (const block of timeline.blocks(from, seq)) {
      const position = block.tensor("position");
      if (!position) continue;
      this.pens.room(block.count);
      for (let i = 0; i < strokes.length; i++) {
        const r = i === strokes.length - 1 && above >= 0 ? above : i === above ? strokes.length - 1 : i;
        const { size } = position;
        const data = /** @type {Float32Array} */ (position.data);
        for (let f = 0; f < block.count; f++) {
          this.pens.left[f] = map.ax + map.bx * data[f * size + 2 * r];
          this.pens.top[f] = map.ay + map.by * data[f * size + 2 * r + 1];
        }
        this.pens.draw(ctx, r, block.count, strokes[r]);
      }
    }
    ctx.setLineDash([]);
    this.done = Math.min(seq, timeline.last);
  }
}

/**
 * The path point nearest to a pixel, or null when none lies within `reach` pixels.
 * @param {Timeline} timeline
 * @param {number} seq the last frame drawn
 * @param {number} racers
 * @param {Affine} map
 * @param {number} left
 * @param {number} top
 * @param {number} [reach]
 * @returns {{racer: number, seq: number, distance: number} | null}
 */
export function nearest(timeline, seq, racers, map, left, top, reach = 12) {
  let best = reach * reach;
  let racer = -1;
  let at = -1;
  for (const block of timeline.blocks(timeline.first, seq)) {
    const position = block.tensor("position");
    if (!position) continue;
    const { size } = position;
    const data = /** @type {Float32Array} */ (position.data);
    for (let f = 0; f < block.count; f++) {
      for (let r = 0; r < racers; r++) {
        const dx = map.ax + map.bx * data[f * size + 2 * r] - left;
        const dy = map.ay + map.by * data[f * size + 2 * r + 1] - top;
        const d = dx * dx + dy * dy;
        if (d < best) {
          best = d;
          racer = r;
          at = block.seq + f;
        }
      }
    }
  }
  return racer < 0 ? null : { racer, seq: at, distance: Math.sqrt(best) };
}
