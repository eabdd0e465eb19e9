/** One pool of one channel: the weights on its current window, and its output filling in. A click on either opens its arithmetic. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Pool} Pool */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Column {
  /** @param {Model} model @param {Pool} pool @param {number} channel */
  constructor(model, pool, channel) {
    this.model = model;
    this.pool = pool;
    this.channel = channel;
    const { stage } = model;
    const words = { pool: model.label(pool.name), channel };
    /** @type {[number, number] | null} */
    this.at = null;
    this.weights = new Cells(stage.t("convolution.pooling.page.weights_grid", words), (row, col) => this.#openWeight(row, col), stage.announce);
    this.output = new Cells(stage.t("convolution.pooling.page.output_grid", words), (y, x) => stage.select({ kind: "output", pool: pool.name, channel, y, x }), stage.announce);
    this.element = el("div", { class: "pool-pair" }, this.weights.element, this.output.element);
  }

  /** @param {FrameView} frame @param {number} size of a cell */
  draw(frame, size) {
    const { model, pool, channel } = this;
    this.at = model.at(pool, frame.seq);
    const target = model.stage.selected();
    const mine = target?.pool === pool.name && Number(target?.channel ?? 0) === channel;
    this.#drawWeights(frame, size, mine && target?.kind === "weight" ? target : null);
    const [height, width] = pool.size;
    const data = frame.tensors[`output/${pool.name}`]?.data;
    const value = (/** @type {number} */ y, /** @type {number} */ x) => Number(data?.[(channel * height + y) * width + x]);
    const { accent, text } = model.stage.plots.colors();
    /** @type {import("../../../core/cells.js").Frame[]} */
    const frames = [];
    if (this.at) frames.push({ row: this.at[0], col: this.at[1], rows: 1, cols: 1, colour: model.own(pool) ? model.colour(pool.name) : accent });
    if (mine && target?.y !== undefined) frames.push({ row: target.y, col: target.x, rows: 1, cols: 1, colour: text, dash: true });
    const { low, high } = model.range;
    this.output.show({
      rows: height,
      cols: width,
      size: outputSize(size, pool),
      // Lp may exceed the input: then its own range tells more.
      range: { low: Math.min(low, pool.low ?? low), high: Math.max(high, pool.high ?? high) },
      text: (v) => num(v, 3),
      value,
      told: (y, x) => {
        const v = value(y, x);
        const words = { pool: model.label(pool.name), channel, y, x, value: num(v) };
        return model.stage.t(this.#known(y, x) ? "convolution.pooling.page.output" : "convolution.pooling.page.to_come", words);
      },
      frames,
    });
  }

  /** @param {FrameView} frame @param {number} size @param {Record<string, any> | null} selected */
  #drawWeights(frame, size, selected) {
    const { model, pool, channel } = this;
    const tensor = frame.tensors[`weights/${pool.name}`];
    const [height, width] = pool.kernel;
    const from = pool.shared ? 0 : channel * height * width;
    const value = (/** @type {number} */ i, /** @type {number} */ j) => Number(tensor?.data[from + i * width + j]);
    /** @type {number[]} */
    const all = [];
    for (let k = 0; k < height * width; k += 1) if (tensor && Number.isFinite(Number(tensor.data[from + k]))) all.push(Math.abs(Number(tensor.data[from + k])));
    const { text } = model.stage.plots.colors();
    const here = selected && (selected.y === undefined || (this.at && selected.y === this.at[0] && selected.x === this.at[1]));
    const index = Number(selected?.index ?? 0);
    this.weights.show({
      rows: height,
      cols: width,
      size: weightSize(size, pool),
      range: { low: 0, high: Math.max(1, ...all) },
      text: (v) => num(v, 2).replace(/^0\./, "."),
      // A padded cell may have a weight too: average pooling counts it, its zero notwithstanding.
      value: (i, j) => (this.#outside(i, j) && !(value(i, j) > 0) ? null : value(i, j)),
      faint: (i, j) => this.#outside(i, j),
      told: (i, j) => model.stage.t("convolution.pooling.page.weight", { pool: model.label(pool.name), row: i + 1, column: j + 1, value: num(value(i, j)) }),
      frames: here ? [{ row: Math.floor(index / width), col: index % width, rows: 1, cols: 1, colour: text, dash: true }] : [],
    });
  }

  /** Whether a tap of the current window lies outside the input or is none of this window's. @param {number} i @param {number} j */
  #outside(i, j) {
    if (!this.at) return false;
    const [[y, h, down], [x, w, right]] = [this.pool.rows[this.at[0]], this.pool.cols[this.at[1]]];
    const [row, col] = [y + i * down, x + j * right];
    return i >= h || j >= w || row < 0 || col < 0 || row >= this.model.height || col >= this.model.width;
  }

  /** @param {number} y @param {number} x */
  #known(y, x) {
    return this.at !== null && y * this.pool.size[1] + x <= this.at[0] * this.pool.size[1] + this.at[1];
  }

  /** @param {number} i @param {number} j */
  #openWeight(i, j) {
    if (!this.at) return;
    const { pool, channel } = this;
    this.model.stage.select({ kind: "weight", pool: pool.name, channel, y: this.at[0], x: this.at[1], index: i * pool.kernel[1] + j });
  }
}

/** Weights on a large window are drawn smaller: they need not stand beside the input's cells. @param {number} size @param {Pool} pool */
export function weightSize(size, pool) {
  return Math.max(5, Math.min(size, Math.floor(96 / Math.max(...pool.kernel))));
}

/** A few outputs have room for their numbers. @param {number} size @param {Pool} pool */
export function outputSize(size, pool) {
  return Math.max(...pool.size) <= 4 ? Math.max(size, 25) : size;
}
