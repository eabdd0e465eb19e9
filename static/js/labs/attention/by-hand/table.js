/** The step in numbers: one word's way from its scores to its output, and how near torch's own function is. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** What two ways of rounding leave between them. */
const NEAR = /** @type {Record<string, number>} */ ({ float64: 1e-12, float32: 1e-5 });
const COLUMNS = ["scores", "scaled", "masked", "weights"];

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.card.body.classList.add("hand-table");
    this.words = el("p", { class: "caption" });
    this.who = el("div", { class: "hand-who", role: "group" });
    this.table = el("table", {});
    this.blind = el("p", { class: "hand-blind", hidden: true });
    this.parity = el("p", { class: "hand-parity parity" });
    this.card.body.append(this.words, this.who, this.table, this.blind, this.parity);
    this.row = 0;
    this.told = "";
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const stage = frame.note.stage;
    this.card.heading.textContent = t("shell.step.n", { step: frame.step });
    this.words.textContent = t(`attention.by-hand.page.at_${stage}`);
    const target = model.stage.selected();
    if (target?.row !== undefined && target.kind !== "weight") this.row = Number(target.row);
    this.row = Math.min(this.row, model.words.length - 1);
    this.#who();
    const head = el("tr", {}, el("th", { scope: "col" }, t("attention.by-hand.page.looks_at")), ...COLUMNS.map((name) => el("th", { scope: "col", class: name === stage ? "now" : "" }, t(`attention.by-hand.page.short_${name}`))));
    const rows = model.words.map((word, col) => el("tr", {}, el("th", { scope: "row" }, word), ...COLUMNS.map((name) => el("td", {}, this.#value(frame, name, col)))));
    const [, width] = model.size(frame, "output");
    const outputs = Array.from({ length: width }, (_, col) => this.#value(frame, "output", col));
    const last = el("tr", { class: "total" }, el("th", { scope: "row" }, t("attention.by-hand.page.output")), el("td", { colspan: COLUMNS.length }, ...outputs));
    this.table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows, last));
    const blind = model.note.blind.map((/** @type {number} */ row) => model.words[row - 1]);
    this.blind.hidden = !blind.length;
    this.blind.textContent = blind.length ? t("attention.by-hand.page.blind", { words: blind.join(", ") }) : "";
    const { difference, dtype } = model.note.parity;
    // Large outputs differ by more: the bound is one of relative size.
    const near = difference <= NEAR[dtype] * Math.max(1, ...model.note.range[model.result].map(Math.abs));
    this.parity.classList.toggle("good", near);
    this.parity.classList.toggle("bad", !near);
    this.parity.textContent = t("attention.by-hand.page.parity", { difference: num(difference, 2), dtype });
  }

  /** @param {FrameView} frame @param {string} name @param {number} col */
  #value(frame, name, col) {
    const { model, row } = this;
    const value = model.value(frame, name, row, col);
    const known = !Number.isNaN(value);
    const told = known ? num(value) : "·";
    const button = el("button", { type: "button", class: "value", title: known ? exact(value) : "", disabled: !known, "data-exact": known ? exact(value) : "", onclick: () => model.open(name, row, col) }, told);
    button.setAttribute("aria-label", `${model.stage.t(`attention.by-hand.page.${name}`)} ${col + 1}: ${told}`);
    const open = model.selected(name);
    if (open && open.row === row && open.col === col) button.classList.add("open");
    const then = this.pinned?.timeline.frame(Math.min(frame.seq, this.pinned.timeline.last));
    const same = then?.tensors[name]?.shape.join() === frame.tensors[name]?.shape.join();
    if (!then || !same || !known || (name !== "weights" && name !== "output")) return button;
    const before = model.value(then, name, row, col);
    if (Number.isNaN(before)) return button;
    return el("span", { class: "hand-pinned" }, button, el("span", { class: "value ghost" }, model.stage.t("attention.by-hand.page.pinned", { value: num(before) })));
  }

  /** Whose row it is. */
  #who() {
    const { model } = this;
    this.who.setAttribute("aria-label", model.stage.t("attention.by-hand.page.whose"));
    const told = `${model.words.join(" ")} ${this.row}`;
    if (told === this.told) return;
    this.told = told;
    const focused = this.who.contains(document.activeElement);
    this.who.replaceChildren(
      ...model.words.map((word, row) => el("button", { type: "button", class: "hand-word", "aria-pressed": String(row === this.row), onclick: () => model.open("weights", row, this.#most(row)) }, word)),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.who.children[this.row])?.focus();
  }

  /** The key that a query looks at most. @param {number} row */
  #most(row) {
    const { timeline } = this.model.stage;
    const frame = timeline.frame(timeline.last);
    const all = this.model.words.map((_, col) => this.model.value(frame, "weights", row, col));
    return Math.max(0, all.indexOf(Math.max(...all)));
  }
}
