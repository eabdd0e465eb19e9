/** The run that is shown, as the parts of convolution/sliding read it. */

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").Params} Params */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {[number, number, number]} Place   output channel, row, column */

/** No cell of the input: a zero. */
export const ZERO = -1;

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SceneView | null} */
    this.scene = null;
    /** @type {Params} */
    this.params = {};
    /** Of the input, the padded input, the outputs and one kernel. */
    this.shape = [1, 1, 1];
    this.padded = [1, 1];
    this.out = [1, 1, 1];
    this.kernel = [1, 1];
    /** Input channels that one output channel sees. */
    this.each = 1;
    this.range = { low: 0, high: 1 };
    this.weights = { low: 0, high: 1 };
    /** What an explanation points at. @type {Record<string, any>} */
    this.mark = {};
  }

  /** @param {SceneView} scene @param {Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
    const { note } = scene;
    [this.shape, this.padded, this.out, this.kernel] = [note.shape, note.padded, note.out, note.kernel];
    this.each = scene.tensors.weight.shape[1];
    this.range = extremes(this.of("padded"));
    this.weights = extremes(this.of("weight"));
    this.mark = {};
  }

  /** A tensor of the scene as plain numbers. @param {string} name @returns {ArrayLike<number>} */
  of(name) {
    return /** @type {ArrayLike<number>} */ (this.scene?.tensors[name]?.data ?? []);
  }

  get note() {
    return this.scene?.note ?? {};
  }

  /** How many values a run computes. */
  get outputs() {
    return this.out[0] * this.out[1] * this.out[2];
  }

  /** The output that step `seq` computes; null: none yet. @param {number} seq @returns {Place | null} */
  at(seq) {
    const done = seq - 1;
    const size = this.out[1] * this.out[2];
    return done < 0 ? null : [Math.floor(done / size), Math.floor((done % size) / this.out[2]), done % this.out[2]];
  }

  /** The step that computes an output. @param {Place} place */
  step([o, y, x]) {
    return (o * this.out[1] + y) * this.out[2] + x + 1;
  }

  /** The first input channel of an output channel's group. @param {number} o */
  first(o) {
    return Math.floor(o / (this.out[0] / this.note.groups)) * this.each;
  }

  /** The cell y W + x of the input that a padded cell shows, or ZERO. @param {number} row @param {number} col */
  source(row, col) {
    return Number(this.of("source")[row * this.padded[1] + col]);
  }

  /** Whether a padded cell lies where the input lies. @param {number} row @param {number} col */
  inside(row, col) {
    const [top, bottom, left, right] = this.note.pad;
    return row >= top && row < this.padded[0] - bottom && col >= left && col < this.padded[1] - right;
  }

  /** @param {number} o @param {number} i @param {number} y @param {number} x */
  weight(o, i, y, x) {
    return Number(this.of("weight")[this.index(o, i, y, x)]);
  }

  /** A weight's place in the flattened kernels. @param {number} o @param {number} i @param {number} y @param {number} x */
  index(o, i, y, x) {
    return ((o * this.each + i) * this.kernel[0] + y) * this.kernel[1] + x;
  }

  /** A colour of its own for one of `count` things. @param {number} index @param {number} count */
  hue(index, count) {
    const dark = this.stage.theme() === "dark";
    // Neighbours in the order stand apart: the golden angle where there are many.
    const angle = count <= 12 ? (360 * index) / count : (index * 137.508) % 360;
    return `hsl(${Math.round(angle)} 68% ${dark ? 62 : 46}%)`;
  }

  /** Change one cell of the input; from now on its numbers are typed ones. @param {number} c @param {number} y @param {number} x @param {number} value */
  editInput(c, y, x, value) {
    const [channels, height, width] = this.shape;
    const data = this.of("input");
    const input =
      structuredClone(this.stage.ahead("input")) ??
      Array.from({ length: channels }, (_, k) => Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, q) => Number(data[(k * height + r) * width + q]))));
    input[c][y][x] = value;
    this.stage.edit({ source: "matrix", input });
  }

  /** Change one weight, given where it slides; the kernels become typed ones. @param {number} o @param {number} i @param {number} y @param {number} x @param {number} value */
  editWeight(o, i, y, x, value) {
    const [height, width] = this.kernel;
    const data = this.of("typed");
    const weight =
      structuredClone(this.stage.ahead("weight")) ??
      Array.from({ length: this.out[0] }, (_, a) =>
        Array.from({ length: this.each }, (_, b) => Array.from({ length: height }, (_, r) => Array.from({ length: width }, (_, q) => Number(data[this.index(a, b, r, q)])))),
      );
    const turned = Boolean(this.note.flip) !== Boolean(this.note.transposed);
    weight[o][i][turned ? height - 1 - y : y][turned ? width - 1 - x : x] = value;
    this.stage.edit({ kernel: "custom", weight });
  }

  /** Whether the selected target is still there. @param {Target | null} target */
  has(target) {
    if (!target) return false;
    const within = (/** @type {[string, number][]} */ bounds) => bounds.every(([name, length]) => target[name] === undefined || (Number(target[name]) >= 0 && Number(target[name]) < length));
    if (target.kind === "output") return within([["channel", this.out[0]], ["y", this.out[1]], ["x", this.out[2]]]);
    if (target.kind === "matrix") return within([["row", this.outputs]]);
    if (target.kind === "weight") return within([["out", this.out[0]], ["in", this.each], ["y", this.kernel[0]], ["x", this.kernel[1]]]);
    return within([["channel", this.shape[0]], ["y", this.padded[0]], ["x", this.padded[1]]]);
  }
}

/** @param {ArrayLike<number>} numbers */
function extremes(numbers) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < numbers.length; i += 1) {
    low = Math.min(low, Number(numbers[i]));
    high = Math.max(high, Number(numbers[i]));
  }
  return { low, high };
}
