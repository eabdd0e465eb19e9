/**
 * Many small maps as one mosaic on a canvas: 64 tiles take about 2 ms where 64 Plotly figures take 700.
 *
 * Maps come as bytes with a scale each (value = low + step * byte, 255 for what is no number) or as floats. A colour is a step of a
 * palette over a range, which maps share or have each their own. What is drawn smaller than it is gets
 * averaged first, by a whole factor: bytes of one map average like its values.
 */

import { colors } from "./plots.js";

/**
 * @typedef {object} Tiles
 * @property {number} count
 * @property {number} height  of one map
 * @property {number} width
 * @property {Uint8Array} [bytes]       count x height x width
 * @property {ArrayLike<number>} [low]  count
 * @property {ArrayLike<number>} [step] count
 * @property {ArrayLike<number>} [values] instead of bytes
 */
/** @typedef {{columns: number, rows: number, width: number, height: number, gap: number}} Grid   CSS pixels of one tile, its gap included */
/** @typedef {{low: number, high: number}} Range */

/** Cividis: dark blue to yellow, even for eyes that tell few colours apart (Nuñez, Anderton, Renslow 2018). */
const CIVIDIS = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"];

/** What has no number is neither high nor low. */
const NOTHING = 0x80808080;
const NAN_BYTE = 255;
/** The highest byte that is a level. */
export const LEVELS = 254;

/**
 * 256 colours between stops, as words of RGBA.
 * @param {any[][]} stops [place 0 to 1, "#rrggbb"]
 * @returns {Uint32Array}
 */
export function palette(stops) {
  const parts = stops.map(([at, hex]) => [at, ...[1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16))]);
  const words = new Uint32Array(256);
  for (let i = 0; i < 256; i += 1) {
    const place = i / 255;
    const next = Math.max(1, parts.findIndex(([at]) => at >= place));
    const [from, to] = [parts[next - 1], parts[next]];
    const share = (place - from[0]) / (to[0] - from[0]);
    const [red, green, blue] = [1, 2, 3].map((c) => Math.round(from[c] + share * (to[c] - from[c])));
    words[i] = (255 << 24) | (blue << 16) | (green << 8) | red;
  }
  return words;
}

const magnitude = palette(CIVIDIS.map((hex, i) => [i / (CIVIDIS.length - 1), hex]));

/** The theme's palettes: `signed` is centred on zero, `magnitude` begins there. */
export function palettes() {
  return { signed: palette(colors().signed), magnitude };
}

/** The range of a colour scale over these values: symmetric where some are negative, from zero where none is. @param {number} low @param {number} high @returns {Range} */
export function rangeOf(low, high) {
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return low < 0 ? { low: -most, high: most } : { low: 0, high: most };
}

/**
 * The grid in which `count` tiles of this aspect (width / height) are largest within a box.
 * @param {number} count @param {number} aspect @param {number} boxWidth @param {number} boxHeight
 * @param {number} [least] a tile is at least so wide: then the grid is higher than the box
 * @returns {Grid}
 */
export function arrange(count, aspect, boxWidth, boxHeight, least = 0) {
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const width = Math.min(boxWidth / columns, (boxHeight / Math.ceil(count / columns)) * aspect);
    if (width > best.width) best = { columns, width };
  }
  if (best.width < least) best = { columns: Math.max(1, Math.floor(boxWidth / least)), width: least };
  const whole = best.width >= 4 ? Math.floor(best.width) : best.width;
  const columns = Math.min(count, Math.max(best.columns, 1));
  return { columns, rows: Math.ceil(count / columns), width: whole, height: whole / aspect, gap: whole >= 24 ? 2 : whole >= 8 ? 1 : 0 };
}

/** The tile under a point of the canvas; -1: none. @param {Grid} grid @param {number} count @param {number} x @param {number} y */
export function tileAt(grid, count, x, y) {
  const column = Math.floor(x / grid.width);
  const row = Math.floor(y / grid.height);
  if (column < 0 || column >= grid.columns || row < 0) return -1;
  const index = row * grid.columns + column;
  return index < count ? index : -1;
}

/**
 * Fit a canvas to a size in CSS pixels; its context draws in them.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 * @returns {CanvasRenderingContext2D}
 */
export function sized(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** @type {HTMLCanvasElement | null} where a mosaic stands before it is scaled */
let scratch = null;

/**
 * Draw every tile.
 * @param {HTMLCanvasElement} canvas gets the grid's size
 * @param {Tiles} tiles
 * @param {Grid} grid
 * @param {Range | Range[]} ranges one for all, or one each
 * @param {Uint32Array} colours
 */
export function paint(canvas, tiles, grid, ranges, colours) {
  const { columns, rows } = grid;
  const context = sized(canvas, columns * grid.width, rows * grid.height);
  const ratio = window.devicePixelRatio || 1;
  const thin = Math.max(1, Math.floor(Math.min(tiles.width / (grid.width * ratio), tiles.height / (grid.height * ratio))));
  const image = mosaic(tiles, columns, rows, thin, ranges, colours);
  scratch ??= document.createElement("canvas");
  scratch.width = image.width;
  scratch.height = image.height;
  scratch.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = image.width > canvas.width;
  context.drawImage(scratch, 0, 0, columns * grid.width, rows * grid.height);
  if (!grid.gap) return;
  for (let column = 1; column <= columns; column += 1) context.clearRect(column * grid.width - grid.gap, 0, grid.gap, rows * grid.height);
  for (let row = 1; row <= rows; row += 1) context.clearRect(0, row * grid.height - grid.gap, columns * grid.width, grid.gap);
}

/** The tiles side by side, each thinned. @param {Tiles} tiles @param {number} columns @param {number} rows @param {number} thin @param {Range | Range[]} ranges @param {Uint32Array} colours */
function mosaic(tiles, columns, rows, thin, ranges, colours) {
  const { count, width, height } = tiles;
  const across = Math.ceil(width / thin);
  const down = Math.ceil(height / thin);
  const image = new ImageData(columns * across, rows * down);
  const words = new Uint32Array(image.data.buffer);
  const source = tiles.bytes ?? tiles.values ?? [];
  const table = new Uint32Array(256); // a map of bytes has 256 colours at most: they are looked up
  for (let tile = 0; tile < count; tile += 1) {
    const range = Array.isArray(ranges) ? ranges[tile] : ranges;
    if (tiles.bytes) {
      for (let byte = 0; byte <= LEVELS; byte += 1) table[byte] = colourOf(Number(tiles.low?.[tile]) + Number(tiles.step?.[tile]) * byte, range, colours);
      table[NAN_BYTE] = NOTHING;
    }
    let to = Math.floor(tile / columns) * down * image.width + (tile % columns) * across;
    for (let y = 0; y < down; y += 1, to += image.width) {
      let at = tile * width * height + y * thin * width;
      for (let x = 0; x < across; x += 1, at += thin) {
        const value = thin === 1 ? source[at] : average(source, at, width, Math.min(thin, width - x * thin), Math.min(thin, height - y * thin), tiles.bytes ? NAN_BYTE : NaN);
        words[to + x] = tiles.bytes ? table[Math.round(value)] : colourOf(value, range, colours);
      }
    }
  }
  return image;
}

/** The mean of what are numbers; `none` where none is. @param {ArrayLike<number>} source @param {number} at @param {number} stride @param {number} across @param {number} down @param {number} none */
function average(source, at, stride, across, down, none) {
  let [sum, count] = [0, 0];
  for (let y = 0; y < down; y += 1) {
    for (let x = 0; x < across; x += 1) {
      const value = source[at + y * stride + x];
      if (value === none || Number.isNaN(value)) continue;
      sum += value;
      count += 1;
    }
  }
  return count ? sum / count : none;
}

/** @param {number} value @param {Range} range @param {Uint32Array} colours */
function colourOf(value, range, colours) {
  if (Number.isNaN(value)) return NOTHING;
  const place = Math.round((255 * (value - range.low)) / (range.high - range.low || 1));
  return colours[place < 0 ? 0 : place > 255 ? 255 : place];
}

/** The colour of one value as CSS. @param {number} value @param {Range} range @param {Uint32Array} colours */
export function cssColour(value, range, colours) {
  const word = colourOf(value, range, colours);
  return `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
}
