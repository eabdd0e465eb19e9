/** Strokes and words of a chart's canvas. */

/** @typedef {{ink: string, faint: string, line: string, accent: string, card: string}} Inks */

/** A chart's colours of the theme's. @param {ReturnType<typeof import("../plots.js").colors>} colors @returns {Inks} */
export function inksOf({ text, muted, grid, accent, card }) {
  return { ink: text, faint: muted, line: grid, accent, card };
}

/** The canvas to draw on. @param {HTMLCanvasElement} canvas @returns {CanvasRenderingContext2D} */
export function context(canvas) {
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error("this browser has no 2-D canvas");
  return ctx;
}

/** A line between two points. @param {CanvasRenderingContext2D} ctx @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
export function segment(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

const BIG = "11px system-ui, sans-serif";
const SMALL = "8px system-ui, sans-serif";

/** How wide a tick's text is, pixels. @param {CanvasRenderingContext2D} ctx @param {import("./axis.js").Tick} tick */
export function breadth(ctx, tick) {
  ctx.font = SMALL;
  const raised = ctx.measureText(tick.exponent).width;
  ctx.font = BIG;
  return raised + ctx.measureText(tick.mantissa).width;
}

/** A tick's text, its exponent raised. @param {CanvasRenderingContext2D} ctx @param {import("./axis.js").Tick} tick @param {number} x @param {number} y */
export function label(ctx, tick, x, y) {
  const { textAlign } = ctx;
  ctx.font = SMALL;
  const raised = ctx.measureText(tick.exponent).width;
  ctx.font = BIG;
  const plain = ctx.measureText(tick.mantissa).width;
  const start = x - (plain + raised) * (textAlign === "right" ? 1 : textAlign === "center" ? 0.5 : 0);
  ctx.textAlign = "left";
  ctx.fillText(tick.mantissa, start, y);
  ctx.font = SMALL;
  ctx.fillText(tick.exponent, start + plain, y - 4);
  ctx.font = BIG;
  ctx.textAlign = textAlign;
}
