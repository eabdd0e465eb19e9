/** The step in numbers: inputs, gates, states and outputs; a number opens its arithmetic and goes along with the steps. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.card.body.classList.add("byhand-table");
    this.body = el("tbody", {});
    this.words = el("p", { class: "caption" });
    this.parity = el("p", { class: "caption" });
    this.card.body.append(this.words, el("table", {}, this.body), this.parity);
    /** @type {{name: string, d: number, alone: boolean, row: HTMLElement, cells: {button: HTMLButtonElement, ghost: HTMLElement}[]}[]} */
    this.rows = [];
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const states = Array.from({ length: model.directions }, (_, d) => model.rows.map((name) => ({ name, d, alone: false }))).flat();
    const every = [{ name: "x", d: 0, alone: false }, ...states, { name: "y", d: 0, alone: false }, { name: "y", d: 0, alone: true }];
    this.rows = every.map((one) => this.#row(one));
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
    this.parity.textContent = this.#parity();
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("shell.step.n", { step: frame.step });
    const two = model.directions === 2;
    const at = frame.seq ? t(two ? "recurrent.by-hand.page.at_both" : "recurrent.by-hand.page.at", { forward: model.at(frame.seq, 0) + 1, reverse: model.at(frame.seq, 1) + 1 }) : t("recurrent.by-hand.page.before_first");
    this.words.textContent = at;
    const then = this.pinned?.timeline.frame(Math.min(frame.seq, this.pinned.timeline.last));
    for (const { name, d, alone, cells } of this.rows)
      cells.forEach(({ button, ghost }, k) => {
        const time = model.at(frame.seq, d);
        const value = time < 0 ? NaN : model.value(frame, { name, t: time, d, k, alone });
        const known = !Number.isNaN(value);
        button.disabled = !known;
        button.textContent = known ? num(value) : "·";
        button.setAttribute("data-exact", known ? exact(value) : "");
        button.setAttribute("aria-label", `${model.called(name, d)} ${k + 1}: ${known ? num(value) : "—"}`);
        const before = then && !alone && then.tensors[name]?.shape.join() === frame.tensors[name]?.shape.join() && time >= 0 ? model.value(then, { name, t: time, d, k }) : NaN;
        ghost.hidden = name === "x" || Number.isNaN(before) || !known;
        if (!ghost.hidden) ghost.textContent = t("recurrent.by-hand.page.pinned", { value: num(before) });
      });
  }

  /** @param {{name: string, d: number, alone: boolean}} one */
  #row({ name, d, alone }) {
    const { model } = this;
    const { stage } = model;
    const title = alone ? stage.t("recurrent.by-hand.page.without") : stage.t(`recurrent.by-hand.term.${name}`);
    const cells = Array.from({ length: model.width(name) }, (_, k) => {
      const target = { kind: "value", name, ...(name === "x" || name === "y" ? {} : { direction: d }), unit: k, ...(alone ? { alone } : {}) };
      return { button: el("button", { type: "button", class: "value", onclick: () => stage.select(target) }), ghost: el("span", { class: "value ghost", hidden: true }) };
    });
    const values = cells.map(({ button, ghost }) => el("span", { class: "byhand-value" }, button, ghost));
    const row = el("tr", { class: alone ? "alone" : name === "y" ? "total" : "" }, el("th", { scope: "row" }, el("span", { class: "value" }, model.called(name, d)), el("span", { class: "caption" }, title)), el("td", {}, ...values));
    return { name, d, alone, row, cells };
  }

  /** torch's module and how near it is, or why there is none. */
  #parity() {
    const { module, reason, difference } = this.model.note.parity;
    const { t } = this.model.stage;
    if (!module) return t(`recurrent.by-hand.page.no_module_${reason}`);
    const told = t("recurrent.by-hand.page.parity", { module, difference: num(difference, 2) });
    const after = module === "nn.GRU" ? ` ${t("recurrent.by-hand.page.torch_resets")}` : "";
    return reason ? `${told} ${t("recurrent.by-hand.page.as_relu")}` : told + after;
  }
}
