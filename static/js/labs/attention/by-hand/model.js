/** The run that is shown, as the parts of attention/by-hand read it and change it. Rows, columns and heads count from 0. */

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Params} Params */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {"embedding" | "place" | "w_q" | "w_k" | "w_v" | "w_o"} Matrix   what goes in */
/** @typedef {{query: number, key: number}} Link   the words that the pointer is on; -1: none */

/** A row a query, a column a key. */
export const PAIRS = new Set(["scores", "scaled", "masked", "weights"]);
const NOBODY = { query: -1, key: -1 };
/** What a typed number may be. */
const MOST = 100;

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SceneView | null} */
    this.scene = null;
    /** @type {Params} */
    this.params = {};
    /** The head that is shown. */
    this.head = 0;
    /** @type {Link} */
    this.link = NOBODY;
    /** Called where the pointer went to other words. @type {() => void} */
    this.linked = () => undefined;
    /** Called where another head is to be shown. @type {() => void} */
    this.turned = () => undefined;
  }

  /** @param {SceneView} scene @param {Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    this.head = Math.min(this.head, this.heads - 1);
  }

  get note() {
    return this.scene?.note ?? {};
  }

  /** @returns {string[]} by place */
  get words() {
    return this.note.words ?? [];
  }

  /** @returns {string[]} what is computed, in order; several heads' outputs side by side come with the last */
  get stages() {
    return this.note.stages ?? [];
  }

  get heads() {
    return Number(this.note.heads ?? 1);
  }

  /** What leaves the attention. */
  get result() {
    return this.heads > 1 ? "projected" : "output";
  }

  /** What says whether the blocks on the page still fit the run. */
  get shape() {
    const { sizes, positions, reordered, scaled } = this.note;
    return [this.words.join(" "), this.heads, sizes?.d_model, sizes?.d_k, positions, reordered, scaled, this.stage.lang(), this.stage.theme()].join("|");
  }

  /** The frame that has computed a stage. @param {string} name */
  known(name) {
    return this.stages.indexOf(name === "concat" ? "projected" : name);
  }

  /** Rows and columns of a stage or matrix; heads left out. @param {FrameView | null} frame @param {string} name @returns {number[]} */
  size(frame, name) {
    const tensor = this.scene?.tensors[name] ?? frame?.tensors[name];
    return tensor?.shape.slice(-2) ?? [0, 0];
  }

  /** A number of the head shown; NaN: still to come. @param {FrameView | null} frame @param {string} name @param {number} row @param {number} col */
  value(frame, name, row, col) {
    const tensor = this.scene?.tensors[name] ?? frame?.tensors[name];
    if (!tensor) return NaN;
    const [rows, cols] = tensor.shape.slice(-2);
    const from = tensor.shape.length === 3 ? this.head * rows * cols : 0;
    return Number(tensor.data[from + row * cols + col]);
  }

  /** Whether query `row` sees key `col`. @param {number} row @param {number} col */
  seen(row, col) {
    return Boolean(Number(this.scene?.tensors.seen.data[row * this.words.length + col]));
  }

  /** Signed colours around 0; scores, scaled or not, share one scale, weights are shares. @param {string} name */
  range(name) {
    if (name === "weights") return { low: 0, high: 1 };
    const ranges = this.note.range ?? {};
    const of = PAIRS.has(name) ? [...ranges.scores, ...ranges.scaled] : ranges[name === "concat" ? "output" : name];
    const most = Math.max(...of.map(Math.abs)) || 1;
    return { low: -most, high: most };
  }

  /** @param {string} name @param {number} row @param {number} column @returns {Target} */
  target(name, row, column) {
    const heads = this.heads > 1 && !["x", "concat", "projected", "w_o", "embedding", "place"].includes(name);
    const place = heads ? { head: this.head, row, column } : { row, column };
    return this.scene?.tensors[name] ? { kind: "weight", matrix: name, ...place } : { kind: "value", name, ...place };
  }

  /** Open a value; where its stage is still to come, that comes first. @param {string} name @param {number} row @param {number} col */
  open(name, row, col) {
    const { stage } = this;
    if (this.known(name) > stage.player.seq) stage.player.seek(this.known(name));
    stage.select(this.target(name, row, col));
  }

  /** Where the selected target stands in this block, if it does. @param {string} name */
  selected(name) {
    const target = this.stage.selected();
    if (!target || (target.name ?? target.matrix) !== name || (target.head ?? 0) !== (this.heads > 1 && "head" in target ? this.head : 0)) return null;
    return { row: Number(target.row ?? 0), col: Number(target.column ?? 0) };
  }

  /** Whether a target is still there. @param {Target | null} target */
  has(target) {
    if (!target || (target.head ?? 0) >= this.heads) return false;
    const [n, { d_model, d_k }] = [this.words.length, this.note.sizes];
    const within = (/** @type {number} */ rows, /** @type {number} */ cols) => (target.row ?? 0) < rows && (target.column ?? 0) < cols;
    const result = this.heads > 1 ? d_model : d_k;
    if (target.kind === "order") return this.note.reordered && within(n, result);
    if (target.kind === "saturation") return within(n, 1);
    if (target.kind === "weight") {
      const tensor = this.scene?.tensors[target.matrix];
      return Boolean(tensor) && within(tensor?.shape.at(-2) ?? 0, tensor?.shape.at(-1) ?? 0);
    }
    if (target.name === "concat") return this.heads > 1 && within(n, this.heads * d_k);
    if (!this.stages.includes(target.name)) return false;
    return within(n, PAIRS.has(target.name) ? n : target.name === "x" || target.name === "projected" ? d_model : d_k);
  }

  /** @param {number} query @param {number} key */
  point(query, key) {
    if (query === this.link.query && key === this.link.key) return;
    this.link = { query, key };
    this.linked();
  }

  /** Show another head; an open value of one goes along. @param {number} head */
  turn(head) {
    this.head = head;
    const target = this.stage.selected();
    if (target && "head" in target && target.head !== head) this.stage.select({ ...target, head });
    this.turned();
  }

  /**
   * Change one number of what goes in. While it is dragged it is not settled: one step of the way back is the whole drag.
   * @param {Matrix} matrix @param {number} row @param {number} col @param {number} value @param {boolean} [settled]
   */
  edit(matrix, row, col, value, settled = true) {
    const tensor = this.scene?.tensors[matrix];
    if (!tensor) return;
    const param = matrix === "place" ? "table" : matrix;
    const [rows, cols] = tensor.shape.slice(-2);
    // The page shows words by place, the params hold them in the order typed.
    const typed = matrix === "embedding" ? this.note.places[row] - 1 : row;
    let whole = this.stage.ahead(param);
    if (!whole) {
      whole = nested(
        Array.from(/** @type {Iterable<number>} */ (tensor.data), (one) => Number(Number(one).toPrecision(7))),
        tensor.shape,
      );
      if (matrix === "embedding") whole = whole.map((/** @type {number[]} */ _, /** @type {number} */ word) => whole[this.note.places.indexOf(word + 1)]);
    }
    const data = whole.flat(Infinity);
    const from = tensor.shape.length === 3 ? this.head * rows * cols : 0;
    data[from + typed * cols + col] = Math.max(-MOST, Math.min(MOST, value));
    this.set({ [param]: nested(data, tensor.shape) }, settled);
  }

  /** Show or hide a key from a query. @param {number} row @param {number} col */
  toggle(row, col) {
    const n = this.words.length;
    const before = this.stage.ahead("visible") ?? Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(this.seen(i, j))));
    const visible = before.map((/** @type {number[]} */ keys, /** @type {number} */ i) => keys.map((key, j) => Number(Boolean(key) !== (i === row && j === col))));
    this.set({ mask: "cells", visible });
  }

  /** Put the words in another order. @param {number[]} places which word, from 1, stands where */
  arrange(places) {
    this.set({ permutation: places.every((word, at) => word === at + 1) ? "" : places.join(" ") });
  }

  /** Other params at the same stage. @param {Params} partial @param {boolean} [settled] */
  set(partial, settled = true) {
    this.stage.edit(partial, { commit: false });
    if (settled) this.stage.edit(partial);
  }
}

/** Numbers as lists of lists of this shape. @param {number[]} data @param {number[]} shape @returns {any[]} */
function nested(data, shape) {
  if (shape.length < 2) return data;
  const size = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(data.slice(i * size, (i + 1) * size), shape.slice(1)));
}
