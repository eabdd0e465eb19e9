/** Every weight as a grid of numbers: a click opens one, a double click or a typed digit changes it. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Matrix} Matrix */
/** @typedef {{matrix: Matrix, d: number, gate: number, rows: number, cols: number, cells: Cells}} Grid */

const LETTERS = { w_ih: "W", w_hh: "U", w_hy: "V", bias: "b" };
const SIZE = 30;

export class Weights {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.by-hand.page.weights"), t("recurrent.by-hand.page.weights_caption"));
    this.element = made.element;
    this.body = made.body;
    this.element.classList.add("byhand-weights");
    /** @type {Grid[]} */
    this.grids = [];
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model, body } = this;
    const { scene, gates } = model;
    if (!scene) return;
    this.grids = [];
    const groups = [];
    for (let d = 0; d < model.directions; d += 1)
      gates.forEach((name, gate) => {
        const parts = [this.#grid("w_ih", d, gate, model.sizes.hidden, model.sizes.inputs), this.#grid("w_hh", d, gate, model.sizes.hidden, model.sizes.back)];
        if (scene.tensors.bias) {
          parts.push(this.#grid("bias", d, gate, model.sizes.hidden, 1));
          if (gate === gates.length - 1 && scene.tensors.bias.shape[1] > gates.length) parts.push(this.#grid("bias", d, gate + 1, model.sizes.hidden, 1));
        }
        groups.push(el("div", { class: "byhand-gate" }, gates.length > 1 || model.directions > 1 ? el("h3", {}, model.called(name, d)) : null, el("div", { class: "byhand-grids" }, ...parts)));
      });
    const readout = this.#grid("w_hy", 0, 0, model.sizes.outputs, model.directions * model.sizes.hidden);
    groups.push(el("div", { class: "byhand-gate" }, gates.length > 1 || model.directions > 1 ? el("h3", {}, "y") : null, el("div", { class: "byhand-grids" }, readout)));
    body.replaceChildren(el("div", { class: "byhand-gates" }, ...groups));
    this.draw();
  }

  /** Numbers and the frame around the one that is open. */
  draw() {
    const { model } = this;
    const { t } = model.stage;
    const { text } = model.stage.plots.colors();
    const target = model.stage.selected();
    for (const { matrix, d, gate, rows, cols, cells } of this.grids) {
      const value = (/** @type {number} */ row, /** @type {number} */ col) => model.weight(matrix, d, gate, row, col);
      const all = Array.from({ length: rows * cols }, (_, i) => value(Math.floor(i / cols), i % cols));
      // Weights stay paler than what they make.
      const most = 1.8 * Math.max(...all.map(Math.abs)) || 1;
      const opened = target?.kind === "weight" && target.matrix === matrix && (target.direction ?? 0) === d && (target.gate ?? 0) === gate;
      cells.show({
        rows,
        cols,
        size: SIZE,
        value,
        text: (v) => num(v, 3).replace(/^(−?)0\./, "$1."),
        told: (row, col) => t("recurrent.by-hand.page.weight", { name: this.#name(matrix, gate), row: row + 1, column: col + 1, value: num(value(row, col)) }),
        range: { low: -most, high: most },
        frames: opened ? [{ row: target.row ?? 0, col: target.column ?? 0, rows: 1, cols: 1, colour: text, dash: true }] : [],
      });
    }
  }

  /** @param {Matrix} matrix @param {number} d @param {number} gate @param {number} rows @param {number} cols */
  #grid(matrix, d, gate, rows, cols) {
    const { model } = this;
    const { stage } = model;
    const name = this.#name(matrix, gate);
    const place = matrix === "w_hy" ? {} : { gate, direction: d };
    const cells = new Cells(
      stage.t(model.directions === 2 && matrix !== "w_hy" ? `recurrent.by-hand.page.grid_${d ? "reverse" : "forward"}` : "recurrent.by-hand.page.grid", { name }),
      (row, column) => stage.select({ kind: "weight", matrix, ...place, row, ...(matrix === "bias" ? {} : { column }) }),
      stage.announce,
      (row, column, value) => model.edit(matrix, d, gate, row, column, value),
    );
    const [letter, index] = name.split("_");
    this.grids.push({ matrix, d, gate, rows, cols, cells });
    return el("div", { class: "byhand-grid" }, el("span", { class: "caption" }, letter, index ? el("sub", {}, index) : null), cells.element);
  }

  /** W, W_f, V. @param {Matrix} matrix @param {number} gate */
  #name(matrix, gate) {
    const { gates } = this.model;
    if (matrix === "w_hy" || (gates.length === 1 && matrix !== "bias")) return LETTERS[matrix];
    if (gate === gates.length) return "d_n";
    return gates.length === 1 ? LETTERS[matrix] : `${LETTERS[matrix]}_${gates[gate]}`;
  }
}
