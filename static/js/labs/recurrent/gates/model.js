/** The run that the parts of the picture share: its text, its layers, and the unit that is looked at. */

import { palettes } from "../../../core/tiles.js";
import { inksOf } from "../../../core/chart/ink.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{name: string, layer: number, direction: string, unit: number}} Unit  a value of one unit */

/** Gates open between 0 and 1; candidates and states lie on both sides of 0. */
const OPENS = new Set(["i", "f", "o", "r", "z"]);
/** The gate that multiplies what was there, by kind of cell. */
const KEEPS = /** @type {Record<string, string>} */ ({ lstm: "f", gru: "z" });
const WAYS = ["forward", "reverse"];

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.inks = inksOf(stage.plots.colors());
    this.palettes = palettes();
    this.mono = "";
    /** @type {import("../../../core/types.js").SceneView | null} */
    this.scene = null;
    /** @type {import("../../../core/types.js").Params} */
    this.params = {};
    /** None before the first run: then its `first`. @type {Unit} */
    this.unit = { name: "", layer: 1, direction: "forward", unit: 0 };
    /** The steps that the tape shows. @type {[number, number]} */
    this.window = [0, 1];
    this.paint();
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    if (!this.has(this.unit)) this.unit = this.first;
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  /** @type {string[]} */
  get tokens() {
    return this.note.tokens ?? [];
  }

  /** What is drawn and can be opened. @type {string[]} */
  get names() {
    return (this.note.names ?? []).filter((/** @type {string} */ name) => name !== "s" && name !== "y");
  }

  get layers() {
    return Number(this.note.layers ?? 1);
  }

  get directions() {
    return Number(this.note.directions ?? 1);
  }

  get hidden() {
    return Number(this.note.hidden ?? 1);
  }

  get keeps() {
    return KEEPS[this.note.kind] ?? null;
  }

  get held() {
    return this.stage.params().held ?? [];
  }

  /** The same after every change, also those that the run shown does not have yet. @returns {Record<string, any>[]} */
  get newest() {
    return this.stage.ahead("held") ?? this.held;
  }

  /** The theme's colours, read once: asking the page for its style costs as much as drawing. */
  paint() {
    this.inks = inksOf(this.stage.plots.colors());
    this.palettes = palettes();
    this.mono = getComputedStyle(document.documentElement).getPropertyValue("--mono");
  }

  /** What is opened first: the state of the last layer. @returns {Unit} */
  get first() {
    return { name: "h", layer: this.layers, direction: "forward", unit: 0 };
  }

  /** @param {Unit} unit */
  has({ name, layer, direction, unit }) {
    return this.names.includes(name) && layer <= this.layers && WAYS.indexOf(direction) < this.directions && unit < this.hidden;
  }

  /** The unit of a value's target; null: it names none of this run. @param {Target | null} target @returns {Unit | null} */
  of(target) {
    if (target?.kind !== "value") return null;
    const { name, layer = 1, direction = "forward", unit = 0 } = target;
    const found = { name, layer, direction, unit };
    return this.has(found) ? found : null;
  }

  /** Where a layer's direction stands in the tensors. @param {Unit} unit */
  row({ layer, direction }) {
    return (layer - 1) * this.directions + WAYS.indexOf(direction);
  }

  /** Look at another unit. @param {Partial<Unit>} change */
  select(change) {
    this.stage.select({ kind: "value", ...this.unit, ...change });
  }

  /** @param {string} name */
  opens(name) {
    return OPENS.has(name);
  }

  /** A value's place in a palette of 256: 0 to 1, or -1 to 1; c by what it puts out, tanh c. @param {string} name @param {number} value */
  level(name, value) {
    if (Number.isNaN(value)) return -1;
    const place = OPENS.has(name) ? value : ((name === "c" ? Math.tanh(value) : value) + 1) / 2;
    return Math.max(0, Math.min(255, Math.round(255 * place)));
  }

  /** @param {string} name */
  palette(name) {
    return OPENS.has(name) ? this.palettes.magnitude : this.palettes.signed;
  }

  /** Whether each character gets a tag; else the model says what comes next. */
  get tags() {
    return this.note.says === "tag";
  }

  /** What is right to say after step `seq`, by its number; undefined: nobody knows. @param {number} seq @returns {number | undefined} */
  wanted(seq) {
    const right = this.note.wanted?.[seq - 1];
    return right >= 0 ? right : undefined;
  }

  /** What the model may say, in words. @param {number} k */
  word(k) {
    const name = this.note.vocabulary[k];
    return this.tags ? this.stage.t(`recurrent.gates.tag.${name}`) : this.shown(name);
  }

  /** A token as it is shown: what is not seen gets a sign. @param {string} token */
  shown(token) {
    return token === " " ? "␣" : token === "\n" ? "⏎" : token;
  }

  /** The values of one tensor's column over the frames held: calls `each(seq, value)`. @param {string} name @param {number} column @param {number} from @param {number} to @param {(seq: number, value: number) => void} each */
  column(name, column, from, to, each) {
    for (const block of this.stage.timeline.blocks(from, to)) {
      const part = block.tensor(name);
      if (!part) continue;
      for (let f = 0; f < block.count; f += 1) {
        const seq = block.seq + f;
        if (seq >= from && seq <= to) each(seq, Number(part.data[f * part.size + column]));
      }
    }
  }
}
