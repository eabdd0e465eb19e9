/**
 * The run that is shown, as the parts of attention/encoder read it. The frame at the play head is the layer that is looked at; rows
 * and columns are the units drawn: tokens, or words. All count from 0 but the play head, whose frame 0 is the embeddings.
 */

import { num } from "../../../core/format.js";
import { LEVELS, palettes } from "../../../core/tiles.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Params} Params */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{label: string, tokens: number[], type: number, special: boolean}} Unit */
/** @typedef {{row: number, column: number}} Link  where the pointer is; -1: nowhere */
/** @typedef {{n: number, exact: boolean, most: number, at: (row: number, column: number) => number}} Shares  a map as drawn */

/** Exact maps are asked for when a head was shown for so long, milliseconds. */
const STILL = 60;
/** Exact numbers that are kept: 24 maps of 512 x 512. */
const KEPT = 24 * 2 ** 18;

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SceneView | null} */
    this.scene = null;
    /** @type {Params} */
    this.params = {};
    this.head = 0;
    this.row = 0;
    this.column = 0;
    /** Other heads whose lines are drawn too. @type {Set<number>} */
    this.also = new Set();
    /** @type {Link} */
    this.link = { row: -1, column: -1 };
    /** Something that is not a run's changed: a head, a word, the pointer, exact values that came. @type {() => void} */
    this.changed = () => undefined;
    this.colours = palettes();
    /** @type {Map<string, Float32Array>} exact maps of this run */
    this.kept = new Map();
    /** @type {Set<string>} asked for and not here */
    this.asked = new Set();
    /** @type {object | null} the timeline that they belong to */
    this.run = null;
    this.timer = 0;
  }

  /** @param {SceneView} scene @param {Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    this.link = { row: -1, column: -1 };
    this.clamp();
  }

  clamp() {
    const last = Math.max(0, this.units.length - 1);
    this.head = Math.max(0, Math.min(this.head, this.heads - 1));
    this.row = Math.min(this.row, last);
    this.column = Math.min(this.column, last);
  }

  get note() {
    return this.scene?.note ?? {};
  }

  /** @returns {Unit[]} */
  get units() {
    return this.note.units ?? [];
  }

  /** @returns {string[]} */
  get patterns() {
    return this.note.patterns ?? [];
  }

  get heads() {
    return Number(this.note.heads ?? 0);
  }

  get layers() {
    return Number(this.note.layers ?? 0);
  }

  /** @returns {number[][]} layer and head of those switched off, in the run shown */
  get off() {
    return this.note.off ?? [];
  }

  /** @param {number} layer @param {number} head */
  isOff(layer, head) {
    return this.off.some(([l, h]) => l === layer && h === head);
  }

  /** Switch a head off or on again; the next change builds on what was changed last. @param {number} layer @param {number} head */
  toggle(layer, head) {
    const newest = this.stage.ahead("off") ?? this.params.off ?? [];
    const others = newest.filter((/** @type {any} */ one) => one.layer !== layer || one.head !== head);
    this.edit({ off: others.length < newest.length ? others : [...newest, { layer, head }] });
  }

  /** Other params, looked at in the same layer. @param {Params} partial */
  edit(partial) {
    this.stage.edit(partial, { commit: false });
    this.stage.edit(partial);
  }

  /** A layer's frame; null: not here yet. @param {number} layer @returns {FrameView | null} */
  frame(layer) {
    return this.stage.timeline.frame(layer + 1);
  }

  /** "Layer 3, head 5" in short. @param {number} layer @param {number} head */
  named(layer, head) {
    const { kind, number } = this.part(layer);
    return this.stage.t(kind === "layer" ? "attention.encoder.page.head" : `attention.encoder.page.part_head.${kind}`, { layer: number, head: head + 1 });
  }

  /** Which layer an attention belongs to. @param {number} layer @returns {{kind: string, number: number}} */
  part(layer) {
    return this.note.parts?.[layer] ?? { kind: "layer", number: layer + 1 };
  }

  /** The same in one or two letters: "3", "D3". @param {number} layer */
  short(layer) {
    const { kind, number } = this.part(layer);
    return kind === "layer" ? String(number) : `${kind[0].toUpperCase()}${number}`;
  }

  /** Which model reads, how large it is, and why it does. */
  get reader() {
    const { title, model, layers, heads, parameters, why } = this.note;
    const { t } = this.stage;
    const named = title || t(`attention.encoder.model.${model}`);
    return `${t("attention.encoder.page.reads", { model: named, layers, heads, parameters: count(parameters) })} ${t(`attention.encoder.page.why_${why}`)}`;
  }

  /** A head's score of each pattern; NaN: nothing follows it in this text. @param {FrameView} frame @param {number} head @returns {number[]} */
  scores(frame, head) {
    const { data, shape } = frame.tensors.scores;
    return this.patterns.map((_, at) => Number(data[head * shape[1] + at]));
  }

  /** What an even spread over what is seen would score. @param {FrameView} frame @param {number} at */
  chance(frame, at) {
    return Number(frame.tensors.chance.data[at] ?? NaN);
  }

  /** The pattern that a head is named by; null: none is strong. @param {FrameView} frame @param {number} head @returns {{name: string, score: number} | null} */
  label(frame, head) {
    let best = -1;
    const scores = this.scores(frame, head);
    scores.forEach((score, at) => {
      if (score >= this.note.named && score >= 2 * this.chance(frame, at) && !(score <= (scores[best] ?? -1))) best = at;
    });
    return best < 0 ? null : { name: this.patterns[best], score: scores[best] };
  }

  /** The same in words. @param {FrameView} frame @param {number} head */
  labelled(frame, head) {
    const label = this.label(frame, head);
    return label ? `${this.stage.t(`attention.encoder.pattern.${label.name}`)} ${label.score.toFixed(2)}` : this.stage.t("attention.encoder.page.unnamed");
  }

  /**
   * A head's map: exact where it is here, else from its tile; exact values are asked for.
   * @param {FrameView} frame @param {number} head @param {"drawn" | "untouched"} [name] @returns {Shares}
   */
  shares(frame, head, name = "drawn") {
    const n = this.units.length;
    const key = `${frame.seq} ${name} ${head}`;
    const whole = this.#whole(key, () => this.stage.fetch(frame.seq, name, [head]));
    if (whole) return exactly(whole, n);
    return name === "drawn" ? this.#tile(frame, "tiles", "step", head) : { n, exact: false, most: 1, at: () => NaN };
  }

  /** The rollout to a layer. @param {FrameView} frame @returns {Shares} */
  rollout(frame) {
    const whole = this.#whole(`${frame.seq} rollout`, () => this.stage.fetch(frame.seq, "rollout"));
    return whole ? exactly(whole, this.units.length) : this.#tile(frame, "rollout_tiles", "rollout_step", 0);
  }

  /** @param {FrameView} frame @param {string} tiles @param {string} steps @param {number} at @returns {Shares} */
  #tile(frame, tiles, steps, at) {
    const { data, shape } = frame.tensors[tiles];
    const [, side] = shape;
    const step = Number(frame.tensors[steps].data[at]);
    const by = Number(this.note.factor);
    const from = at * side * side;
    return { n: this.units.length, exact: false, most: step * LEVELS, at: (row, column) => step * Number(data[from + Math.floor(row / by) * side + Math.floor(column / by)]) };
  }

  /** @param {string} key @param {() => Promise<import("../../../core/types.js").Tensor>} ask @returns {Float32Array | null} */
  #whole(key, ask) {
    const { timeline } = this.stage;
    if (timeline !== this.run) {
      this.run = timeline;
      this.kept.clear();
      this.asked.clear();
    }
    const found = this.kept.get(key);
    if (found || this.asked.has(key)) return found ?? null;
    this.asked.add(key);
    const { run } = this;
    window.setTimeout(async () => {
      if (run !== this.run) return;
      try {
        const { data } = await ask();
        if (run !== this.run) return;
        this.kept.set(key, Float32Array.from(/** @type {ArrayLike<number>} */ (data)));
        let held = [...this.kept.values()].reduce((sum, one) => sum + one.length, 0);
        for (const [old, values] of this.kept) {
          if (held <= KEPT || old === key) break;
          held -= values.length;
          this.kept.delete(old);
        }
        this.changed();
      } catch {
        // the line is down or another run took its place: the tile stays
      } finally {
        if (run === this.run) this.asked.delete(key);
      }
    }, STILL);
    return null;
  }

  /** The unit that a token belongs to; -1: it is hidden. @param {number} token */
  unitOf(token) {
    return this.units.findIndex((unit) => unit.tokens.includes(token));
  }

  /** Open a weight of the head shown. @param {number} row @param {number} column @param {number} [head] */
  open(row, column, head = this.head) {
    this.stage.select({ kind: "cell", head, row, column });
  }

  /** Look at another head; a weight that is open goes along. @param {number} layer @param {number} head */
  look(layer, head) {
    this.head = head;
    this.also.delete(head);
    if (layer + 1 !== this.stage.player.seq) this.stage.player.seek(layer + 1);
    this.open(this.row, this.column, head);
  }

  /** Make what is opened what is looked at. @param {Target | null} target */
  adopt(target) {
    if (!target) return;
    if (Number.isInteger(target.head) && target.head < this.heads) this.head = target.head;
    const [row, column] = target.kind === "cell" || target.kind === "rollout" ? [target.row, target.column] : ["query" in target ? this.unitOf(target.query) : -1, "key" in target ? this.unitOf(target.key) : -1];
    if (row >= 0) this.row = row;
    if (column >= 0) this.column = column;
    this.clamp();
  }

  /** Whether a target can still be opened. @param {Target | null} target */
  has(target) {
    if (!target) return false;
    const [units, tokens] = [this.units.length, this.note.tokens?.length ?? 0];
    if ((target.row ?? 0) >= units || (target.column ?? 0) >= (["q", "k", "v"].includes(target.kind) ? this.note.d_k : units)) return false;
    if ((target.query ?? 0) >= tokens || (target.key ?? 0) >= tokens || (target.token ?? 0) >= tokens) return false;
    if (target.kind === "change" || target.kind === "embedding") return this.off.length > 0;
    if ((target.head ?? 0) >= this.heads || (["q", "k", "v"].includes(target.kind) && !this.note.opens)) return false;
    if (target.kind === "score") {
      const frame = this.frame(Math.max(0, this.stage.player.seq - 1));
      return !frame || !Number.isNaN(this.chance(frame, this.patterns.indexOf(target.pattern)));
    }
    return target.kind !== "rolled";
  }

  /** The pointer went elsewhere. @param {number} row @param {number} [column] */
  point(row, column = -1) {
    if (row === this.link.row && column === this.link.column) return;
    this.link = { row, column };
    this.changed();
  }

  /** The row whose weights colour the words: under the pointer, else the one opened. */
  get asking() {
    return this.link.row >= 0 ? this.link.row : this.row;
  }
}

/** @param {Float32Array} values @param {number} n @returns {Shares} */
function exactly(values, n) {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return { n, exact: true, most, at: (row, column) => values[row * n + column] };
}

/** 22.6 M, 0.11 M. @param {number} parameters */
function count(parameters) {
  return `${num(parameters / 1e6, 3)} M`;
}
