/** A page of a run that writes a token a frame. */

import { num } from "../format.js";
import { Page } from "../page.js";

/** @typedef {import("../types.js").Target} Target */

/**
 * @template {import("./model.js").Model} M
 * @extends {Page<M>}
 */
export class WritingPage extends Page {
  /** @param {number} seq @returns {Target | null} */
  first(seq) {
    return seq ? { kind: "draw" } : null;
  }

  /** @param {import("../types.js").FrameView} frame */
  told(frame) {
    const { stage, model } = this;
    if (!frame.seq) return "";
    return stage.t("writing.page.summary", { step: frame.seq, token: model.name(Number(frame.note.id)), p: num(100 * Number(frame.tensors.written.data[2]), 3) });
  }
}
