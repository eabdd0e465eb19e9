/** The run that the parts of the picture share: its racers, its words, who is selected. */

import { inksOf } from "../../../core/chart/ink.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{label: string, rule: string, color: number}} Racer */

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {import("../../../core/types.js").SceneView | null} */
    this.scene = null;
    /** @type {import("../../../core/types.js").Params} */
    this.params = {};
    this.chosen = 0;
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    if (!this.racers[this.chosen]) this.chosen = 0;
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  /** @type {Racer[]} */
  get racers() {
    return this.note.racers ?? [];
  }

  /** Whether a class is asked for, so that answers can be right. */
  get classes() {
    return (this.note.classes ?? []).length > 0;
  }

  /** Whether the data are points that can be drawn. */
  get drawn() {
    return Boolean(this.scene?.tensors.points);
  }

  get seeds() {
    return /** @type {number[]} */ (this.note.seeds ?? []);
  }

  /** The last frame's step. */
  get last() {
    return Math.ceil(Number(this.note.steps ?? 0) / Number(this.params.every ?? this.note.epoch ?? 1));
  }

  get inks() {
    return inksOf(this.stage.plots.colors());
  }

  /** @param {number} r */
  colour(r) {
    return racerColor(this.racers[r]?.color ?? r);
  }

  /** Follow what is open in the explain panel. @returns {boolean} whether another racer is selected */
  follow() {
    const racer = Number(this.stage.selected()?.racer ?? this.chosen);
    if (racer === this.chosen || !this.racers[racer]) return false;
    this.chosen = racer;
    return true;
  }

  /** Whether a target can be opened in this run. @param {Target} target */
  has(target) {
    if (!this.racers[Number(target.racer ?? 0)]) return false;
    if (target.kind === "tuned") return Number(this.params.tuning) > 0;
    if (target.kind === "picture") {
      const sides = ["axis/x", "axis/y"].map((name) => this.scene?.tensors[name]?.shape[0] ?? 1);
      return this.drawn && Number(target.x ?? 0) < sides[0] && Number(target.y ?? 0) < sides[1];
    }
    if (String(target.name).endsWith("accuracy") && !this.classes) return false;
    return Number(target.seed ?? 0) < this.seeds.length;
  }
}
