/** The words in another order, and beside it the same words as typed: which results stayed the same. */

import { card, el, icon } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** What is left by rounding alone. */
const ROUNDING = /** @type {Record<string, number>} */ ({ float64: 1e-9, float32: 1e-4 });

export class Order {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.by-hand.page.order"), t("attention.by-hand.page.order_caption"));
    this.element = made.element;
    this.element.classList.add("hand-table", "hand-order");
    this.chips = el("div", { class: "hand-chips", role: "group", "aria-label": t("attention.by-hand.page.order") });
    this.words = el("p", {});
    this.table = el("table", {});
    this.told = "";
    made.body.append(this.chips, this.words, el("div", { class: "hand-wide" }, this.table));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.#chips();
    const moved = model.scene?.tensors.moved;
    this.table.hidden = !moved;
    if (!moved) {
      this.words.textContent = t("attention.by-hand.page.as_typed");
      return;
    }
    const most = Math.max(...Array.from(/** @type {Iterable<number>} */ (moved.data), Number));
    const same = most <= ROUNDING[model.note.parity.dtype];
    this.words.textContent = t(same ? "attention.by-hand.page.same" : "attention.by-hand.page.changed", { difference: num(most, 3) });
    const cols = model.size(frame, model.result)[1];
    const titles = ["word", "here", "typed_order", "difference"].map((id) => el("th", { scope: "col" }, t(`attention.by-hand.page.${id}`)));
    const rows = model.words.map((word, row) => {
      const list = (/** @type {string} */ name) => Array.from({ length: cols }, (_, col) => num(this.#at(frame, name, row, col), 3)).join("  ");
      const value = Number(moved.data[row]);
      const button = el("button", { type: "button", class: "value", title: exact(value), "aria-label": `${word}: ${num(value, 3)}`, onclick: () => model.stage.select({ kind: "order", row, column: this.#worst(frame, row, cols) }) }, num(value, 3));
      return el("tr", {}, el("th", { scope: "row" }, word, el("span", { class: "caption" }, ` ${model.note.places[row]} → ${row + 1}`)), el("td", { class: "hand-vector" }, list(model.result)), el("td", { class: "hand-vector" }, list("given")), el("td", {}, button));
    });
    this.table.replaceChildren(el("thead", {}, el("tr", {}, ...titles)), el("tbody", {}, ...rows));
  }

  /** A number of the result of head 1, or of all heads together. @param {FrameView} frame @param {string} name @param {number} row @param {number} col */
  #at(frame, name, row, col) {
    const tensor = this.model.scene?.tensors[name] ?? frame.tensors[name];
    const cols = tensor.shape.at(-1) ?? 1;
    return Number(tensor.data[row * cols + col]);
  }

  /** The column that moved most. @param {FrameView} frame @param {number} row @param {number} cols */
  #worst(frame, row, cols) {
    const all = Array.from({ length: cols }, (_, col) => Math.abs(this.#at(frame, this.model.result, row, col) - this.#at(frame, "given", row, col)));
    return Math.max(0, all.indexOf(Math.max(...all)));
  }

  /** Each word with a way to the left and to the right. */
  #chips() {
    const { model } = this;
    const { t } = model.stage;
    const told = `${model.words.join(" ")} ${model.note.places}`;
    if (told === this.told) return;
    this.told = told;
    const focused = this.chips.contains(document.activeElement) ? document.activeElement?.getAttribute("data-move") : null;
    const last = model.words.length - 1;
    const chips = model.words.map((word, at) => {
      const button = (/** @type {number} */ by, /** @type {string} */ name) =>
        el("button", { type: "button", class: "hand-move", disabled: at + by < 0 || at + by > last, "data-move": `${model.note.places[at]} ${by}`, "aria-label": t(by < 0 ? "attention.by-hand.page.earlier" : "attention.by-hand.page.later", { word }), onclick: () => this.#move(at, by) }, icon(name));
      return el("span", { class: "hand-chip" }, button(-1, "back"), el("span", {}, word), button(1, "forward"));
    });
    this.chips.replaceChildren(...chips);
    if (focused) /** @type {HTMLElement | null} */ (this.chips.querySelector(`[data-move="${focused}"]`))?.focus();
  }

  /** @param {number} at @param {number} by */
  #move(at, by) {
    const places = [...this.model.note.places];
    [places[at], places[at + by]] = [places[at + by], places[at]];
    this.model.arrange(places);
  }
}
