/** The run that is shown, as the parts of recurrent/by-hand read it: steps and units count from 0 here, from 1 in words. */

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Params} Params */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {{name: string, t: number, d: number, k: number, alone?: boolean}} Place   a value: its step, direction and unit */
/** @typedef {"w_ih" | "w_hh" | "w_hy" | "bias"} Matrix */

/** Values from 0 to 1. */
const GATES = new Set(["i", "f", "o", "r", "z"]);
/** From the input upwards: the order of the picture. */
const ROWS = /** @type {Record<string, string[]>} */ ({
  rnn: ["h"],
  jordan: ["s", "h"],
  lstm: ["f", "i", "g", "c", "o", "h"],
  gru: ["r", "z", "n", "h"],
});
const ARROWS = ["→", "←"];

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SceneView | null} */
    this.scene = null;
    /** @type {Params} */
    this.params = {};
    this.cell = "rnn";
    this.steps = 1;
    this.directions = 1;
    this.sizes = { inputs: 1, hidden: 1, outputs: 1, back: 1 };
    /** @type {string[]} */
    this.gates = ["h"];
  }

  /** @param {SceneView} scene @param {Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    const { note } = scene;
    [this.cell, this.steps, this.directions, this.sizes, this.gates] = [note.cell, note.steps, note.directions, note.sizes, note.gates];
  }

  get note() {
    return this.scene?.note ?? {};
  }

  /** What the cell computes, from the input upwards. */
  get rows() {
    return ROWS[this.cell];
  }

  /** How many numbers a row has. @param {string} name */
  width(name) {
    if (name === "x") return this.sizes.inputs;
    return name === "y" || name === "s" ? this.sizes.outputs : this.sizes.hidden;
  }

  /** The colour scale of a name: a gate is open or shut, all else has a sign. @param {string} name */
  range(name) {
    if (GATES.has(name)) return { low: 0, high: 1 };
    const most = Math.max(...this.note.range.map(Math.abs)) || 1;
    return { low: -most, high: most };
  }

  /** A value at this frame; NaN: still to come. @param {FrameView} frame @param {Place} place */
  value(frame, { name, t, d, k, alone = false }) {
    const flat = name === "x" || name === "y";
    const tensors = alone || name === "x" ? this.scene?.tensors : frame.tensors;
    const data = tensors?.[alone ? `alone/${name}` : name]?.data ?? [];
    const at = (flat ? t : t * this.directions + d) * this.width(name) + k;
    return this.known(name, t, d) <= frame.seq ? Number(data[at]) : NaN;
  }

  /** The frame that has computed it. @param {string} name @param {number} t @param {number} d */
  known(name, t, d) {
    if (name === "x") return 0;
    const [forward, reverse] = [t + 1, this.steps - t];
    if (name === "y") return this.directions === 2 ? Math.max(forward, reverse) : forward;
    return d ? reverse : forward;
  }

  /** The step that a direction is at; -1: none yet. @param {number} seq @param {number} d */
  at(seq, d) {
    if (seq < 1) return -1;
    return d ? this.steps - seq : seq - 1;
  }

  /** @param {Place} place @returns {Target} */
  target({ name, t, d, k, alone = false }) {
    const target = { kind: "value", name, step: t + 1, ...(name === "x" || name === "y" ? {} : { direction: d }), unit: k };
    return alone ? { ...target, alone } : target;
  }

  /** Open a value; where it is still to come, its step comes first. @param {Place} place */
  open(place) {
    const { stage } = this;
    const first = this.known(place.name, place.t, place.d);
    if (first > stage.player.seq) stage.player.seek(first);
    stage.select(this.target(place));
  }

  /** Whether this value is selected. @param {Place} place @param {number} seq */
  selected({ name, t, d, k, alone = false }, seq) {
    const target = this.stage.selected();
    if (target?.kind !== "value" || target.name !== name) return false;
    const step = target.step === undefined ? this.at(seq, target.direction ?? 0) : target.step - 1;
    return step === t && (target.direction ?? 0) === d && (target.unit ?? 0) === k && Boolean(target.alone) === alone;
  }

  /** Whether the selected target is still there. @param {Target | null} target */
  has(target) {
    if (!target) return false;
    const within = (/** @type {string} */ name, /** @type {number} */ end, first = 0) => target[name] === undefined || (target[name] >= first && target[name] < end + first);
    if (!within("direction", this.directions)) return false;
    if (target.kind === "value") {
      const known = ["x", "y", ...this.rows];
      return known.includes(target.name) && within("step", this.steps, 1) && within("unit", this.width(target.name));
    }
    const tensor = this.scene?.tensors[target.matrix];
    if (!tensor) return false;
    const shape = target.matrix === "w_hy" ? [1, ...tensor.shape] : target.matrix === "bias" ? [...tensor.shape.slice(1), 1] : tensor.shape.slice(1);
    return within("gate", shape[0]) && within("row", shape[1]) && within("column", shape[2]);
  }

  /** A name with an arrow where there are two directions. @param {string} name @param {number} d */
  called(name, d) {
    return this.directions === 2 && name !== "x" && name !== "y" ? `${name}${ARROWS[d]}` : name;
  }

  /** One weight. @param {Matrix} matrix @param {number} d @param {number} gate @param {number} row @param {number} column */
  weight(matrix, d, gate, row, column) {
    return Number(this.scene?.tensors[matrix]?.data[this.#index(matrix, d, gate, row, column)]);
  }

  /** Change one weight; all of its matrix become typed ones. @param {Matrix} matrix @param {number} d @param {number} gate @param {number} row @param {number} column @param {number} value */
  edit(matrix, d, gate, row, column, value) {
    const tensor = this.scene?.tensors[matrix];
    if (!tensor) return;
    const data = this.stage.ahead(matrix)?.flat(Infinity) ?? Array.from(/** @type {Iterable<number>} */ (tensor.data), Number);
    data[this.#index(matrix, d, gate, row, column)] = value;
    const whole = nested(data, tensor.shape);
    this.stage.edit({ [matrix]: matrix === "w_hy" ? whole : whole.flat() });
  }

  /** @param {Matrix} matrix @param {number} d @param {number} gate @param {number} row @param {number} column */
  #index(matrix, d, gate, row, column) {
    const shape = this.scene?.tensors[matrix]?.shape ?? [];
    if (matrix === "w_hy") return row * shape[1] + column;
    const line = (d * shape[1] + gate) * shape[2] + row;
    return matrix === "bias" ? line : line * shape[3] + column;
  }
}

/** Numbers as lists of lists of this shape. @param {number[]} data @param {number[]} shape @returns {any[]} */
function nested(data, shape) {
  if (shape.length < 2) return data;
  const size = data.length / shape[0];
  return Array.from({ length: shape[0] }, (_, i) => nested(data.slice(i * size, (i + 1) * size), shape.slice(1)));
}
