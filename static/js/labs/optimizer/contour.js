/**
 * A grid of losses as tones and contour lines: pure functions over typed arrays, no DOM.
 *
 * Both are computed once a scene. Shading is an image of the grid's own size that the canvas
 * stretches; lines are kept as segments in data coordinates, so that zooming redraws them sharp.
 */

/**
 * How a loss becomes a tone between 0 (the lowest on the grid) and 1 (the highest).
 * tone = ((z - low) / (high - low)) ^ power
 * @typedef {{low: number, high: number, power: number}} ToneScale
 */

/** @typedef {readonly [number, number, number]} Rgb */
/** A colour map: (tone, colour) in rising order, from tone 0 to tone 1. @typedef {readonly (readonly [number, Rgb])[]} Stops */

/** Contour lines drawn on a surface; more than this and a steep wall turns solid. */
export const LEVELS = 18;

/**
 * The tone scale that gives the median loss the middle tone.
 *
 * Most test surfaces are flat where the paths are and steep at the border: equal steps of loss would
 * put every line on the walls. A power below 1 spends the tones where the grid's points are.
 * @param {Float32Array | Float64Array} z
 * @returns {ToneScale}
 */
export function toneScale(z) {
  const finite = Float64Array.from(z).filter(Number.isFinite).sort();
  if (!finite.length) return { low: 0, high: 1, power: 1 };
  const low = finite[0];
  // A pole in a typed formula must not take all tones for itself.
  const high = finite[Math.floor((finite.length - 1) * 0.995)];
  const middle = finite[Math.floor(finite.length / 2)];
  const share = (middle - low) / (high - low);
  if (!(share > 0 && share < 1)) return { low, high: high > low ? high : low + 1, power: 1 };
  const power = Math.log(0.5) / Math.log(share);
  return { low, high, power: Math.min(1.5, Math.max(0.12, power)) };
}

/**
 * @param {ToneScale} scale
 * @param {number} z
 * @returns {number} 0..1
 */
export function tone(scale, z) {
  const share = (z - scale.low) / (scale.high - scale.low);
  return Math.min(1, Math.max(0, share)) ** scale.power;
}

/**
 * Losses at equal steps of tone.
 * @param {ToneScale} scale
 * @param {number} [count]
 * @returns {number[]}
 */
export function levels(scale, count = LEVELS) {
  const values = [];
  for (let i = 1; i <= count; i++) {
    const share = (i / (count + 1)) ** (1 / scale.power);
    values.push(scale.low + share * (scale.high - scale.low));
  }
  return values;
}

/**
 * The grid as RGBA pixels, first row on top (the grid's last row: y grows upwards).
 * @param {Float32Array | Float64Array} z (height, width), row 0 at the lowest y
 * @param {number} width
 * @param {number} height
 * @param {ToneScale} scale
 * @param {Stops} stops
 * @returns {Uint8ClampedArray<ArrayBuffer>} transparent where the loss is not finite
 */
export function shade(z, width, height, scale, stops) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const value = z[row * width + column];
      if (!Number.isFinite(value)) continue;
      const place = tone(scale, value);
      let above = 1;
      while (above < stops.length - 1 && stops[above][0] < place) above += 1;
      const [from, low] = stops[above - 1];
      const [to, high] = stops[above];
      const part = (place - from) / (to - from);
      const offset = 4 * ((height - 1 - row) * width + column);
      for (let channel = 0; channel < 3; channel++) {
        pixels[offset + channel] = low[channel] * (1 - part) + high[channel] * part;
      }
      pixels[offset + 3] = 255;
    }
  }
  return pixels;
}

/**
 * Marching squares: where the loss crosses `level`, as segments (x0, y0, x1, y1) in data coordinates.
 *
 * Each cell's four edges are asked whether the level lies between their ends; two crossings make one
 * segment, four (a saddle) two, paired by the cell's mean as usual.
 * @param {ArrayLike<number>} x (width)
 * @param {ArrayLike<number>} y (height)
 * @param {ArrayLike<number>} z (height, width)
 * @param {number} level
 * @returns {number[]}
 */
export function contourLines(x, y, z, level) {
  const width = x.length;
  const height = y.length;
  /** @type {number[]} */
  const segments = [];
  /** crossings of one cell: bottom, right, top, left; NaN where the edge is not crossed */
  const cx = [0, 0, 0, 0];
  const cy = [0, 0, 0, 0];
  for (let j = 0; j + 1 < height; j++) {
    for (let i = 0; i + 1 < width; i++) {
      const a = z[j * width + i];
      const b = z[j * width + i + 1];
      const c = z[(j + 1) * width + i + 1];
      const d = z[(j + 1) * width + i];
      const code = (a > level ? 1 : 0) | (b > level ? 2 : 0) | (c > level ? 4 : 0) | (d > level ? 8 : 0);
      if (code === 0 || code === 15 || !Number.isFinite(a + b + c + d)) continue;
      const at = (/** @type {number} */ p, /** @type {number} */ q) => (level - p) / (q - p);
      cx[0] = x[i] + at(a, b) * (x[i + 1] - x[i]);
      cy[0] = y[j];
      cx[1] = x[i + 1];
      cy[1] = y[j] + at(b, c) * (y[j + 1] - y[j]);
      cx[2] = x[i] + at(d, c) * (x[i + 1] - x[i]);
      cy[2] = y[j + 1];
      cx[3] = x[i];
      cy[3] = y[j] + at(a, d) * (y[j + 1] - y[j]);
      const high = (a + b + c + d) / 4 > level;
      for (const [p, q] of edgesOf(code, high)) segments.push(cx[p], cy[p], cx[q], cy[q]);
    }
  }
  return segments;
}

/** @type {Record<number, [number, number][]>} corner code (without saddles) -> pairs of crossed edges */
const EDGES = {
  1: [[3, 0]], 2: [[0, 1]], 3: [[3, 1]], 4: [[1, 2]], 6: [[0, 2]], 7: [[3, 2]],
  8: [[2, 3]], 9: [[0, 2]], 11: [[1, 2]], 12: [[1, 3]], 13: [[0, 1]], 14: [[3, 0]],
};
/** @type {[number, number][]} the two ways to pair a saddle's crossings: cut off a and c, or b and d */
const CUT_AC = [[3, 0], [1, 2]];
/** @type {[number, number][]} */
const CUT_BD = [[0, 1], [2, 3]];

/**
 * @param {number} code which corners (a, b, c, d as bits) lie above the level
 * @param {boolean} high whether the cell's middle does
 * @returns {[number, number][]}
 */
function edgesOf(code, high) {
  if (code === 5) return high ? CUT_BD : CUT_AC;
  if (code === 10) return high ? CUT_AC : CUT_BD;
  return EDGES[code];
}
