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
    this.card = card("");
    this.element = this.card.element;
    this.list = el("ol", { class: "next-list" });
    this.rows = Array.from({ length: MOST }, () => this.#row());
    this.list.append(...this.rows.map(({ item }) => item));
    this.empty = el("p", { class: "muted" }, model.stage.t("recurrent.gates.page.none_yet"));
    /** What a whole text is, once it is read. */
    this.answer = el("p", { class: "gates-answer", hidden: true });
    this.card.body.append(this.list, this.answer, this.empty);
  }

  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.element.hidden = !model.note.predicts;
    this.element.classList.toggle("gates-tags", model.tags);
    const which = model.note.one ? "whole" : model.tags ? "tag" : "next";
    this.card.heading.textContent = t(`recurrent.gates.page.says.${which}`);
    this.card.caption.textContent = t(`recurrent.gates.page.says_caption.${which}`);
    this.answer.hidden = true;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const p = frame.tensors.probabilities?.data;
    const answer = model.stage.timeline.frame(model.tokens.length)?.tensors.answer?.data;
    this.answer.hidden = !answer;
    if (answer) {
      const best = largest(answer, 3).map((k) => t("recurrent.gates.page.chance", { token: model.word(k), p: num(100 * Math.exp(Number(answer[k])), 3) }));
      this.answer.textContent = t("recurrent.gates.page.answer", { text: model.tokens.join(""), best: best.join(" · ") });
    }
    const other = frame.tensors["untouched/probabilities"]?.data;
    const said = Boolean(p) && !Number.isNaN(Number(p?.[0]));
    this.list.hidden = !said;
    this.empty.hidden = said;
    if (!p || !said) return;
    const right = model.wanted(frame.step);
    const shown = largest(p, MOST);
    if (right !== undefined && !shown.includes(right)) shown[shown.length - 1] = right;
    for (const [k, row] of this.rows.entries()) {
      const token = shown[k];
      row.item.hidden = token === undefined;
      if (token === undefined) continue;
      const [value, name] = [Number(p[token]), model.word(token)];
      row.token = token;
      row.button.classList.toggle("right", token === right);
      row.button.setAttribute("aria-label", t(token === right ? "recurrent.gates.page.came" : "recurrent.gates.page.chance", { token: name, p: num(100 * value, 3) }));
      row.button.setAttribute("data-exact", exact(value));
      row.name.textContent = name;
      row.share.textContent = `${num(100 * value, 3)} %`;
      row.bar.style.width = `${100 * value}%`;
      row.other.hidden = !other;
      if (other) row.other.style.width = `${100 * Number(other[token])}%`;
    }
  }

  #row() {
    const [name, share] = [el("span", { class: "value" }), el("span", { class: "value" })];
    const [bar, other] = [el("i", {}), el("b", { hidden: true })];
    const row = { token: 0, name, share, bar, other, button: /** @type {HTMLElement} */ (document.body), item: /** @type {HTMLElement} */ (document.body) };
    row.button = el("button", { type: "button", onclick: () => this.model.stage.select({ kind: "probability", token: row.token }) }, name, el("span", { class: "next-bar" }, bar, other), share);
    row.item = el("li", {}, row.button);
    return row;
  }
}

/** The places of the `most` largest values, the largest first. @param {ArrayLike<number | bigint>} values @param {number} most @returns {number[]} */
function largest(values, most) {
  /** @type {number[]} */
  const found = [];
  for (let k = 0; k < values.length; k += 1) {
    const value = Number(values[k]);
    if (found.length === most && value <= Number(values[found[most - 1]])) continue;
    let at = found.length;
    while (at > 0 && Number(values[found[at - 1]]) < value) at -= 1;
    found.splice(at, 0, k);
    found.length = Math.min(found.length, most);
  }
  return found;
}
