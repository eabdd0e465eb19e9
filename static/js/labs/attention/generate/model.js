/**
 * The run that is shown, as the parts of attention/generate read it. Places of the text count from 0. The row that is looked at is
 * the newest token's that was read: it said what this step wrote. In frame 0, which read the prompt, it is any of the prompt's.
 */

import { Model as Writing } from "../../../core/writing/model.js";
import { palettes } from "../../../core/tiles.js";

/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{n: number, exact: boolean, most: number, at: (row: number, column: number) => number}} Shares  a map as drawn */

/** A head is named by its largest score from here on, where that is also twice what an even spread would have. */
const NAMED = 0.3;
/** The first rows have little choice: they do not decide how bright a map is. */
const EARLY = 4;

export class Model extends Writing {
  /** @param {import("../../../core/types.js").Stage} stage */
  constructor(stage) {
    super(stage);
    this.layer = 0;
    this.head = 0;
    this.row = 0;
    this.column = 0;
    /** Where the pointer is; -1: nowhere. */
    this.link = { row: -1, column: -1 };
    /** The pointer went elsewhere. @type {() => void} */
    this.changed = () => undefined;
    this.colours = palettes();
    /** Every weight of every head, row by row as frames come. */
    this.maps = new Float32Array(0);
    /** Rows that are in `maps`. */
    this.rows = 0;
    /** @type {object | null} the timeline that they belong to */
    this.run = null;
    /** The step that is drawn. */
    this.seq = 0;
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    super.take(scene, params);
    this.run = null;
    this.layer = Math.min(this.layer, this.layers - 1);
    this.head = Math.min(this.head, this.heads - 1);
    this.link = { row: -1, column: -1 };
  }

  paint() {
    super.paint();
    this.colours = palettes();
  }

  get layers() {
    return Number(this.note.layers ?? 0);
  }

  get heads() {
    return Number(this.note.heads ?? 0);
  }

  /** Rows and columns of a map: every token that will be read. */
  get size() {
    return Number(this.note.size ?? 0);
  }

  /** @returns {string[]} */
  get patterns() {
    return this.note.patterns ?? [];
  }

  /** The row that a frame's newest token asks with. @param {number} seq */
  newest(seq) {
    return this.prompt.length - 1 + Math.max(0, seq - 1);
  }

  /** The frame whose newest row a place has. @param {number} row */
  frameOf(row) {
    return Math.max(0, row - this.prompt.length + 2);
  }

  /** What stands at a place; "": nothing yet. @param {number} place */
  token(place) {
    return this.written(place - this.prompt.length + 1);
  }

  /** @param {number} place */
  label(place) {
    return this.shown(this.token(place));
  }

  /** Rows and columns as the matrix names them. @returns {{label: string}[]} */
  get units() {
    return Array.from({ length: this.size }, (_, place) => ({ label: this.label(place) }));
  }

  /** Put the rows of all frames up to this one where they belong. @param {number} seq */
  gather(seq) {
    const { layers, heads, size } = this;
    const { timeline } = this.stage;
    if (timeline !== this.run) {
      this.run = timeline;
      this.maps = new Float32Array(layers * heads * size * size);
      this.rows = 0;
    }
    this.seq = seq;
    while (this.rows <= this.newest(seq)) {
      const frame = timeline.frame(this.rows ? this.frameOf(this.rows) : 0);
      if (!frame) return;
      const { data, shape } = frame.tensors.rows;
      const count = shape[2];
      const from = this.newest(frame.seq) + 1 - count;
      for (let map = 0; map < layers * heads; map += 1) this.maps.set(/** @type {Float32Array} */ (data).subarray(map * count * size, (map + 1) * count * size), (map * size + from) * size);
      this.rows = from + count;
    }
  }

  /** A head's map as far as it is computed at the step drawn: what a token cannot see is no number. @param {number} layer @param {number} head @returns {Shares} */
  shares(layer, head) {
    const { size, maps } = this;
    const start = (layer * this.heads + head) * size * size;
    const last = Math.min(this.newest(this.seq), this.rows - 1);
    const at = (/** @type {number} */ row, /** @type {number} */ column) => (column > row || row > last ? NaN : maps[start + row * size + column]);
    let most = 0;
    for (let row = Math.min(EARLY, last); row <= last; row += 1) for (let column = 0; column <= row; column += 1) most = Math.max(most, at(row, column));
    return { n: size, exact: true, most: most || 1, at };
  }

  /** "Layer 2, head 3". @param {number} layer @param {number} head */
  named(layer, head) {
    return this.stage.t("attention.encoder.page.head", { layer: layer + 1, head: head + 1 });
  }

  /** A head's score of each pattern; NaN: nothing in this text could follow it. @param {FrameView} frame @param {number} layer @param {number} head */
  scores(frame, layer, head) {
    const { data } = frame.tensors.scores;
    return this.patterns.map((_, at) => Number(data[(layer * this.heads + head) * this.patterns.length + at]));
  }

  /** Heads by how far they follow a pattern, the one that does most first. @param {FrameView} frame @param {number} at */
  ranked(frame, at) {
    return Array.from({ length: this.layers * this.heads }, (_, map) => ({ layer: Math.floor(map / this.heads), head: map % this.heads }))
      .map(({ layer, head }) => ({ at, layer, head, score: this.scores(frame, layer, head)[at] }))
      .filter(({ score }) => !Number.isNaN(score))
      .sort((a, b) => b.score - a.score);
  }

  /** The head that follows a pattern most; null: nothing in this text could. @param {FrameView} frame @param {string} name */
  best(frame, name) {
    return this.ranked(frame, this.patterns.indexOf(name))[0] ?? null;
  }

  /** The pattern that a head is named by, with its score; "": none is strong. @param {FrameView} frame @param {number} layer @param {number} head */
  labelled(frame, layer, head) {
    const scores = this.scores(frame, layer, head);
    const strong = scores.map((score, at) => (score >= NAMED && score >= 2 * Number(frame.tensors.chance.data[at]) ? score : -1));
    const best = strong.indexOf(Math.max(...strong));
    return strong[best] < 0 ? this.stage.t("attention.encoder.page.unnamed") : `${this.stage.t(`attention.generate.pattern.${this.patterns[best]}`)} ${strong[best].toFixed(2)}`;
  }

  /** Places that followed earlier occurrences of the token at a place. @param {number} place */
  follows(place) {
    const token = this.token(place);
    return Array.from({ length: place }, (_, at) => at).filter((at) => this.token(at) === token).map((at) => at + 1);
  }

  /** Make what is opened what is looked at. @param {number} seq */
  adopt(seq) {
    const target = this.stage.selected();
    this.row = this.newest(seq);
    if (!target) return;
    if (Number.isInteger(target.layer) && target.layer < this.layers) this.layer = target.layer;
    if (Number.isInteger(target.head) && target.head < this.heads) this.head = target.head;
    if (seq === 0 && Number.isInteger(target.query)) this.row = Math.min(target.query, this.row);
    if (Number.isInteger(target.key)) this.column = Math.min(target.key, this.row);
    else this.column = this.strongest(this.row);
  }

  /** Where the open head looks most from a row. @param {number} row */
  strongest(row) {
    const shares = this.shares(this.layer, this.head);
    let best = 0;
    for (let column = 1; column <= row; column += 1) if (shares.at(row, column) > shares.at(row, best)) best = column;
    return best;
  }

  /** Open a weight of the open head, in the step that computed its row. @param {number} row @param {number} column */
  open(row, column) {
    const seq = this.frameOf(row);
    if (seq > this.stage.timeline.last) return;
    this.stage.select({ kind: "weight", layer: this.layer, head: this.head, key: Math.min(column, Math.max(row, this.newest(seq))), ...(seq ? {} : { query: row }) });
    if (seq !== this.stage.player.seq) this.stage.player.seek(seq);
  }

  /** Look at another head; a weight that is open goes along. @param {number} layer @param {number} head */
  look(layer, head) {
    [this.layer, this.head] = [layer, head];
    const target = this.stage.selected();
    if (target && "layer" in target) this.stage.select({ ...target, layer, head });
    else this.changed();
  }

  /** Whether a target can still be opened. @param {Target} target */
  has(target) {
    if (!super.has(target)) return false;
    if (!("layer" in target)) return !("query" in target);
    const [places, numbers] = [this.prompt.length, Number(this.note.d_k)];
    return target.layer < this.layers && (target.head ?? 0) < this.heads && ["key", "query", "token"].every((name) => (target[name] ?? 0) < places) && (target.column ?? 0) < numbers;
  }

  /** The pointer went elsewhere. @param {number} row @param {number} [column] */
  point(row, column = -1) {
    if (row === this.link.row && column === this.link.column) return;
    this.link = { row, column };
    this.changed();
  }
}
