/** The bidirectional trap: what output[0], output[-1] and h_n hold of each direction, and how many steps each has read. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Trap {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.by-hand.page.trap"), t("recurrent.by-hand.page.trap_caption"));
    this.element = made.element;
    this.element.classList.add("byhand-trap");
    this.table = el("table", {});
    this.words = el("p", { class: "caption" });
    made.body.append(this.table, this.words);
    /** @type {{t: number, d: number, k: number, button: HTMLButtonElement}[]} */
    this.cells = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.element.hidden = model.directions === 1;
    if (model.directions === 1) return;
    const last = model.steps - 1;
    this.cells = [];
    const rows = /** @type {[string, number, number][]} */ ([
      ["output[0]", 0, 0],
      ["output[-1]", last, last],
      ["h_n", last, 0],
    ]).map(([name, forward, reverse]) =>
      el("tr", { class: name === "output[-1]" ? "trapped" : "" }, el("th", { scope: "row" }, el("code", {}, name)), ...[forward, reverse].map((time, d) => this.#cell(time, d))),
    );
    const head = el("tr", {}, el("th", { scope: "col" }, el("span", { class: "unseen" }, "torch")), el("th", { scope: "col" }, t("recurrent.by-hand.page.forward")), el("th", { scope: "col" }, t("recurrent.by-hand.page.reverse")));
    this.table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows));
    this.words.textContent = t("recurrent.by-hand.page.trap_words");
  }

  /** @param {FrameView} frame */
  draw(frame) {
    for (const { t, d, k, button } of this.cells) {
      const value = this.model.value(frame, { name: "h", t, d, k });
      const known = !Number.isNaN(value);
      button.textContent = known ? num(value) : "·";
      button.disabled = !known;
      button.setAttribute("data-exact", known ? exact(value) : "");
    }
  }

  /** The hidden state of a direction after it has read so far. @param {number} t @param {number} d */
  #cell(t, d) {
    const { model } = this;
    const read = d ? model.steps - t : t + 1;
    const buttons = Array.from({ length: model.sizes.hidden }, (_, k) => {
      const button = el("button", { type: "button", class: "value", onclick: () => model.open({ name: "h", t, d, k }) });
      this.cells.push({ t, d, k, button });
      return button;
    });
    return el("td", {}, ...buttons, el("span", { class: "caption" }, model.stage.t("recurrent.by-hand.page.read", { read, of: model.steps })));
  }
}
