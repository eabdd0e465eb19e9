/** The run that the parts of the picture share: its scene and its words. */

import { inksOf } from "../../../core/chart/ink.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {import("../../../core/types.js").SceneView | null} */
    this.scene = null;
    /** @type {import("../../../core/types.js").Params} */
    this.params = {};
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  /** Steps of the example. */
  get steps() {
    return this.scene?.tensors.x.shape[0] ?? 0;
  }

  /** The first step that is asked. */
  get asked() {
    return this.steps - (this.scene?.tensors.y.shape[0] ?? 0);
  }

  /** @type {string[]} */
  get names() {
    return this.note.names ?? [];
  }

  /** @type {string[]} */
  get classes() {
    const names = this.note.classes ?? [];
    return this.note.task === "surnames" ? names.map((/** @type {string} */ name) => this.stage.t(`recurrent.gates.tag.${name}`)) : names;
  }

  get inks() {
    return inksOf(this.stage.plots.colors());
  }

  /** What the example's step reads. @param {number} t */
  read(t) {
    if (this.note.symbols?.length) return String(this.note.symbols[t]);
    const x = this.scene?.tensors.x.data ?? [];
    return `${Number(x[2 * t]).toFixed(2)}${Number(x[2 * t + 1]) ? "*" : ""}`;
  }

  /** Steps trained at a frame. @param {FrameView} frame */
  trained(frame) {
    const every = Number(this.params.every ?? 1);
    return Math.min(frame.step * every, Number(this.params.steps ?? frame.step * every));
  }

  /** Whether a target can be opened in this run at all. @param {Target} target */
  has(target) {
    if (target.kind === "accuracy") return this.classes.length > 0;
    if (target.kind === "answer") return Number(target.step ?? this.steps) > this.asked && Number(target.step ?? 1) <= this.steps;
    const fits = Number(target.unit ?? 0) < Number(this.note.hidden) && Number(target.step ?? 1) <= this.steps && Number(target.direction ?? 0) < Number(this.note.directions);
    return target.kind === "value" && this.names.includes(String(target.name)) && fits;
  }
}
