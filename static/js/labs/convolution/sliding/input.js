/** One channel of the padded input with the window on it. Cells outside the input carry the corner of the cell that they show. */

import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";
import { ZERO } from "./model.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/cells.js").Frame} Frame */

export class Input {
  /** @param {Model} model @param {number} channel @param {(source: number) => void} hover told of the cell of the input under the pointer */
  constructor(model, channel, hover) {
    this.model = model;
    this.channel = channel;
    const { stage } = model;
    this.cells = new Cells(
      stage.t("convolution.sliding.page.input_grid", { channel }),
      (y, x) => stage.select({ kind: "padded", channel, y, x }),
      stage.announce,
      (row, col, value) => this.#edit(row, col, value),
      (row, col) => hover(row < 0 ? ZERO : model.source(row, col)),
    );
    this.element = this.cells.element;
    /** The cells of the input that the padding shows, in order: each gets a colour. */
    this.shown = [...new Set(this.#ghosts())].sort((a, b) => a - b);
  }

  /** @param {number} seq @param {number} size of a cell @param {number} hovered cell of the input, or ZERO */
  draw(seq, size, hovered) {
    const { model, channel, shown } = this;
    const [rows, cols] = model.padded;
    const data = model.of("padded");
    const value = (/** @type {number} */ row, /** @type {number} */ col) => Number(data[(channel * rows + row) * cols + col]);
    this.cells.show({
      rows,
      cols,
      size,
      range: model.range,
      text: (v) => num(v, 3),
      value: (row, col) => (model.source(row, col) === ZERO ? null : value(row, col)),
      told: (row, col) => this.#told(row, col, value(row, col)),
      faint: (row, col) => !model.inside(row, col),
      fixed: (row, col) => model.source(row, col) === ZERO,
      corner: (row, col) => {
        const at = shown.indexOf(model.source(row, col));
        return at < 0 ? null : model.hue(at, shown.length);
      },
      frames: this.#frames(seq, hovered),
    });
  }

  /** @param {number} seq @param {number} hovered @returns {Frame[]} */
  #frames(seq, hovered) {
    const { model, channel } = this;
    const { accent, text, muted } = model.stage.plots.colors();
    const [top, bottom, left, right] = model.note.pad;
    /** @type {Frame[]} */
    const frames = [];
    if (top > 0 || bottom > 0 || left > 0 || right > 0) {
      const [up, side] = [Math.max(0, top), Math.max(0, left)];
      frames.push({ row: up, col: side, rows: model.padded[0] - up - Math.max(0, bottom), cols: model.padded[1] - side - Math.max(0, right), colour: muted, width: 1.5 });
    }
    const at = model.at(seq);
    if (at && this.#seen(at[0])) frames.push(...this.#window([at[1], at[2]], accent, false));
    const marked = model.mark.at;
    if (marked && this.#seen(marked[0]) && JSON.stringify(marked) !== JSON.stringify(at)) frames.push(...this.#window([marked[1], marked[2]], text, true));
    const cell = model.mark.cell;
    if (cell) frames.push({ row: cell[0], col: cell[1], rows: 1, cols: 1, colour: text, dash: true });
    const twins = hovered !== ZERO ? hovered : cell ? (model.mark.source ?? ZERO) : ZERO;
    if (twins !== ZERO && channel >= 0)
      for (let row = 0; row < model.padded[0]; row += 1)
        for (let col = 0; col < model.padded[1]; col += 1) if (model.source(row, col) === twins) frames.push({ row: row + 0.1, col: col + 0.1, rows: 0.8, cols: 0.8, colour: text, width: 1.5 });
    return frames;
  }

  /** Whether an output channel sees this input channel. @param {number} o */
  #seen(o) {
    const first = this.model.first(o);
    return this.channel >= first && this.channel < first + this.model.each;
  }

  /** The cells under the kernel: one frame, or one a cell where they lie apart. @param {[number, number]} place @param {string} colour @param {boolean} dash @returns {Frame[]} */
  #window([y, x], colour, dash) {
    const { step, dilation, kernel } = this.model.note;
    const [row, col] = [y * step[0], x * step[1]];
    if (dilation[0] === 1 && dilation[1] === 1) return [{ row, col, rows: kernel[0], cols: kernel[1], colour, dash, width: dash ? 2 : 3 }];
    const frames = [];
    for (let i = 0; i < kernel[0]; i += 1) for (let j = 0; j < kernel[1]; j += 1) frames.push({ row: row + i * dilation[0], col: col + j * dilation[1], rows: 1, cols: 1, colour, dash, width: 2 });
    return frames;
  }

  /** @param {number} row @param {number} col @param {number} value */
  #told(row, col, value) {
    const { model, channel } = this;
    const { t } = model.stage;
    const source = model.source(row, col);
    if (source === ZERO) return t("convolution.sliding.page.zero", { row, column: col });
    const words = { channel, y: Math.floor(source / model.shape[2]), x: source % model.shape[2], value: num(value) };
    return t(model.inside(row, col) ? "convolution.sliding.page.cell" : "convolution.sliding.page.ghost", words);
  }

  /** The input's cells that the padding shows. */
  *#ghosts() {
    const { model } = this;
    for (let row = 0; row < model.padded[0]; row += 1)
      for (let col = 0; col < model.padded[1]; col += 1) {
        const source = model.source(row, col);
        if (source !== ZERO && !model.inside(row, col)) yield source;
      }
  }

  /** @param {number} row @param {number} col @param {number} value */
  #edit(row, col, value) {
    const source = this.model.source(row, col);
    this.model.editInput(this.channel, Math.floor(source / this.model.shape[2]), source % this.model.shape[2], value);
  }
}
