/** The step in numbers: what was read, what came, how long the unit remembers, how near torch is. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.body = el("tbody", {});
    this.parity = el("p", { class: "caption" });
    this.about = el("p", { class: "caption" });
    this.card.body.append(el("table", { class: "step-table" }, this.body), this.parity, this.about);
    /** @type {{name: HTMLElement, cell: HTMLElement}[]} */
    this.cells = [];
    /** @type {((() => void) | null)[]} */
    this.opened = [];
    this.key = "";
    /** Nats so far, over the steps that are held: [seq, sum, count]. */
    this.sum = { seq: 0, nats: 0, count: 0 };
  }

  plan() {
    const { model } = this;
    const { t } = model.stage;
    const { told = {}, layers, hidden, kind } = model.note;
    this.sum = { seq: 0, nats: 0, count: 0 };
    const values = { kind: t(`recurrent.gates.kind.${kind}`), layers, hidden, parameters: num(Number(told.parameters), 7), data: String(told.data ?? told.title ?? ""), nats: num(Number(told.nats ?? NaN)) };
    const tagged = { accuracy: num(100 * Number(told.accuracy ?? NaN), 4), macro: num(100 * Number(told.macro_recall ?? NaN), 4) };
    this.about.textContent = t(`recurrent.gates.page.${model.tags ? "card_tags" : told.nats ? "card" : "card_own"}`, { ...values, ...tagged });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const { unit } = model;
    const step = frame.seq;
    this.card.heading.textContent = step ? t("recurrent.gates.page.read", { step, count: model.tokens.length, token: model.shown(model.tokens[step - 1]) }) : t("recurrent.gates.page.start");
    const at = model.row(unit) * model.hidden + unit.unit;
    const rows = /** @type {[string, number, (() => void) | null][]} */ (model.names.map((name) => [t("recurrent.gates.page.value_of", { name, unit: unit.unit + 1, what: t(`recurrent.gates.name.${name}`) }), Number(frame.tensors[name].data[at]), () => model.select({ name })]));
    if (model.held.length && frame.tensors["untouched/h"]) rows.push([t("recurrent.gates.page.untouched_h"), Number(frame.tensors["untouched/h"].data[at]), null]);
    if (frame.tensors.loss && !model.note.one) {
      const right = model.wanted(step);
      const [known, end] = model.tags ? ["recurrent.gates.page.loss_tag", "recurrent.gates.page.loss_tag_end"] : ["recurrent.gates.page.loss", "recurrent.gates.page.loss_end"];
      rows.push([right === undefined ? t(end) : t(known, { token: model.word(right) }), Number(frame.tensors.loss.data[0]), () => model.stage.select({ kind: "loss" })]);
      if (frame.tensors["untouched/loss"]) rows.push([t("recurrent.gates.page.untouched_loss"), Number(frame.tensors["untouched/loss"].data[0]), null]);
      rows.push([t("recurrent.gates.page.mean"), this.#mean(step), null]);
    }
    const kept = this.#kept(step, at);
    if (kept) rows.push([t("recurrent.gates.page.kept", { gate: model.keeps ?? "", steps: kept.steps }), kept.product, null]);
    const last = model.stage.timeline.frame(model.tokens.length)?.tensors.half_life;
    if (last) rows.push([t("recurrent.gates.page.half_life"), Number(last.data[at]), null]);
    this.#write(rows);
    const parity = Number(frame.tensors.parity?.data[0] ?? NaN);
    this.parity.textContent = Number.isNaN(parity) ? t(model.note.torch ? "recurrent.gates.page.parity_none_yet" : "recurrent.gates.page.no_torch") : t("recurrent.gates.page.parity", { module: `nn.${model.note.torch}`, difference: num(parity, 2) });
  }

  /** The rows, made anew only where there are others than before. @param {[string, number, (() => void) | null][]} rows */
  #write(rows) {
    const opens = rows.map(([, value, open]) => Boolean(open) && !Number.isNaN(value));
    const key = opens.join();
    if (key !== this.key) {
      this.key = key;
      this.cells = rows.map((_, k) => {
        const name = el("th", { scope: "row" });
        const cell = opens[k] ? el("button", { type: "button", class: "value", onclick: () => this.opened[k]?.() }) : el("span", { class: "value", tabindex: 0 });
        return { name, cell };
      });
      this.body.replaceChildren(...this.cells.map(({ name, cell }) => el("tr", {}, name, el("td", {}, cell))));
    }
    this.opened = rows.map(([, , open]) => open);
    for (const [k, [text, value]] of rows.entries()) {
      const { name, cell } = this.cells[k];
      if (name.textContent !== text) name.textContent = text;
      const shown = Number.isNaN(value) ? "—" : num(value);
      if (cell.textContent !== shown) cell.textContent = shown;
      cell.setAttribute("data-exact", Number.isNaN(value) ? "" : exact(value));
    }
  }

  /** The mean of the nats up to a step. @param {number} seq */
  #mean(seq) {
    if (seq < this.sum.seq) this.sum = { seq: 0, nats: 0, count: 0 };
    this.model.column("loss", 0, this.sum.seq + 1, seq, (_, value) => {
      if (Number.isNaN(value)) return;
      this.sum.nats += value;
      this.sum.count += 1;
    });
    this.sum.seq = Math.max(this.sum.seq, seq);
    return this.sum.count ? this.sum.nats / this.sum.count : NaN;
  }

  /** What is left of the unit's memory of ten steps ago (or of the first): the product of the gates since. @param {number} seq @param {number} at */
  #kept(seq, at) {
    const gate = this.model.keeps;
    if (!gate || seq < 2) return null;
    const from = Math.max(1, seq - 10);
    let product = 1;
    this.model.column(gate, at, from + 1, seq, (_, value) => (product *= value));
    return { product, steps: seq - from };
  }
}
