/** Small crosses that mark points of the picture. */

/** An upright cross. @param {CanvasRenderingContext2D} ctx @param {number} left @param {number} top */
export function cross(ctx, left, top) {
  ctx.beginPath();
  ctx.moveTo(left - 7, top);
  ctx.lineTo(left + 7, top);
  ctx.moveTo(left, top - 7);
  ctx.lineTo(left, top + 7);
  ctx.stroke();
}

/** A lying cross. @param {CanvasRenderingContext2D} ctx @param {number} left @param {number} top */
export function saltire(ctx, left, top) {
  ctx.beginPath();
  ctx.moveTo(left - 4, top - 4);
  ctx.lineTo(left + 4, top + 4);
  ctx.moveTo(left - 4, top + 4);
  ctx.lineTo(left + 4, top - 4);
  ctx.stroke();
}
