/** What the model says comes next, the likeliest first; beside it what the untouched run says. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const MOST = 8;

export class Next {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("recurrent.gates.page.next"), t("recurrent.gates.page.next_caption"));
    this.element = this.card.element;
    this.list = el("ol", { class: "gates-next" });
    this.card.body.append(this.list);
  }

  plan() {
    this.element.hidden = !this.model.note.predicts;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const p = frame.tensors.probabilities?.data;
    const other = frame.tensors["untouched/probabilities"]?.data;
    if (!p || Number.isNaN(Number(p[0]))) {
      this.list.replaceChildren(el("li", { class: "muted" }, model.stage.t("recurrent.gates.page.none_yet")));
      return;
    }
    const right = model.note.ids?.[frame.step];
    const order = Array.from({ length: p.length }, (_, k) => k).sort((a, b) => Number(p[b]) - Number(p[a]));
    const shown = order.slice(0, MOST);
    if (right !== undefined && !shown.includes(right)) shown[MOST - 1] = right;
    this.list.replaceChildren(...shown.map((k) => this.#row(k, Number(p[k]), other ? Number(other[k]) : null, k === right)));
  }

  /** @param {number} k @param {number} p @param {number | null} other @param {boolean} right */
  #row(k, p, other, right) {
    const { model } = this;
    const { t } = model.stage;
    const name = model.shown(model.note.vocabulary[k]);
    const bar = el("span", { class: "gates-bar" }, el("i", { style: `width:${100 * p}%` }), other === null ? null : el("b", { style: `width:${100 * other}%` }));
    const label = t(right ? "recurrent.gates.page.came" : "recurrent.gates.page.chance", { token: name, p: num(100 * p, 3) });
    const button = el("button", { type: "button", class: right ? "right" : "", "aria-label": label, "data-exact": exact(p), onclick: () => model.stage.select({ kind: "probability", token: k }) }, el("span", { class: "value" }, name), bar, el("span", { class: "value" }, `${num(100 * p, 3)} %`));
    return el("li", {}, button);
  }
}
