/** The step in numbers, the model's card, and the way to the gates of this text. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Table as Numbers } from "../../../core/writing/table.js";

/** @typedef {import("../../../core/writing/model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Table extends Numbers {
  /** @param {Model} model */
  constructor(model) {
    super(model);
    this.gates = el("a", { class: "button small generate-gates" }, model.stage.t("recurrent.generate.page.gates"));
    this.about.before(this.gates);
  }

  plan() {
    const { model } = this;
    const { told = {}, layers, kind } = model.note;
    this.about.textContent = model.stage.t("recurrent.generate.page.card", { kind: model.stage.t(`recurrent.gates.kind.${kind}`), layers, parameters: num(Number(told.parameters), 7), data: String(told.data ?? ""), nats: num(Number(told.nats ?? NaN)) });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    super.draw(frame);
    const { model } = this;
    this.gates.hidden = frame.seq === 0;
    const here = new URL(window.location.href);
    here.search = `?experiment=gates&lang=${model.stage.lang()}`;
    here.hash = `p=${encodeURIComponent(JSON.stringify({ model: model.params.model, text: this.#text(frame.seq) }))}`;
    this.gates.href = here.href;
  }

  /** Everything that the network has read by then, as far as the page of gates reads. @param {number} seq */
  #text(seq) {
    let text = this.model.prompt.join("");
    for (let at = 1; at <= seq; at += 1) text += this.model.written(at);
    return text.slice(-600);
  }
}
