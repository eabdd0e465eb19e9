/** What the open head takes from the places that it looks at: their values, mixed by its weights, number by number. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */

/** Rows that the numbers stand in, and a cell's side at most, CSS pixels. */
const ROWS = 2;
const MOST = 26;

export class Output {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    const title = stage.t("attention.generate.page.output");
    this.cells = new Cells(title, (row, col) => stage.select(this.#target(row * this.cols + col)), stage.announce);
    this.element = el("div", { class: "gen-output" }, el("p", { class: "caption" }, title), this.cells.element);
    this.cols = 1;
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { layer, head, row } = model;
    const { data, shape } = frame.tensors.o; // (layers, heads, rows, numbers)
    const [rows, count] = [shape[2], shape[3]];
    const from = ((layer * model.heads + head) * rows + row - (model.newest(frame.seq) + 1 - rows)) * count;
    const value = (/** @type {number} */ at) => Number(data[from + at]);
    let most = 0;
    for (let at = 0; at < count; at += 1) most = Math.max(most, Math.abs(value(at)));
    this.cols = Math.ceil(count / ROWS);
    const open = model.stage.selected();
    const at = open?.kind === "output" ? Number(open.column ?? 0) : -1;
    this.cells.show({
      rows: ROWS,
      cols: this.cols,
      size: Math.min(MOST, Math.floor((this.element.clientWidth - 4) / this.cols) || MOST),
      range: { low: -most, high: most },
      value: (line, col) => value(line * this.cols + col),
      text: (one) => num(one, 2),
      told: (line, col) => model.stage.t("attention.generate.page.takes", { column: line * this.cols + col + 1, value: num(value(line * this.cols + col)) }),
      frames: at < 0 ? [] : [{ row: Math.floor(at / this.cols), col: at % this.cols, rows: 1, cols: 1, colour: model.inks.ink, width: 2 }],
    });
  }

  /** @param {number} column */
  #target(column) {
    const { model } = this;
    return { kind: "output", layer: model.layer, head: model.head, column, ...(model.seq ? {} : { query: model.row }) };
  }
}
