/** A run that writes a token a frame, as the parts of its picture share it: what was read, what was written, what is looked at. */

import { inksOf } from "../chart/ink.js";

/** @typedef {import("../types.js").Stage} Stage */
/** @typedef {import("../types.js").Target} Target */

/** Nats from which on a surprise has the strongest colour. */
export const STRONGEST = 6;

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {import("../types.js").SceneView | null} */
    this.scene = null;
    /** @type {import("../types.js").Params} */
    this.params = {};
    this.inks = inksOf(stage.plots.colors());
    this.mono = "";
    this.paint();
  }

  /** @param {import("../types.js").SceneView} scene @param {import("../types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  /** @type {string[]} */
  get prompt() {
    return this.note.prompt ?? [];
  }

  /** The theme's colours, read once: asking the page for its style costs as much as drawing. */
  paint() {
    this.inks = inksOf(this.stage.plots.colors());
    this.mono = getComputedStyle(document.documentElement).getPropertyValue("--mono");
  }

  /** A character as it is shown: what is not seen gets a sign. @param {string} token */
  shown(token) {
    return token === " " ? "␣" : token === "\n" ? "⏎" : token;
  }

  /** @param {number} id a character's number */
  name(id) {
    return this.shown(this.note.vocabulary?.[id] ?? "");
  }

  /** What step `seq` wrote, or the prompt's end at 0 and before; "": nothing. @param {number} seq */
  written(seq) {
    if (seq < 1) return this.prompt[this.prompt.length - 1 + seq] ?? "";
    return String(this.stage.timeline.frame(seq)?.note.token ?? "");
  }

  /** Whether a target can be opened in this run. @param {Target} target */
  has(target) {
    return !("token" in target) || Number(target.token) < (this.note.vocabulary?.length ?? 0);
  }

  /** Write another character at a step; what was chosen after it goes, for it was chosen of another text. @param {number} at @param {number} token */
  choose(at, token) {
    const before = (this.stage.ahead("chosen") ?? this.params.chosen ?? []).filter((/** @type {{at: number}} */ one) => one.at < at);
    this.stage.edit({ chosen: [...before, { at, token }].slice(-64) }, { commit: false });
    this.stage.edit({ chosen: [...before, { at, token }].slice(-64) });
  }

  /** The colour behind a character of this surprise. @param {number} nats */
  tint(nats) {
    return `color-mix(in srgb, var(--accent) ${Math.round((60 * Math.min(nats, STRONGEST)) / STRONGEST)}%, transparent)`;
  }
}
