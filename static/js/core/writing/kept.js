/** The text that the pinned run wrote, marked from the first token on that this one wrote otherwise. */

import { card, el } from "../dom.js";

/** @typedef {import("./model.js").Model} Model */

export class Kept {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("writing.page.pinned"), t("writing.page.pinned_caption"));
    this.element = made.element;
    this.element.classList.add("writing-pinned");
    this.element.hidden = true;
    this.line = el("p", { translate: "no" });
    made.body.append(this.line);
    /** What it wrote, and from where on this run wrote something else. @type {string[]} */
    this.tokens = [];
    this.other = -1;
    /** @type {import("../types.js").Pinned | null} */
    this.pinned = null;
  }

  plan() {
    const { pinned } = this;
    this.element.hidden = !pinned;
    this.other = -1;
    this.tokens = Array.from({ length: pinned?.timeline.last ?? 0 }, (_, k) => String(pinned?.timeline.frame(k + 1)?.note.token ?? ""));
  }

  /** @param {import("../types.js").FrameView} frame */
  draw({ seq }) {
    const { pinned, tokens, model } = this;
    if (!pinned) return;
    const end = Math.min(tokens.length, seq);
    let at = 0;
    while (at < end && tokens[at] === model.written(at + 1)) at += 1;
    const other = at < end ? at : tokens.length;
    if (other === this.other) return;
    this.other = other;
    this.line.replaceChildren(el("span", { class: "writing-prompt" }, (pinned.scene.note.prompt ?? []).join("")), tokens.slice(0, other).join(""), el("mark", {}, tokens.slice(other).join("")));
  }
}
