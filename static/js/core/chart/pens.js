/**
 * Lines that grow: each pen remembers where it stands, so that a call draws only what is new.
 * Shared by the paths on the surface and by the curves below it. Nothing is allocated per point.
 */

/** @typedef {{colour: string, dash: number[], width: number}} Stroke */

/** Pixels beyond this are cut: a canvas still draws the direction right, and stays fast. */
const FAR = 20000;
/** Points closer than this to the last one drawn wait for the next: a converged racer costs nothing. */
const NEAR = 0.4;

export class Pens {
  constructor() {
    /** Where each pen stands, in pixels: left, top; NaN: nowhere yet. */
    this.at = new Float64Array(0);
    /** Length drawn by each pen: where in its dashes the next segment starts. */
    this.run = new Float64Array(0);
    /** Scratch for a block's points: the caller fills it before `draw`. */
    this.left = new Float64Array(64);
    this.top = new Float64Array(64);
  }

  /** @param {number} count of pens, all lifted */
  lift(count) {
    if (this.at.length !== 2 * count) {
      this.at = new Float64Array(2 * count);
      this.run = new Float64Array(count);
    }
    this.at.fill(NaN);
    this.run.fill(0);
  }

  /** Make room for `count` points in the scratch. @param {number} count */
  room(count) {
    if (this.left.length >= count) return;
    this.left = new Float64Array(2 * count);
    this.top = new Float64Array(2 * count);
  }

  /**
   * Draw pen `i` through the first `count` points of the scratch; points that are not numbers are gaps.
   * @param {CanvasRenderingContext2D} ctx
   * @param {number} i
   * @param {number} count
   * @param {Stroke} stroke
   */
  draw(ctx, i, count, stroke) {
    let left = this.at[2 * i];
    let top = this.at[2 * i + 1];
    let length = 0;
    let open = false;
    for (let f = 0; f < count; f++) {
      const x = cut(this.left[f]);
      const y = cut(this.top[f]);
      if (x !== x || y !== y) continue;
      if (left !== left) {
        left = x;
        top = y;
        continue;
      }
      if (Math.abs(x - left) + Math.abs(y - top) < NEAR) continue;
      if (!open) {
        ctx.beginPath();
        ctx.moveTo(left, top);
        open = true;
      }
      ctx.lineTo(x, y);
      if (stroke.dash.length) length += Math.hypot(x - left, y - top);
      left = x;
      top = y;
    }
    if (open) {
      ctx.strokeStyle = stroke.colour;
      ctx.lineWidth = stroke.width;
      ctx.lineJoin = "round";
      ctx.lineCap = stroke.dash.length ? "butt" : "round";
      ctx.setLineDash(stroke.dash);
      ctx.lineDashOffset = this.run[i];
      ctx.stroke();
    }
    this.run[i] += length;
    this.at[2 * i] = left;
    this.at[2 * i + 1] = top;
  }
}

/** @param {number} pixels */
function cut(pixels) {
  return pixels > FAR ? FAR : pixels < -FAR ? -FAR : pixels;
}
