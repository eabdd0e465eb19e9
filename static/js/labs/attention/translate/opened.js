/**
 * What is open in attention/translate: one value, what was asked for last. What is told of it at a frame and where the three maps stand
 * there follow from it and from the frame alone, so that it does not matter which frames were drawn between.
 */

import { same } from "../../../core/link.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").MapName} MapName */
/** @typedef {import("./model.js").Place} Place */
/** @typedef {import("../../../core/types.js").Params} Params */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {Place & {at: number}} Look  at: the frame whose key was chosen; at another the decoder's largest weight is open */

const NEVER = -1;
/** What stands in a map's cell. */
const LOOKED = ["weight", "score"];

export class Opened {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    /** @type {Target | null} */
    this.asked = null;
    /** How each map is looked at. @type {Record<MapName, Look>} */
    this.looks = { encoder: { layer: 0, head: 0, row: 0, column: 0, at: NEVER }, self: { layer: 0, head: 0, row: 0, column: 0, at: NEVER }, cross: { layer: 1, head: 4, row: 0, column: 0, at: NEVER } };
    /** The map that a weight was opened in last. @type {MapName} */
    this.map = "cross";
    /** What the page was given: another was chosen elsewhere on it. @type {Target | null} */
    this.given = null;
    /** What the params open, as text: a run that opens the same leaves what is open. */
    this.begun = "";
  }

  /**
   * Another run.
   * @param {Params} params @returns {number | null} the frame that it is to be watched until: what the params open stands there
   */
  begin({ open, task, feeding }) {
    const { model } = this;
    const begins = JSON.stringify([open ?? null, task]);
    if (begins === this.begun) return null;
    this.begun = begins;
    this.asked = null;
    if (!open) return null;
    const at = open.map === "encoder" ? open.layer + 1 : model.read + open.query + 1;
    if (feeding === "forced" && model.rows.includes("forced")) model.row = "forced";
    this.#ask(this.weight(open.map, { layer: open.layer, head: open.head, row: open.query, column: open.key }), at);
    return at;
  }

  /** What is open at a frame, where the page stands now; what was chosen elsewhere on the page is asked for from here on. @param {number} seq */
  draw(seq) {
    const { stage } = this.model;
    const selected = stage.selected();
    if (selected && selected !== this.given) this.#ask(selected, seq);
    this.#give(seq, false);
  }

  /** Look at a weight. @param {MapName} map @param {Partial<Place>} [change] a decoder's row without a column: its largest weight */
  look(map, change = {}) {
    const { model } = this;
    const { player, timeline } = model.stage;
    const place = { ...this.place(map, player.seq), ...change };
    if (map === "self" && !model.masks) place.column = Math.min(place.column, place.row);
    const seq = map === "encoder" ? Math.max(player.seq, place.layer + 1) : Math.max(model.read + 1, Math.min(timeline.last, model.read + place.row + 1));
    this.#ask(this.weight(map, place), change.column === undefined ? NEVER : seq);
    if (seq !== player.seq) player.seek(seq);
    this.#give(seq, true);
  }

  /** Look at another head of a map; what is open stays at its words. @param {MapName} map @param {number} layer @param {number} head */
  choose(map, layer, head) {
    const { row, column } = this.place(map, this.model.stage.player.seq);
    this.look(map, { layer, head, row, column });
  }

  /** Look at another row of the decoder. @param {string} row */
  turn(row) {
    const { model } = this;
    model.row = row;
    if (this.asked?.row) this.asked = { ...this.asked, row };
    this.#give(model.stage.player.seq, true);
  }

  /** Where a map stands at a frame: the decoder's at its step, the encoder's in a layer that there is. @param {MapName} map @param {number} seq @returns {Place} */
  place(map, seq) {
    const { model } = this;
    const { layer, head, row, column, at } = this.looks[map];
    const last = model.tokens.length - 1;
    if (map === "encoder") return { layer: Math.max(0, Math.min(layer, seq - 1)), head, row: Math.min(row, last), column: Math.min(column, last) };
    const step = Math.max(0, Math.min(seq - model.read, model.said) - 1);
    return { layer, head, row: step, column: at === seq ? Math.min(column, map === "cross" ? last : model.said - 1) : this.#top(map, seq) };
  }

  /** Ask for a value from frame `at` on. @param {Target} target @param {number} at */
  #ask(target, at) {
    const { model } = this;
    const { kind, map, layer, head, query, key, row } = target;
    this.asked = target;
    if (model.rows.includes(row)) model.row = row;
    if (!LOOKED.includes(kind)) return;
    this.map = map;
    this.looks[/** @type {MapName} */ (map)] = { layer: Number(layer ?? 0), head: Number(head ?? 0), row: Number(query ?? 0), column: Number(key ?? 0), at };
  }

  /** Tell the page what is open at a frame. @param {number} seq @param {boolean} trail whether what was open is a step of the way back */
  #give(seq, trail) {
    const { stage } = this.model;
    const target = this.#at(seq);
    if (same(target, stage.selected())) this.given = stage.selected();
    else stage.select((this.given = target), { trail });
  }

  /** What of it can be asked at a frame, and before anything was chosen. @param {number} seq @returns {Target} */
  #at(seq) {
    const { asked, map, model } = this;
    const speaks = seq > model.read;
    if (asked) {
      const moves = LOOKED.includes(asked.kind) && (speaks || asked.map === "encoder");
      const target = moves ? { ...this.weight(asked.map, this.place(asked.map, seq)), kind: asked.kind } : asked;
      if (this.#can(target, seq)) return target;
    }
    if (speaks && !model.says(seq, model.row) && model.stage.timeline.frame(seq)?.note.tree) return { kind: "hypothesis" };
    const shown = speaks ? map : "encoder";
    return this.weight(shown, this.place(shown, seq));
  }

  /** The weight of a place. @param {MapName} map @param {Place} place @returns {Target} */
  weight(map, { layer, head, row, column }) {
    return map === "encoder" ? { kind: "weight", map, layer, head, query: row, key: column } : { kind: "weight", map, row: this.model.row, layer, head, key: column };
  }

  /** The key of the largest weight of a decoder's step. @param {MapName} map @param {number} seq */
  #top(map, seq) {
    const { model } = this;
    const { layer, head } = this.looks[map];
    const { columns, values } = model.weights(map, layer, head, seq);
    const from = (seq - model.read - 1) * columns;
    let best = 0;
    for (let column = 1; column < columns; column += 1) if (values[from + column] > values[from + best]) best = column;
    return best;
  }

  /** Whether a target can be asked of this run at a frame. @param {Target} target @param {number} seq */
  #can(target, seq) {
    const { model } = this;
    if (seq === 0) return true;
    const encodes = target.map === "encoder";
    if (seq <= model.read) return encodes && Number(target.layer ?? 0) < seq;
    if (encodes) return true;
    if (target.row && !model.says(seq, target.row)) return false;
    if (target.kind === "loss") return Boolean(model.wanted) && seq - model.read <= (model.wanted?.length ?? 0);
    if (target.kind === "drawn") return model.params.decoding === "sample";
    if (target.kind === "gold") return !Number.isNaN(model.share(seq, Number(target.layer ?? 0), Number(target.head ?? 0)));
    if (target.kind === "hypothesis") return Boolean(model.stage.timeline.frame(seq)?.note.tree?.some((/** @type {any} */ node) => target.index === undefined || node.index === target.index));
    return Boolean(model.says(seq, target.row ?? model.row));
  }
}
