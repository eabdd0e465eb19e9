/**
 * The surface under the paths: shades and contour lines, computed once a scene, painted when the axes
 * or the theme change and never while a run plays.
 */

import { contourLines, levels, shade, toneScale } from "./contour.js";

/** @typedef {import("../../core/layer.js").Layer} Layer */
/** @typedef {import("../../core/types.js").SceneView} SceneView */

/** Contour segments for each row and column of the grid, at most. */
const DENSE = 26;

export class Ground {
  constructor() {
    /** @type {ArrayLike<number>} */
    this.x = [];
    /** @type {ArrayLike<number>} */
    this.y = [];
    /** @type {Float32Array | Float64Array} */
    this.z = new Float32Array(0);
    /** @type {Float64Array[]} segments of each level, in data coordinates */
    this.lines = [];
    /** @type {import("./contour.js").ToneScale} */
    this.scale = { low: 0, high: 1, power: 1 };
    this.image = document.createElement("canvas");
    this.shadedFor = "";
  }

  /** @param {SceneView} scene @returns {boolean} whether the surface is another one */
  set(scene) {
    const { x, y, z } = scene.tensors;
    if (!x || !y || !z) {
      this.z = new Float32Array(0);
      return true;
    }
    if (same(x.data, this.x) && same(y.data, this.y) && same(z.data, this.z)) return false;
    this.x = Float64Array.from(/** @type {Float32Array} */ (x.data));
    this.y = Float64Array.from(/** @type {Float32Array} */ (y.data));
    this.z = /** @type {Float32Array} */ (z.data).slice();
    this.scale = toneScale(this.z);
    this.lines = levels(this.scale).map((level) => Float64Array.from(contourLines(this.x, this.y, this.z, level)));
    this.#thin();
    this.shadedFor = "";
    return true;
  }

  /** A rippled surface takes fewer lines: all of them would grey it over. */
  #thin() {
    const many = 4 * DENSE * (this.x.length + this.y.length);
    const numbers = () => this.lines.reduce((sum, line) => sum + line.length, 0);
    while (this.lines.length > 5 && numbers() > many) this.lines = this.lines.filter((_, i) => i % 2);
  }

  /** @param {Layer} layer @param {ReturnType<typeof import("../../core/plots.js").colors>} colours */
  paint(layer, colours) {
    layer.clear();
    const width = this.x.length;
    const height = this.y.length;
    if (!this.z.length || !width || !height) return;
    if (this.shadedFor !== colours.theme) this.#shade(colours);
    const ctx = layer.context;
    // The grid's points are the pixels' centres: the image reaches half a cell beyond them.
    const dx = (this.x[width - 1] - this.x[0]) / (width - 1) / 2;
    const dy = (this.y[height - 1] - this.y[0]) / (height - 1) / 2;
    const left = layer.px(this.x[0] - dx);
    const top = layer.py(this.y[height - 1] + dy);
    ctx.imageSmoothingEnabled = true;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(this.image, left, top, layer.px(this.x[width - 1] + dx) - left, layer.py(this.y[0] - dy) - top);
    ctx.strokeStyle = colours.contour;
    ctx.lineWidth = 1;
    ctx.setLineDash([]);
    const { x0, kx, y0, ky } = layer.map;
    for (const line of this.lines) {
      ctx.beginPath();
      for (let i = 0; i < line.length; i += 4) {
        ctx.moveTo(x0 + kx * line[i], y0 + ky * line[i + 1]);
        ctx.lineTo(x0 + kx * line[i + 2], y0 + ky * line[i + 3]);
      }
      ctx.stroke();
    }
  }

  /** @param {ReturnType<typeof import("../../core/plots.js").colors>} colours */
  #shade(colours) {
    const width = this.x.length;
    const height = this.y.length;
    this.image.width = width;
    this.image.height = height;
    const stops = colours.surface.map(([at, hex]) => /** @type {const} */ ([Number(at), rgb(String(hex))]));
    const pixels = shade(this.z, width, height, this.scale, stops);
    this.image.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
    this.shadedFor = colours.theme;
  }
}

/** @param {string} hex "#rrggbb" @returns {readonly [number, number, number]} */
function rgb(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** @param {ArrayLike<unknown>} a @param {ArrayLike<unknown>} b */
function same(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && a[i] === a[i]) return false;
  return true;
}
