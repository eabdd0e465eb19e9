/** The run that the parts of the picture share: what is read and said, and the unit and the row that are looked at. */

import { palettes } from "../../../core/tiles.js";
import { inksOf } from "../../../core/chart/ink.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{name: string, unit: number, row: string}} Unit  a value of one unit; the row is the decoder's */

/** Gates open between 0 and 1; candidates and states lie on both sides of 0. */
const OPENS = new Set(["i", "f", "o", "r", "z"]);
/** The special tokens as they are shown. */
const SIGNS = /** @type {Record<string, string>} */ ({ "<pad>": "·", "<bos>": "▸", "<eos>": "■", " ": "␣" });
const END = 2;

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
    /** @type {Unit} */
    this.unit = { name: "h", unit: 0, row: "free" };
    /** How many steps the decoder speaks, as far as is known. */
    this.said = 1;
    this.paint();
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    this.said = 1;
    const { name, unit, row } = this.unit;
    this.unit = { name: this.names.includes(name) ? name : "h", unit: unit < this.hidden ? unit : 0, row: this.rows.includes(row) ? row : this.rows[0] };
  }

  /** What the frames that are there say of the decoder's length. @returns {boolean} whether it became longer */
  grow() {
    const found = Math.max(this.wanted?.length ?? 1, this.stage.timeline.last - this.read);
    const grew = found > this.said;
    if (grew) this.said = found;
    return grew;
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  /** @type {string[]} */
  get names() {
    return this.note.names ?? [];
  }

  /** @type {string[]} */
  get tokens() {
    return this.note.tokens ?? [];
  }

  /** How many characters are read. */
  get read() {
    return this.tokens.length;
  }

  get hidden() {
    return Number(this.note.hidden ?? 1);
  }

  /** The decoder's rows: free, forced. @type {string[]} */
  get rows() {
    return this.note.rows ?? ["free"];
  }

  get row() {
    return this.unit.row;
  }

  /** What should be said, as numbers of the vocabulary; null: nobody knows. @type {number[] | null} */
  get wanted() {
    return this.note.wanted ?? null;
  }

  /** A row's name. @param {string} row */
  named(row) {
    return this.stage.t(`recurrent.translate.who.${row}`);
  }

  get noTarget() {
    return this.stage.t("recurrent.translate.page.no_target");
  }

  get looks() {
    return this.note.attention !== "none";
  }

  /** The theme's colours, read once. */
  paint() {
    this.inks = inksOf(this.stage.plots.colors());
    this.palettes = palettes();
    this.mono = getComputedStyle(document.documentElement).getPropertyValue("--mono");
  }

  /** Whose tensors a frame has: the encoder's, or those of the row that is looked at. @param {number} seq */
  who(seq) {
    return seq <= this.read ? "encoder" : this.row;
  }

  /** The step of the encoder or of the decoder. @param {number} seq */
  at(seq) {
    return seq <= this.read ? seq : seq - this.read;
  }

  /** What a row was given and said at a frame; null where it has ended. @param {number} seq @param {string} row @returns {{given: number, said: number} | null} */
  says(seq, row) {
    return this.stage.timeline.frame(seq)?.note[row] ?? null;
  }

  /** A character of the vocabulary as it is shown. @param {number | undefined} token */
  shown(token) {
    const text = String(this.note.vocabulary?.[token ?? -1] ?? "");
    return SIGNS[text] ?? text;
  }

  /** A character of the source as it is shown. @param {number} place */
  source(place) {
    const text = this.tokens[place] ?? "";
    return SIGNS[text] ?? text;
  }

  /** A text of the vocabulary. @param {number[]} tokens */
  text(tokens) {
    return tokens.map((token) => (token === END ? "■" : this.shown(token))).join("");
  }

  /** The unit of a value's target; null: it names none of this run. @param {Target | null} target @returns {Unit | null} */
  of(target) {
    if (!target) return null;
    const row = this.rows.includes(target.row) ? target.row : this.row;
    if (target.kind !== "value") return row === this.row ? null : { ...this.unit, row };
    const { name = "h", unit = 0 } = target;
    return this.names.includes(name) && unit < this.hidden ? { name, unit, row } : null;
  }

  /** Whether a target can be asked of this run. @param {Target} target */
  knows(target) {
    if (target.kind === "value") return Boolean(this.of(target)) && (!target.row || this.rows.includes(target.row));
    return target.kind !== "hypothesis" && (this.looks || !["score", "weight", "context"].includes(target.kind));
  }

  /** Look at another unit. @param {Partial<Unit>} change */
  select(change) {
    this.stage.select({ kind: "value", ...this.unit, ...change });
  }

  /** Go to a step of the decoder and open a value there. @param {number} step @param {Target} target */
  open(step, target) {
    this.stage.player.seek(this.read + step);
    this.stage.select(target);
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

  /** One tensor over the frames held: calls `each(seq, data, start)` where it is there. @param {string} name @param {number} from @param {number} to @param {(seq: number, data: ArrayLike<number | bigint>, start: number) => void} each */
  over(name, from, to, each) {
    for (const block of this.stage.timeline.blocks(from, to)) {
      const part = block.tensor(name);
      if (!part) continue;
      for (let f = 0; f < block.count; f += 1) each(block.seq + f, part.data, f * part.size);
    }
  }
}
