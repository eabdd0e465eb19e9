/** The sentence: what is read, what would be right, what the network says, and how sure it is of each right token. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Said {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.learning.page.sentence"), t("attention.learning.page.sentence_caption"));
    this.element = made.element;
    this.element.classList.add("forming-said");
    this.read = el("dd", { translate: "no" });
    this.right = el("dd", { translate: "no" });
    this.says = el("dd", { class: "forming-tokens", translate: "no" });
    this.sure = el("ol", { class: "forming-sure" });
    const pair = (/** @type {string} */ id, /** @type {HTMLElement} */ what) => [el("dt", {}, t(`attention.learning.page.${id}`)), what];
    made.body.append(el("dl", {}, ...pair("read", this.read), ...pair("right", this.right), ...pair("says", this.says)), el("p", { class: "caption" }, t("attention.learning.page.sure")), this.sure);
    /** @type {{p: HTMLElement, bar: HTMLElement, button: HTMLElement}[]} */
    this.tokens = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { stage } = model;
    const read = model.keys.filter((word) => !word.startsWith("<"));
    this.read.textContent = read.join(read.every((word) => [...word].length === 1) ? "" : " ");
    this.right.textContent = model.note.right;
    this.tokens = model.wanted.map((word, at) => {
      const [p, bar] = [el("span", { class: "value" }), el("i", {})];
      const button = el("button", { type: "button", onclick: () => stage.select({ kind: "loss", at }) }, el("bdi", {}, word), p, el("span", { class: "forming-bar" }, bar));
      return { p, bar, button };
    });
    this.sure.replaceChildren(...this.tokens.map(({ button }) => el("li", {}, button)));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { stage } = model;
    const { t } = stage;
    /** @type {string[]} */
    const said = frame.note.said;
    const wanted = model.wanted.filter((word) => word !== "<eos>");
    const chips = said.map((word, at) => el("bdi", { class: word === wanted[at] ? "good" : "bad", title: t(word === wanted[at] ? "attention.learning.page.is_right" : "attention.learning.page.is_wrong", { right: wanted[at] ?? "∅" }) }, word));
    const missing = wanted.slice(said.length).map((word) => el("bdi", { class: "missing", title: t("attention.learning.page.missing", { word }) }, "·"));
    this.says.replaceChildren(...chips, ...missing);
    const target = stage.selected();
    this.tokens.forEach(({ p, bar, button }, at) => {
      const share = Number(frame.tensors.p.data[at]);
      p.textContent = num(share, 2);
      bar.style.width = `${100 * share}%`;
      button.classList.toggle("open", target?.kind === "loss" && Number(target.at ?? 0) === at);
      button.setAttribute("aria-label", t("attention.learning.page.token", { word: model.wanted[at], p: num(100 * share, 3) }));
    });
  }
}
