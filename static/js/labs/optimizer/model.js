/**
 * What every part of the race's page asks about the run: its racers, its minima, who is selected.
 * One object, owned by race.js and read by the parts; it draws nothing.
 */

import { inksOf } from "../../core/chart/ink.js";
import { racerColor } from "../../core/plots.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../core/types.js").Params} Params */
/** @typedef {import("../../core/types.js").Target} Target */

/**
 * @typedef {object} Racer  as the scene's note describes it
 * @property {string} label
 * @property {string} rule
 * @property {string} form
 * @property {string} formula       LaTeX
 * @property {{name: string, latex: string, shape: number[]}[]} state
 * @property {boolean} adaptive
 * @property {number} color
 */

export class Race {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {Racer[]} */
    this.racers = [];
    /** @type {[number, number, number][]} x, y, f of each minimum */
    this.minima = [];
    /** The least loss there is; null where nobody knows. @type {number | null} */
    this.least = null;
    /** The lowest loss on the surface's grid. */
    this.lowest = NaN;
    /** @type {Params} */
    this.params = {};
    this.chosen = 0;
    this.coordinate = 0;
    this.inks = inksOf(this.stage.plots.colors());
  }

  /**
   * Another run. Where the selected racer is no longer there, the one that tells most is selected.
   * @param {SceneView} scene @param {Params} params
   */
  take(scene, params) {
    const before = this.racers[this.chosen]?.rule;
    this.params = params;
    this.racers = scene.note.racers ?? [];
    this.minima = scene.note.minima ?? [];
    this.least = this.minima.length ? Math.min(...this.minima.map((m) => m[2])) : null;
    this.lowest = Infinity;
    for (const z of /** @type {Float32Array} */ (scene.tensors.z?.data ?? [])) if (z < this.lowest) this.lowest = z;
    if (this.racers[this.chosen]?.rule !== before) this.chosen = this.telling();
  }

  /** Follow what is open in the explain panel. @returns {boolean} whether another racer or coordinate is selected */
  follow() {
    const target = this.stage.selected();
    const racer = Number(target?.racer ?? this.chosen);
    const coordinate = Number(target?.coordinate ?? this.coordinate);
    if ((racer === this.chosen && coordinate === this.coordinate) || !this.racers[racer]) return false;
    this.chosen = racer;
    this.coordinate = coordinate === 1 ? 1 : 0;
    return true;
  }

  /** The racer whose insides tell most: one with a band or a switch, else Adam, else any with a memory. */
  telling() {
    const has = (/** @type {(racer: Racer) => boolean} */ test) => this.racers.findIndex(test);
    const special = has((racer) => racer.state.some(({ name }) => name === "lower_bound" || name === "lambda"));
    return [special, has((racer) => racer.rule === "adam"), has((racer) => racer.state.length > 0), 0].find((r) => r >= 0) ?? 0;
  }

  /** Whether a target of the explain panel is in this run. @param {Target} target */
  has(target) {
    const racer = this.racers[Number(target.racer ?? 0)];
    return Boolean(racer) && (target.kind !== "state" || racer.state.some(({ name }) => name === target.name));
  }

  /** What is taken off a loss before its logarithm; null: the loss cannot stand on a log axis. */
  get shift() {
    if (this.least !== null) return this.least;
    return this.lowest > 0 ? 0 : null;
  }

  /** @param {number} racer */
  colour(racer) {
    return racerColor(this.hue(racer));
  }

  /** The index of a racer's colour and mark. @param {number} racer */
  hue(racer) {
    return this.racers[racer]?.color ?? racer;
  }

  retheme() {
    this.inks = inksOf(this.stage.plots.colors());
  }
}
