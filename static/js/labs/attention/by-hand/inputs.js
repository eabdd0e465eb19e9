/** What goes in, to be changed where it stands: the matrices of the head shown, and embeddings and positions that are added up. */

import { card, el } from "../../../core/dom.js";
import { Block } from "./block.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const SIZE = 30;

export class Inputs {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.by-hand.page.inputs"), t("attention.by-hand.page.inputs_caption"));
    this.element = made.element;
    this.element.classList.add("hand-inputs");
    this.body = el("div", { class: "hand-line" });
    made.body.append(this.body);
    /** @type {Block[]} */
    this.blocks = [];
    this.shape = "";
  }

  /** The run's shape or the theme changed. */
  plan() {
    const { model } = this;
    if (this.shape === model.shape) return;
    this.shape = model.shape;
    const several = model.heads > 1;
    const placed = model.note.positions !== "none";
    this.blocks = [
      ...(placed ? [new Block(model, "embedding", "w", { edits: "embedding" })] : []),
      ...(placed ? [new Block(model, "place", "p", { edits: model.note.positions === "learned" ? "place" : null })] : []),
      ...(/** @type {const} */ (["w_q", "w_k", "w_v"])).map((name) => new Block(model, name, `W^{${name[2].toUpperCase()}}`, { words: false, edits: name })),
      ...(several ? [new Block(model, "w_o", "W^O", { words: false, edits: "w_o" })] : []),
    ];
    this.body.replaceChildren(...this.blocks.map((block) => block.element));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    for (const block of this.blocks) block.draw(frame, SIZE);
  }
}
