/** The position in numbers: each cell's gradients, how much of the last one is left, and the units of the cell that is open. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { rangeOf } from "../../../core/tiles.js";
import { Cells } from "../../../core/cells.js";
import { CELLS } from "./model.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const PER_ROW = 8;
const SIZE = 32;
const QUANTITIES = ["h", "c", "x"];

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    const { t } = stage;
    this.card = card("");
    this.table = el("table", { class: "grad-table" });
    this.parity = el("p", { class: "caption" });
    this.heading = el("h3", { class: "grad-units" });
    this.units = new Cells(t("recurrent.gradients.page.units_label"), (row, col) => this.#open(row, col), stage.announce);
    this.card.body.append(this.table, this.parity, this.heading, this.units.element);
    /** @type {{cell: string, name: string, index: number, button: HTMLButtonElement}[]} */
    this.numbers = [];
    /** @type {{index: number, cell: HTMLElement}[]} */
    this.ratios = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.numbers = [];
    this.ratios = [];
    const head = el("tr", {}, el("th", { scope: "col" }, el("span", { class: "unseen" }, t("recurrent.gradients.page.cell"))), ...QUANTITIES.map((name) => el("th", { scope: "col" }, `|dL/d${name}|`)), el("th", { scope: "col" }, t("recurrent.gradients.page.left")));
    const rows = CELLS.map((cell, i) => {
      const cells = QUANTITIES.map((name) => {
        if (name === "c" && cell !== "lstm") return el("td", {}, "—");
        const button = el("button", { type: "button", class: "value", onclick: () => model.stage.select({ kind: "norm", cell, name }) });
        this.numbers.push({ cell, name, index: name === "c" ? 0 : i, button });
        return el("td", {}, button);
      });
      const ratio = el("td", { class: "value" });
      this.ratios.push({ index: i, cell: ratio });
      return el("tr", {}, el("th", { scope: "row" }, el("i", { class: "grad-dot", style: `background:${model.colour(cell)}` }), model.called(cell)), ...cells, ratio);
    });
    this.table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows));
    const gaps = CELLS.map((cell) => Number(model.note.parity?.[cell] ?? NaN));
    this.parity.textContent = t("recurrent.gradients.page.parity", { difference: num(Math.max(...gaps), 2) });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("recurrent.gradients.page.position", { t: model.steps - frame.seq });
    for (const { name, index, cell, button } of this.numbers) {
      const value = Number(frame.tensors[name].data[index]);
      const none = name === "x" && frame.seq === model.steps;
      button.disabled = none;
      button.textContent = none ? "—" : num(value, 3);
      button.setAttribute("data-exact", none ? "" : exact(value));
      button.setAttribute("aria-label", `${model.called(cell)} |dL/d${name}|: ${num(value, 3)}`);
    }
    const first = model.stage.timeline.frame(0);
    for (const { index, cell } of this.ratios) {
      const ratio = first ? Number(frame.tensors.h.data[index]) / Number(first.tensors.h.data[index]) : NaN;
      cell.textContent = Number.isFinite(ratio) ? num(ratio, 2) : "—";
    }
    this.#units(frame);
  }

  /** @param {FrameView} frame */
  #units(frame) {
    const { model } = this;
    const { cell } = model;
    const of = this.#shown();
    const data = frame.tensors[`d${of}/${cell}`]?.data ?? [];
    const count = data.length;
    let most = 0;
    for (let u = 0; u < count; u += 1) most = Math.max(most, Math.abs(Number(data[u])));
    const unit = model.stage.selected()?.unit;
    const cols = Math.min(PER_ROW, count);
    this.heading.textContent = model.stage.t("recurrent.gradients.page.units", { cell: model.called(cell), name: of });
    this.units.show({
      rows: Math.ceil(count / PER_ROW),
      cols,
      size: SIZE,
      range: rangeOf(-most, most),
      value: (row, col) => (row * PER_ROW + col < count ? Number(data[row * PER_ROW + col]) : null),
      text: (value) => num(value, 2),
      told: (row, col) => model.stage.t("recurrent.gradients.page.unit", { unit: row * PER_ROW + col + 1, value: num(Number(data[row * PER_ROW + col])) }),
      frames: typeof unit === "number" && unit < count ? [{ row: Math.floor(unit / PER_ROW), col: unit % PER_ROW, rows: 1, cols: 1, colour: model.inks.accent, width: 2 }] : [],
    });
  }

  /** h, or c where c of the LSTM is open. */
  #shown() {
    const target = this.model.stage.selected();
    return this.model.cell === "lstm" && (target?.name === "c" || target?.path === "keep" || target?.path === "out") ? "c" : "h";
  }

  /** @param {number} row @param {number} col */
  #open(row, col) {
    const unit = row * PER_ROW + col;
    if (unit < Number(this.model.note.hidden)) this.model.stage.select({ kind: "unit", cell: this.model.cell, name: this.#shown(), unit });
  }
}
