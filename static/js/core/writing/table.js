/** The step in numbers: u, the written token's probabilities, the nats so far; below, what each page adds of its model. */

import { card, el } from "../dom.js";
import { exact, num } from "../format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../types.js").FrameView} FrameView */

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
      return { id, cell, row: el("tr", {}, el("th", { scope: "row" }, t(`writing.page.row.${id}`)), el("td", {}, cell)) };
    });
    this.about = el("p", { class: "caption" });
    this.card.body.append(el("table", { class: "step-table writing-table" }, el("tbody", {}, ...this.rows.map(({ row }) => row))), this.about);
    this.written = 0;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const { seq } = frame;
    this.written = Number(frame.note.id ?? 0);
    this.card.heading.textContent = seq ? t("writing.page.wrote", { step: seq, count: Number(model.params.count), token: model.name(this.written) }) : t("writing.page.start");
    const [p, q, drawnFrom] = Array.from(frame.tensors.written.data, Number);
    const values = /** @type {Record<string, number>} */ ({ u: Number(frame.tensors.u.data[0]), p, q, drawn_from: drawnFrom, surprise: Number(frame.tensors.surprise.data[0]), entropy: Number(frame.tensors.entropy.data[0]), mean: this.#mean(seq) });
    for (const { id, cell } of this.rows) {
      const value = values[id];
      const none = Number.isNaN(value);
      cell.textContent = none ? "—" : num(value);
      cell.setAttribute("data-exact", none ? "" : exact(value));
      if (cell instanceof HTMLButtonElement) cell.disabled = seq === 0;
    }
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
