/** The ellipse on which a parabola of a 2 x 2 Hessian has one value: narrow where the loss is steep. Pure functions, no DOM. */

/**
 * @param {number} xx @param {number} xy @param {number} yy
 * @returns {{values: [number, number], angle: number}} eigenvalues, the larger first; the first axis's angle to x
 */
export function eigen(xx, xy, yy) {
  const middle = (xx + yy) / 2;
  const radius = Math.hypot((xx - yy) / 2, xy);
  return { values: [middle + radius, middle - radius], angle: 0.5 * Math.atan2(2 * xy, xx - yy) };
}

/**
 * Points (left, top) in pixels around (0, 0). A direction that curves down is drawn as long as one that curves up as much.
 * @param {[number, number, number]} hessian xx, xy, yy
 * @param {number} kx pixels of a unit of x @param {number} ky of y
 * @param {number} most the longest half axis in pixels
 * @returns {{points: [number, number][], saddle: boolean} | null} null: flat, or not known
 */
export function ellipse([xx, xy, yy], kx, ky, most) {
  const { values, angle } = eigen(xx, xy, yy);
  const top = Math.max(...values.map(Math.abs));
  if (!(top > 0)) return null;
  const lengths = values.map((value) => Math.sqrt(top / Math.max(Math.abs(value), 1e-4 * top)));
  /** @type {[number, number][]} */
  const points = [];
  for (let i = 0; i <= 72; i++) {
    const turn = (i * Math.PI) / 36;
    const [u, v] = [lengths[0] * Math.cos(turn), lengths[1] * Math.sin(turn)];
    points.push([kx * (u * Math.cos(angle) - v * Math.sin(angle)), ky * (u * Math.sin(angle) + v * Math.cos(angle))]);
  }
  const longest = Math.max(...points.map(([left, up]) => Math.hypot(left, up)));
  return { points: points.map(([left, up]) => [(left * most) / longest, (up * most) / longest]), saddle: values[1] < 0 };
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} left @param {number} top its middle
 * @param {{points: [number, number][], saddle: boolean} | null} shape
 * @param {string} colour @param {string} ground what surrounds it
 */
export function paintEllipse(ctx, left, top, shape, colour, ground) {
  if (!shape) return;
  ctx.save();
  ctx.translate(left, top);
  ctx.beginPath();
  for (const [x, y] of shape.points) ctx.lineTo(x, y);
  ctx.closePath();
  ctx.strokeStyle = ground;
  ctx.lineWidth = 4;
  ctx.stroke();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.75;
  ctx.setLineDash(shape.saddle ? [5, 4] : []);
  ctx.stroke();
  ctx.restore();
}
