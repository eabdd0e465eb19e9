/** The step in numbers: the unit's gates and states, what is said and how likely it was, how far the rows are apart, how near torch is. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {[string, number, (() => void) | null]} Row */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.body = el("tbody", {});
    this.parity = el("p", { class: "caption" });
    this.about = el("p", { class: "caption" });
    this.card.body.append(el("table", { class: "step-table" }, this.body), this.parity, this.about);
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const { told = {}, hidden, kind } = model.note;
    const share = (/** @type {number} */ value) => num(100 * value, 3);
    this.about.textContent = t("recurrent.translate.page.card", { kind: t(`recurrent.gates.kind.${kind}`), hidden, parameters: num(Number(told.parameters), 7), steps: told.kept_after, held: told.held_out, exact: share(told.exact), forced: share(told.forced), free: share(told.free) });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = this.#title(frame.seq);
    this.body.replaceChildren(...this.#rows(frame).map((row) => this.#row(row)));
    const parity = Number(frame.tensors.parity?.data[0] ?? NaN);
    this.parity.textContent = Number.isNaN(parity) ? t("recurrent.translate.page.parity_none_yet") : t("recurrent.translate.page.parity", { module: `nn.${model.note.torch}`, difference: num(parity, 2) });
  }

  /** @param {number} seq */
  #title(seq) {
    const { model } = this;
    const { t } = model.stage;
    const step = model.at(seq);
    if (!seq) return t("recurrent.translate.page.start");
    if (seq <= model.read) return t("recurrent.translate.page.reads", { step, count: model.read, token: model.source(step - 1) });
    const row = t(`recurrent.translate.who.${model.row}`);
    const said = model.says(seq, model.row)?.said;
    return said === undefined ? t("decoding.over", { row }) : t("recurrent.translate.page.said", { row, step, token: model.shown(said) });
  }

  /** @param {FrameView} frame @returns {Row[]} */
  #rows(frame) {
    const { model } = this;
    const { t } = model.stage;
    const who = model.who(frame.seq);
    const value = (/** @type {string} */ name, /** @type {number} */ place) => Number(frame.tensors[`${who}/${name}`]?.data[place] ?? NaN);
    const rows = /** @type {Row[]} */ (model.names.map((name) => [t("recurrent.translate.page.value_of", { name, what: t(`recurrent.gates.name.${name}`) }), value(name, model.unit.unit), frame.seq ? () => model.select({ name }) : null]));
    const said = model.says(frame.seq, who)?.said;
    if (said === undefined) return rows;
    const open = (/** @type {Record<string, any>} */ target) => () => model.stage.select({ ...target, row: who });
    rows.push([t("recurrent.translate.page.p_said", { token: model.shown(said) }), value("p", said), open({ kind: "probability", token: said })]);
    const right = model.wanted?.[model.at(frame.seq) - 1];
    if (right !== undefined) rows.push([t("recurrent.translate.page.nats", { token: model.shown(right) }), value("loss", 0), open({ kind: "loss" })]);
    const a = frame.tensors[`${who}/a`]?.data;
    if (a) {
      let place = 0;
      for (let j = 1; j < a.length; j += 1) if (Number(a[j]) > Number(a[place])) place = j;
      rows.push([t("recurrent.translate.page.looks", { token: model.source(place) }), Number(a[place]), open({ kind: "weight", at: place })]);
      rows.push([t("recurrent.translate.page.context", { unit: model.unit.unit + 1 }), value("context", model.unit.unit), open({ kind: "context", unit: model.unit.unit })]);
    }
    if (frame.tensors.apart) rows.push([t("recurrent.translate.page.apart_value"), Number(frame.tensors.apart.data[0]), null]);
    return rows;
  }

  /** @param {Row} row */
  #row([name, value, open]) {
    const none = Number.isNaN(value);
    const shown = none ? "—" : num(value);
    const told = { "data-exact": none ? "" : exact(value) };
    const cell = open && !none ? el("button", { type: "button", class: "value", onclick: open, ...told }, shown) : el("span", { class: "value", tabindex: 0, ...told }, shown);
    return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, cell));
  }
}
