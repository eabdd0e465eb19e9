/** How hard each word's softmax is with 1/sqrt(d_k) and without, whatever the run's own switch says. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */

export class Saturation {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.by-hand.page.saturation"), t("attention.by-hand.page.saturation_caption"));
    this.element = made.element;
    this.element.classList.add("hand-table", "hand-saturation");
    this.table = el("table", {});
    made.body.append(el("div", { class: "hand-wide" }, this.table));
  }

  draw() {
    const { model } = this;
    const { t } = model.stage;
    const { measures, scaled } = model.note;
    const sides = [true, false];
    const measureHeads = sides.flatMap((side) => measures.map((/** @type {string} */ measure) => el("th", { scope: "col", class: side === scaled ? "now" : "" }, t(`attention.by-hand.page.${measure}`))));
    const head = el(
      "thead",
      {},
      el("tr", {}, el("td", {}), ...sides.map((side) => el("th", { scope: "colgroup", colspan: measures.length, class: side === scaled ? "now" : "" }, t(side ? "attention.by-hand.page.scaled_side" : "attention.by-hand.page.unscaled_side")))),
      el("tr", {}, el("th", { scope: "col" }, el("span", { class: "unseen" }, t("attention.by-hand.page.word"))), ...measureHeads),
    );
    const rows = model.words.map((word, row) => {
      const cells = sides.flatMap((side) => measures.map((/** @type {string} */ measure, /** @type {number} */ at) => this.#cell(word, row, side, measure, at)));
      return el("tr", {}, el("th", { scope: "row" }, word), ...cells);
    });
    this.table.replaceChildren(head, el("tbody", {}, ...rows));
  }

  /** @param {string} word @param {number} row @param {boolean} side @param {string} measure @param {number} at */
  #cell(word, row, side, measure, at) {
    const { model } = this;
    const { stage } = model;
    const tensor = model.scene?.tensors.saturation;
    const [, heads, words, count] = tensor?.shape ?? [];
    const value = Number(tensor?.data[(((side ? 0 : 1) * heads + model.head) * words + row) * count + at]);
    const target = stage.selected();
    const open = target?.kind === "saturation" && target.measure === measure && target.scaled === side && target.row === row;
    const button = el("button", { type: "button", class: `value${open ? " open" : ""}`, "data-exact": exact(value), title: exact(value), onclick: () => stage.select({ kind: "saturation", measure, scaled: side, head: model.head, row }) }, num(value, 3));
    button.setAttribute("aria-label", `${word}, ${stage.t(`attention.by-hand.page.${measure}`)}: ${num(value, 3)}`);
    return el("td", { class: side === model.note.scaled ? "now" : "" }, button);
  }
}
