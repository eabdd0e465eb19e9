/** The step in numbers: what is said and how likely, what is right, where the decoder looks, how near torch is; the translator's card. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {[string, number, import("../../../core/types.js").Target | null]} Row */

const NEAR = 1e-4;

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.body = el("tbody", {});
    this.parity = el("div", {});
    this.about = el("p", { class: "caption" });
    this.card.body.append(el("table", { class: "step-table" }, this.body), this.parity, this.about);
  }

  /** The run or the language changed. */
  plan() {
    const { told = {} } = this.model.note;
    const share = (/** @type {number} */ value) => num(100 * value, 4);
    this.about.textContent = this.model.stage.t("attention.translate.page.card", { parameters: num(Number(told.parameters), 7), held: told.held_out, exact: share(told.exact), gold: share(told.on_gold), map: this.model.headNamed(Number(told.layer ?? 0), Number(told.head ?? 0)), minutes: told.minutes });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const { seq } = frame;
    const says = model.says(seq, model.row);
    this.card.heading.textContent = seq === 0 ? t("attention.translate.page.before") : seq <= model.read ? t("attention.translate.page.reads", { layer: seq, layers: model.layers }) : says ? t("attention.translate.page.said", { row: model.named(model.row), step: seq - model.read, token: model.shown(says.said) }) : t("decoding.over", { row: model.named(model.row) });
    this.body.replaceChildren(...this.#rows(frame).map((row) => this.#row(row)));
    const names = ["attention", "stacks", "cache"];
    const parity = [...(frame.tensors.parity?.data ?? [])].map(Number);
    const rounding = parity[names.length];
    this.parity.replaceChildren(
      ...names.flatMap((name, at) => (Number.isNaN(parity[at] ?? NaN) ? [] : [el("p", { class: `parity ${parity[at] <= (name === "attention" ? rounding : NEAR) ? "good" : "bad"}` }, t(`attention.translate.page.parity_${name}`, { difference: num(parity[at], 2), rounding: num(rounding, 2) }))])),
    );
  }

  /** @param {FrameView} frame @returns {Row[]} */
  #rows(frame) {
    const { model } = this;
    const { t } = model.stage;
    const { seq } = frame;
    /** @type {Row[]} */
    const rows = [];
    const weight = (/** @type {import("./model.js").MapName} */ map) => {
      const { layer, head, row, column } = model.opened.place(map, seq);
      const { columns, values } = model.weights(map, layer, head, seq);
      rows.push([t(`attention.translate.page.weight_${map}`, { query: model.asking(map, row), key: model.columnOf(map, column) }), values[row * columns + column], model.opened.weight(map, { layer, head, row, column })]);
    };
    if (seq > 0 && seq <= model.read) weight("encoder");
    const says = model.says(seq, model.row);
    if (!says) return rows;
    const at = (/** @type {string} */ name, /** @type {number} */ place) => Number(frame.tensors[`${model.row}/${name}`]?.data[place] ?? NaN);
    rows.push([t("attention.translate.page.p_said", { token: model.shown(says.said) }), at("p", says.said), { kind: "probability", row: model.row, token: says.said }]);
    if (frame.tensors[`${model.row}/drawn`]) rows.push([t("attention.translate.page.drawn", { temperature: num(model.params.temperature, 3) }), at("drawn", says.said), { kind: "drawn", row: model.row, token: says.said }]);
    const right = model.wanted?.[seq - model.read - 1];
    if (right !== undefined) rows.push([t("attention.translate.page.nats", { token: model.shown(right) }), at("loss", 0), { kind: "loss", row: model.row }]);
    weight("cross");
    weight("self");
    const { layer, head } = model.opened.place("cross", seq);
    const share = model.share(seq, layer, head);
    if (!Number.isNaN(share)) rows.push([t("attention.translate.page.share", { map: model.headNamed(layer, head) }), share, { kind: "gold", row: model.row, layer, head }]);
    if (frame.tensors.apart) rows.push([t("attention.translate.page.apart"), Number(frame.tensors.apart.data[0]), null]);
    return rows;
  }

  /** @param {Row} row */
  #row([name, value, target]) {
    const none = Number.isNaN(value);
    const told = { "data-exact": none ? "" : exact(value) };
    const shown = none ? "—" : num(value);
    const cell = target && !none ? el("button", { type: "button", class: "value", onclick: () => this.model.stage.select(target), ...told }, shown) : el("span", { class: "value", tabindex: 0, ...told }, shown);
    return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, cell));
  }
}
