/** The checkpoint in numbers. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** A row's message, its tensor and column. */
const ROWS = /** @type {[string, string, number][]} */ ([
  ["tested", "loss", 1],
  ["trained", "loss", 0],
  ["exact", "accuracy", 1],
  ["tokens", "accuracy", 0],
  ["norm", "gradient", 0],
  ["rate", "rate", 0],
]);
const NEAR = 1e-5;

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.body = el("tbody", {});
    this.about = el("p", { class: "caption" });
    this.parity = el("p", { class: "parity" });
    this.best = el("button", { type: "button", class: "value" });
    this.card.body.append(el("table", { class: "step-table" }, this.body), this.about, this.parity);
    /** @type {{tensor: string, column: number, cell: HTMLElement}[]} */
    this.rows = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const row = (/** @type {string} */ id, /** @type {HTMLElement} */ cell) => el("tr", {}, el("th", { scope: "row" }, t(`attention.learning.page.row.${id}`)), el("td", {}, cell));
    this.rows = ROWS.map(([, tensor, column]) => ({ tensor, column, cell: el("span", { class: "value", tabindex: 0 }) }));
    this.body.replaceChildren(...ROWS.map(([id], at) => row(id, this.rows[at].cell)), row("best", this.best));
    this.about.textContent = t("attention.learning.page.size", { count: model.note.parameters.toLocaleString("en") });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("attention.learning.page.after", { step: frame.note.trained });
    for (const { tensor, column, cell } of this.rows) {
      const value = Number(frame.tensors[tensor].data[column]);
      cell.textContent = Number.isNaN(value) ? "—" : tensor === "accuracy" ? `${num(100 * value, 4)} %` : num(value);
      cell.setAttribute("data-exact", Number.isNaN(value) ? "" : exact(value));
    }
    const scores = [...frame.tensors.scores.data].map(Number);
    const best = scores.indexOf(Math.max(...scores));
    const [layer, head] = [Math.floor(best / model.heads), best % model.heads];
    this.best.textContent = `${layer + 1}·${head + 1}  ${num(scores[best], 3)}`;
    this.best.title = model.named(layer, head);
    this.best.onclick = () => model.look(layer, head);
    const parity = Number(frame.tensors.parity.data[0]);
    this.parity.classList.toggle("good", parity <= NEAR);
    this.parity.classList.toggle("bad", parity > NEAR);
    this.parity.textContent = t("attention.learning.page.parity", { difference: num(parity, 2) });
  }
}
