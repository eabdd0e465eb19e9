/** What clipping makes of all weights' gradients: their length before and after, and how far it turns them. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { CELLS } from "./model.js";

/** @typedef {import("./model.js").Model} Model */

export class Clip {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.gradients.page.clip"));
    this.element = made.element;
    this.caption = made.caption;
    this.table = el("table", { class: "grad-clip" });
    this.words = el("p", { class: "caption" });
    made.body.append(this.table, this.words);
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const by = String(model.params.clip ?? "norm");
    this.caption.textContent = t(`recurrent.gradients.page.clip_${by}`, { most: num(Number(model.params.most ?? 1)) });
    const data = model.scene?.tensors.clip?.data ?? [];
    const of = (/** @type {number} */ cell, /** @type {number} */ k) => Number(data[4 * cell + k]);
    const logs = CELLS.flatMap((_, i) => [of(i, 0), of(i, 1)]).filter((v) => v > 0).map(Math.log10);
    const [low, high] = [Math.floor(Math.min(...logs, 0)) - 1, Math.max(...logs, 0.001)];
    const bar = (/** @type {number} */ value, /** @type {string} */ colour, /** @type {string} */ name) => {
      const share = value > 0 ? (Math.log10(value) - low) / (high - low) : 0;
      return el("div", { class: `grad-bar ${name}` }, el("i", { style: `width:${Math.round(100 * Math.min(1, share))}%;background:${colour}` }));
    };
    const number = (/** @type {number} */ value) => el("span", { class: "value", "data-exact": exact(value) }, Number.isFinite(value) ? num(value) : t("recurrent.gradients.page.not_finite"));
    const head = el("tr", {}, ...["cell", "before", "after", "turned"].map((id) => el("th", { scope: "col" }, id === "cell" ? el("span", { class: "unseen" }, t("recurrent.gradients.page.cell")) : t(`recurrent.gradients.page.${id}`))));
    const rows = CELLS.map((cell, i) => {
      const colour = model.colour(cell);
      const open = el("button", { type: "button", class: "value grad-cell", onclick: () => model.stage.select({ kind: "clip", cell }) }, el("i", { class: "grad-dot", style: `background:${colour}` }), model.called(cell));
      const angle = of(i, 2);
      return el("tr", {}, el("th", { scope: "row" }, open), el("td", {}, number(of(i, 0)), bar(of(i, 0), colour, "before")), el("td", {}, number(of(i, 1)), bar(of(i, 1), colour, "after")), el("td", {}, Number.isFinite(angle) ? `${num(angle < 1e-6 ? 0 : angle, 3)}°` : "—"));
    });
    this.table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows));
    this.words.textContent = this.#cut();
  }

  /** What a cut makes of the gradients. */
  #cut() {
    const { uncut } = this.model.note;
    const { t } = this.model.stage;
    if (!uncut) return "";
    const told = CELLS.map((cell) => t("recurrent.gradients.page.cut_cell", { cell: this.model.called(cell), ratio: num(uncut[cell].ratio ?? NaN, 3), angle: num(uncut[cell].angle ?? NaN, 3) }));
    return `${t("recurrent.gradients.page.cut")} ${told.join(" ")}`;
  }
}
