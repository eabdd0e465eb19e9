/** One channel of the input with its padding, the windows that the pools are at, and the pixel that asks. A click makes a pixel ask. */

import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Span} Span */
/** @typedef {{rows: Span, cols: Span, pool: string, channel: number}} Mark   what an explanation points at */

export class Input {
  /** @param {Model} model @param {number} channel @param {(y: number, x: number) => void} ask */
  constructor(model, channel, ask) {
    this.model = model;
    this.channel = channel;
    const { t } = model.stage;
    this.cells = new Cells(t("convolution.pooling.page.input_grid", { channel }), (row, col) => this.#pick(row, col, ask), model.stage.announce);
    this.element = this.cells.element;
    /** @type {Mark | null} */
    this.mark = null;
  }

  /** How many rows and columns stand above and left of the input, and in all. @param {Model} model */
  static extent(model) {
    const { common, height, width } = model;
    const ends = (/** @type {Span[]} */ spans, /** @type {number} */ length) => {
      const from = Math.min(0, ...spans.map(([start]) => start));
      const to = Math.max(length, ...spans.map(([start, taps, step]) => start + (taps - 1) * step + 1));
      return { before: -from, count: to - from };
    };
    return { rows: ends(common?.rows ?? [], height), cols: ends(common?.cols ?? [], width) };
  }

  /** @param {number} seq @param {number} size of a cell */
  draw(seq, size) {
    const { model, channel } = this;
    const { rows, cols } = Input.extent(model);
    const place = (/** @type {number} */ row, /** @type {number} */ col) => ({ y: row - rows.before, x: col - cols.before });
    const there = (/** @type {{y: number, x: number}} */ { y, x }) => y >= 0 && x >= 0 && y < model.height && x < model.width;
    this.cells.show({
      rows: rows.count,
      cols: cols.count,
      size,
      range: model.range,
      text: (value) => num(value, 3),
      value: (row, col) => {
        const at = place(row, col);
        return there(at) ? model.input(channel, at.y, at.x) : null;
      },
      told: (row, col) => {
        const at = place(row, col);
        const { t } = model.stage;
        if (!there(at)) return t("convolution.pooling.page.outside");
        return t("convolution.pooling.page.cell", { ...at, channel, value: num(model.input(channel, at.y, at.x)) });
      },
      frames: this.#frames(seq, rows.before, cols.before),
    });
  }

  /** @param {number} seq @param {number} up @param {number} left @returns {import("../../../core/cells.js").Frame[]} */
  #frames(seq, up, left) {
    const { model } = this;
    const { accent, text } = model.stage.plots.colors();
    /** @type {import("../../../core/cells.js").Frame[]} */
    const frames = [];
    const add = (/** @type {Span} */ [y, h, down], /** @type {Span} */ [x, w, right], /** @type {string} */ colour, dash = false) => {
      if (down === 1 && right === 1) frames.push({ row: y + up, col: x + left, rows: h, cols: w, colour, dash });
      else
        for (let i = 0; i < h; i += 1)
          for (let j = 0; j < w; j += 1) frames.push({ row: y + i * down + up, col: x + j * right + left, rows: 1, cols: 1, colour, dash, width: 2 });
    };
    for (const pool of model.pools) {
      const at = model.at(pool, seq);
      if (at && model.own(pool)) add(pool.rows[at[0]], pool.cols[at[1]], model.colour(pool.name), true);
    }
    const { common } = model;
    const at = common && model.at(common, seq);
    if (common && at && model.pools.some((pool) => !model.own(pool))) add(common.rows[at[0]], common.cols[at[1]], accent);
    const shown = common && at && JSON.stringify([common.rows[at[0]], common.cols[at[1]]]) === JSON.stringify([this.mark?.rows, this.mark?.cols]);
    if (this.mark && !shown) add(this.mark.rows, this.mark.cols, model.colour(this.mark.pool), true);
    const pixel = model.scene?.note.pixel;
    if (pixel) frames.push({ row: pixel[0] + up + 0.12, col: pixel[1] + left + 0.12, rows: 0.76, cols: 0.76, colour: text, width: 2 });
    return frames;
  }

  /** @param {number} row @param {number} col @param {(y: number, x: number) => void} ask */
  #pick(row, col, ask) {
    const { model } = this;
    const { rows, cols } = Input.extent(model);
    const [y, x] = [row - rows.before, col - cols.before];
    if (y >= 0 && x >= 0 && y < model.height && x < model.width) ask(y, x);
  }
}
