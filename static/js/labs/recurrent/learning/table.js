/** The checkpoint in numbers. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** A row's message, its tensor and column; the rows of one answer a sequence leave out what says the same. */
const ROWS = /** @type {[string, string, number][]} */ ([
  ["tested", "loss", 1],
  ["trained", "loss", 0],
  ["answers", "accuracy", 0],
  ["whole", "accuracy", 1],
  ["macro", "accuracy", 2],
  ["norm", "gradient", 0],
]);

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.body = el("tbody", {});
    this.classes = el("tbody", {});
    this.parity = el("p", { class: "caption" });
    this.card.body.append(el("table", { class: "step-table" }, this.body, this.classes), this.parity);
    /** @type {{tensor: string, column: number, cell: HTMLElement, share: boolean}[]} */
    this.rows = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.rows = [];
    const row = (/** @type {string} */ name, /** @type {string} */ tensor, /** @type {number} */ column, /** @type {boolean} */ opens) => {
      const cell = opens ? el("button", { type: "button", class: "value", onclick: () => model.stage.select({ kind: "accuracy" }) }) : el("span", { class: "value", tabindex: 0 });
      this.rows.push({ tensor, column, cell, share: tensor !== "loss" && tensor !== "gradient" });
      return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, cell));
    };
    const classes = model.classes.length > 0;
    const shown = ROWS.filter(([id]) => (id !== "macro" || classes) && (id !== "whole" || model.note.every_step));
    this.body.replaceChildren(...shown.map(([id, tensor, column]) => row(t(`recurrent.learning.page.row.${id}`), tensor, column, id === "answers" && classes)));
    const each = classes ? [el("tr", {}, el("th", { colspan: 2, scope: "colgroup" }, t("recurrent.learning.page.recall"))), ...model.classes.map((name, i) => row(name, "recall", i, false))] : [];
    this.classes.replaceChildren(...each);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("recurrent.learning.page.after", { step: model.trained(frame) });
    for (const { tensor, column, cell, share } of this.rows) {
      const value = Number(frame.tensors[tensor].data[column]);
      cell.textContent = Number.isNaN(value) ? "—" : share ? `${num(100 * value, 4)} %` : num(value);
      cell.setAttribute("data-exact", Number.isNaN(value) ? "" : exact(value));
    }
    this.parity.textContent = t("recurrent.learning.page.parity", { difference: num(Number(frame.note?.parity ?? 0), 2) });
  }
}
