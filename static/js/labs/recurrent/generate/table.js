/** The step in numbers: u, the written character's probabilities, the nats so far; the way to its gates. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card("");
    const open = (/** @type {string} */ kind) => () => model.stage.select(["draw", "surprise"].includes(kind) ? { kind } : { kind, token: this.written });
    this.rows = ["u", "p", "q", "drawn_from", "surprise", "entropy", "mean"].map((id) => {
      const kind = /** @type {Record<string, string>} */ ({ u: "draw", p: "probability", q: "tempered", drawn_from: "drawn_from", surprise: "surprise" })[id];
      const cell = kind ? el("button", { type: "button", class: "value", onclick: open(kind) }) : el("span", { class: "value", tabindex: 0 });
      return { id, cell, row: el("tr", {}, el("th", { scope: "row" }, t(`recurrent.generate.page.row.${id}`)), el("td", {}, cell)) };
    });
    this.gates = el("a", { class: "button small generate-gates" }, t("recurrent.generate.page.gates"));
    this.about = el("p", { class: "caption" });
    this.card.body.append(el("table", { class: "step-table" }, el("tbody", {}, ...this.rows.map(({ row }) => row))), this.gates, this.about);
    this.written = 0;
  }

  plan() {
    const { model } = this;
    const { told = {}, layers, kind } = model.note;
    this.about.textContent = model.stage.t("recurrent.generate.page.card", { kind: model.stage.t(`recurrent.gates.kind.${kind}`), layers, parameters: num(Number(told.parameters), 7), data: String(told.data ?? ""), nats: num(Number(told.nats ?? NaN)) });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const { seq } = frame;
    this.written = Number(frame.note.id ?? 0);
    this.card.heading.textContent = seq ? t("recurrent.generate.page.wrote", { step: seq, count: Number(model.params.count), token: model.name(this.written) }) : t("recurrent.generate.page.start");
    const [p, q, drawnFrom] = Array.from(frame.tensors.written.data, Number);
    const values = /** @type {Record<string, number>} */ ({ u: Number(frame.tensors.u.data[0]), p, q, drawn_from: drawnFrom, surprise: Number(frame.tensors.surprise.data[0]), entropy: Number(frame.tensors.entropy.data[0]), mean: this.#mean(seq) });
    for (const { id, cell } of this.rows) {
      const value = values[id];
      const none = Number.isNaN(value);
      cell.textContent = none ? "—" : num(value);
      cell.setAttribute("data-exact", none ? "" : exact(value));
      if (cell instanceof HTMLButtonElement) cell.disabled = seq === 0;
    }
    this.gates.hidden = seq === 0;
    const here = new URL(window.location.href);
    here.search = `?experiment=gates&lang=${model.stage.lang()}`;
    here.hash = `p=${encodeURIComponent(JSON.stringify({ model: model.params.model, text: this.#text(seq) }))}`;
    this.gates.href = here.href;
  }

  /** Everything that the network has read by then, as far as the page of gates reads. @param {number} seq */
  #text(seq) {
    let text = this.model.prompt.join("");
    for (let at = 1; at <= seq; at += 1) text += this.model.written(at);
    return text.slice(-600);
  }

  /** The mean of the nats up to a step. @param {number} seq */
  #mean(seq) {
    let [sum, count] = [0, 0];
    for (const block of this.model.stage.timeline.blocks(1, seq)) {
      const part = block.tensor("surprise");
      if (!part) continue;
      for (let f = 0; f < block.count; f += 1) {
        if (block.seq + f < 1 || block.seq + f > seq) continue;
        sum += Number(part.data[f]);
        count += 1;
      }
    }
    return count ? sum / count : NaN;
  }
}
