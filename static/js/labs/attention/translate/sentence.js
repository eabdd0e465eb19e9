/** What is read over what is said: each source word as dark as the open cross map gives it, each target word where it was said. */

import { el } from "../../../core/dom.js";
import { exact } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */

export class Sentence {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.source = el("div", { class: "enc-words", role: "group", translate: "no", "aria-label": t("attention.translate.page.source") });
    this.target = el("div", { class: "enc-words tr-target", role: "group", translate: "no", "aria-label": t("attention.translate.page.target") });
    this.text = el("p", { class: "tr-text", translate: "no" });
    this.element = el("div", { class: "tr-sentence" }, this.source, this.target, this.text);
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    this.source.replaceChildren(...model.tokens.map((_, at) => el("button", { type: "button", class: "enc-word", onclick: () => this.#pick(at) }, el("bdi", {}, model.source(at)))));
  }

  /** @param {number} at */
  #pick(at) {
    const { model } = this;
    if (model.stage.player.seq > model.read) model.opened.look("cross", { column: at });
    else model.opened.look("encoder", { row: at });
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const speaks = seq > model.read;
    const map = speaks ? "cross" : "encoder";
    const { layer, head, row, column } = model.opened.place(map, seq);
    const { columns, values } = model.weights(map, layer, head, seq);
    [...this.source.children].forEach((button, at) => {
      const value = values[row * columns + at];
      /** @type {HTMLElement} */ (button).style.setProperty("--share", Number.isNaN(value) ? "0%" : `${Math.round(85 * Math.sqrt(Math.min(1, value)))}%`);
      button.setAttribute("title", Number.isNaN(value) ? "" : exact(value));
      button.classList.toggle("row", !speaks && at === row);
      button.classList.toggle("column", at === column);
      button.setAttribute("aria-pressed", String(at === (speaks ? column : row)));
    });
    const made = [];
    for (let step = 1; step <= Math.min(seq - model.read, model.said); step += 1) {
      const said = model.says(model.read + step, model.row)?.said;
      if (said === undefined) break;
      const right = model.wanted?.[step - 1];
      const wrong = right !== undefined && right !== said;
      const now = step === seq - model.read;
      made.push(el("button", { type: "button", class: `enc-word${now ? " row" : ""}${wrong ? " wrong" : ""}`, "aria-pressed": String(now), onclick: () => model.opened.look("cross", { row: step - 1 }) }, el("bdi", {}, model.shown(said))));
    }
    const focused = [...this.target.children].indexOf(/** @type {Element} */ (document.activeElement));
    this.target.replaceChildren(...(made.length ? made : [el("span", { class: "muted" }, model.stage.t(seq ? "attention.translate.page.reads" : "attention.translate.page.before", { layer: seq, layers: model.layers }))]));
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (this.target.children[focused])?.focus();
    this.text.textContent = model.textAt(seq);
  }
}
