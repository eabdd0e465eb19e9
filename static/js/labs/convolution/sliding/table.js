/** The step in numbers: where the kernel stands, each channel's sum, the bias, the output; a number opens its arithmetic. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.card.body.classList.add("slide-table");
    this.words = el("p", { class: "caption" });
    this.body = el("tbody", {});
    this.parity = el("p", { class: "caption" });
    this.card.body.append(this.words, el("table", {}, this.body), this.parity);
    /** @type {{set: (value: number, ghost: number | null) => void}[]} */
    this.rows = [];
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const sums = Array.from({ length: model.each }, () => this.#row());
    const bias = model.note.bias ? this.#row() : null;
    const value = this.#row();
    value.row.classList.add("total");
    this.rows = [...sums, ...(bias ? [bias] : []), value];
    this.body.replaceChildren(...this.rows.map((row) => /** @type {any} */ (row).row));
    if (bias) bias.name.textContent = t("convolution.sliding.page.bias");
    value.name.textContent = t("convolution.sliding.page.value");
    this.sums = sums;
    this.bias = bias;
    this.value = value;
    this.parity.textContent = t("convolution.sliding.page.parity", { difference: num(model.note.difference, 2) });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model, sums = [], bias, value } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("shell.step.n", { step: frame.step });
    const at = model.at(frame.seq);
    this.words.textContent = at ? t("convolution.sliding.page.place", { channel: at[0], y: at[1], x: at[2] }) : t("convolution.sliding.page.before_first");
    const then = this.pinned?.timeline.frame(Math.min(frame.seq, this.pinned.timeline.last));
    const first = model.first(at?.[0] ?? 0);
    sums.forEach((row, i) => {
      row.name.textContent = t("convolution.sliding.page.channel_sum", { channel: first + i });
      row.set(at ? Number(frame.tensors.sums.data[i]) : NaN, then && i < then.tensors.sums.shape[0] ? Number(then.tensors.sums.data[i]) : null);
    });
    bias?.set(at ? Number(model.of("bias")[at[0]]) : NaN, null);
    value?.set(at ? Number(frame.tensors.value.data[0]) : NaN, then ? Number(then.tensors.value.data[0]) : null);
  }

  #row() {
    const { stage } = this.model;
    const name = el("span", {});
    const button = el("button", { type: "button", class: "value", onclick: () => stage.select({ kind: "output" }) });
    const ghost = el("span", { class: "value ghost", hidden: true });
    const row = el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, button, ghost));
    const set = (/** @type {number} */ value, /** @type {number | null} */ before) => {
      const known = !Number.isNaN(value);
      button.disabled = !known;
      button.textContent = known ? num(value) : "·";
      button.setAttribute("data-exact", known ? exact(value) : "");
      button.setAttribute("aria-label", `${name.textContent}: ${known ? num(value) : "—"}`);
      ghost.hidden = before === null || !known;
      if (before !== null) ghost.textContent = stage.t("convolution.sliding.page.pinned", { value: num(before) });
    };
    return { row, name, set };
  }
}
