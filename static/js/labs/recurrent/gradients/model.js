/** The run that the parts of the picture share: its scene, its words, its colours. */

import { inksOf } from "../../../core/chart/ink.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */

/** A gradient that vanishes is the subject: its curve goes on to where float64 has nothing left to tell it by. */
export const DECADES = 300;

export const CELLS = ["rnn", "lstm", "gru"];
/** Racers' colours far apart from one another. */
const HUES = /** @type {Record<string, number>} */ ({ rnn: 4, lstm: 1, gru: 5, c: 2 });

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

  get steps() {
    return Number(this.note.steps ?? 0);
  }

  get inks() {
    return inksOf(this.stage.plots.colors());
  }

  /** @param {string} name a cell, or "c" for an LSTM's cell state */
  colour(name) {
    return racerColor(HUES[name]);
  }

  /** @param {string} cell */
  called(cell) {
    return this.stage.t(`recurrent.gradients.cell.${cell}`);
  }

  /** What a part of a gradient comes through. @param {string} cell @param {string} part */
  part(cell, part) {
    return this.stage.t(`recurrent.gradients.part.${part === "h" || part === "keep" ? `${cell}.${part}` : part}`);
  }

  /** The cell whose number is open. */
  get cell() {
    const cell = String(this.stage.selected()?.cell ?? "lstm");
    return CELLS.includes(cell) ? cell : "lstm";
  }

  /** The unit that is open, of what is open. */
  get unit() {
    const unit = Number(this.stage.selected()?.unit ?? 0);
    return unit < Number(this.note.hidden ?? 1) ? unit : 0;
  }

  /** Whether a target can be opened in this run at all. @param {Target} target */
  has(target) {
    return Number(target.unit ?? 0) < Number(this.note.hidden ?? 1);
  }
}
