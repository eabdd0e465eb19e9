/**
 * The run that the parts of attention/translate share: what is read and said, the maps, which row of the decoder is looked at. All count
 * from 0 but steps; the decoder's step k is the frame `read + k`.
 */

import { inksOf } from "../../../core/chart/ink.js";
import { palettes } from "../../../core/tiles.js";
import { Opened } from "./opened.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {"encoder" | "self" | "cross"} MapName */
/** @typedef {{layer: number, head: number, row: number, column: number}} Place  the head after the last is their mean */
/** @typedef {{rows: number, columns: number, values: Float32Array}} Weights  NaN: not here yet */

export const MAPS = /** @type {MapName[]} */ (["encoder", "self", "cross"]);
/** The special tokens as they are shown. */
const SIGNS = /** @type {Record<string, string>} */ ({ "<pad>": "·", "<bos>": "▸", "<eos>": "■", " ": "␣" });

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.inks = inksOf(stage.plots.colors());
    this.palettes = palettes();
    /** @type {import("../../../core/types.js").SceneView | null} */
    this.scene = null;
    /** @type {import("../../../core/types.js").Params} */
    this.params = {};
    this.row = "free";
    this.opened = new Opened(this);
    /** The decoder's steps, as far as is known. */
    this.said = 1;
    /** Whether what our grammar says is drawn over the cross maps. */
    this.overlay = true;
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    this.said = 1;
    if (!this.rows.includes(this.row)) this.row = this.rows[0];
  }

  /** What the frames that are there say of the decoder's length. @returns {boolean} whether it became longer */
  grow() {
    const found = Math.max(this.wanted?.length ?? 1, this.stage.timeline.last - this.read);
    const grew = found > this.said;
    if (grew) this.said = found;
    return grew;
  }

  /** The theme's colours, read once. */
  paint() {
    this.inks = inksOf(this.stage.plots.colors());
    this.palettes = palettes();
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  /** What is read, the end included. @type {string[]} */
  get tokens() {
    return this.note.tokens ?? [];
  }

  get layers() {
    return Number(this.note.layers ?? 1);
  }

  get heads() {
    return Number(this.note.heads ?? 1);
  }

  /** Frames before the decoder speaks. */
  get read() {
    return this.layers;
  }

  /** @type {string[]} */
  get rows() {
    return this.note.rows ?? ["free"];
  }

  /** @type {number[] | null} */
  get wanted() {
    return this.note.wanted ?? null;
  }

  get noTarget() {
    return this.stage.t("attention.translate.page.no_target");
  }

  /** A row's name. @param {string} row */
  named(row) {
    return this.stage.t(`attention.translate.who.${row}`);
  }

  /** What a row was given and said at a frame; null where it has ended. @param {number} seq @param {string} row @returns {Record<string, any> & {given: number, said: number} | null} */
  says(seq, row) {
    return this.stage.timeline.frame(seq)?.note[row] ?? null;
  }

  /** What was said until a frame, as it is written; of a row that has ended its last. @param {number} seq @returns {string} */
  textAt(seq) {
    for (let at = seq; at > this.read; at -= 1) {
      const says = this.says(at, this.row);
      if (says) return says.text;
    }
    return "";
  }

  /** A word of the vocabulary as it is shown. @param {number | undefined} token */
  shown(token) {
    const text = String(this.note.vocabulary?.[token ?? -1] ?? "");
    return SIGNS[text] ?? text;
  }

  /** A word of the source as it is shown. @param {number} place */
  source(place) {
    const text = this.tokens[place] ?? "";
    return SIGNS[text] ?? text;
  }

  /** Words one after the other. @param {number[]} tokens */
  text(tokens) {
    const joined = ["english_french", "chinese_english"].includes(this.params.task) ? " " : "";
    return tokens.map((token) => this.shown(token)).join(joined);
  }

  /** A row's label of a map; of the cross map what is said there, of the decoder's own what was given. @param {MapName} map @param {number} row */
  labelOf(map, row) {
    if (map === "encoder") return this.source(row);
    const says = row + this.read + 1 <= this.stage.player.seq ? this.says(this.read + row + 1, this.row) : null;
    return says ? this.shown(map === "cross" ? says.said : says.given) : "";
  }

  /** Who asks; in the cross map also what comes of it. @param {MapName} map @param {number} row */
  asking(map, row) {
    const label = this.labelOf(map, row);
    return map === "cross" && label ? `${this.labelOf("self", row)} → ${label}` : label;
  }

  /** @param {MapName} map @param {number} column */
  columnOf(map, column) {
    if (map !== "self") return this.source(column);
    const seen = this.labelOf("self", column);
    return seen || this.row !== "forced" ? seen : this.shown(this.wanted?.[column - 1]);
  }

  /** Whether the row's pass sees all its tokens at once, under the mask. */
  get masks() {
    return this.row === "forced";
  }

  /**
   * A map until a frame; the head after the last: the heads' mean.
   * @param {MapName} map @param {number} layer @param {number} head @param {number} seq @returns {Weights}
   */
  weights(map, layer, head, seq) {
    const { heads, read } = this;
    const columns = map === "self" ? this.said : this.tokens.length;
    const rows = map === "encoder" ? columns : this.said;
    const values = new Float32Array(rows * columns).fill(NaN);
    const from = head === heads ? 0 : head;
    const many = head === heads ? heads : 1;
    const add = (/** @type {ArrayLike<number | bigint>} */ data, /** @type {number} */ start, /** @type {number} */ stride, /** @type {number} */ width, /** @type {number} */ at) => {
      for (let column = 0; column < Math.min(width, columns); column += 1) {
        let sum = 0;
        for (let h = 0; h < many; h += 1) sum += Number(data[start + (from + h) * stride + column]);
        values[at * columns + column] = sum / many;
      }
    };
    if (map === "encoder") {
      const part = layer < seq ? this.stage.timeline.frame(layer + 1)?.tensors["encoder/map"] : null;
      if (part) for (let row = 0; row < rows; row += 1) add(part.data, row * columns, rows * columns, columns, row);
      return { rows, columns, values };
    }
    for (let row = 0; row < rows && read + row + 1 <= seq; row += 1) {
      const part = this.stage.timeline.frame(read + row + 1)?.tensors[`${this.row}/${map}`];
      if (!part) continue;
      const width = part.shape[2];
      add(part.data, layer * heads * width, width, width, row);
    }
    return { rows, columns, values };
  }

  /** Where the word of a row comes from, as our grammar says; null: nobody knows. @param {number} row @returns {number[] | null} */
  gold(row) {
    return this.says(this.read + row + 1, this.row)?.gold ? (this.note.gold?.[row] ?? null) : null;
  }

  /** The share of the words until a frame that a cross map finds; NaN: none yet. @param {number} seq @param {number} layer @param {number} head */
  share(seq, layer, head) {
    return Number(this.stage.timeline.frame(seq)?.tensors[`${this.row}/gold`]?.data[layer * (this.heads + 1) + head] ?? NaN);
  }

  /** "Layer 2, head 3", or their mean. @param {number} layer @param {number} head */
  headNamed(layer, head) {
    const { t } = this.stage;
    return head === this.heads ? t("attention.translate.page.mean_of", { layer: layer + 1 }) : t("attention.translate.page.head", { layer: layer + 1, head: head + 1 });
  }

  /** Go to a step of the decoder and open a value there. @param {number} step @param {Target} target */
  open(step, target) {
    this.stage.player.seek(this.read + step);
    this.stage.select(target);
  }
}
