/**
 * convolution/sliding on the page: the padded input with the kernel on it, the kernel and its products, the output filling in; below the
 * layer as a matrix, what it costs, and what a shift changes.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Groups } from "./sliding/groups.js";
import { Input } from "./sliding/input.js";
import { Kernel } from "./sliding/kernel.js";
import { Matrix } from "./sliding/matrix.js";
import { Model, ZERO } from "./sliding/model.js";
import { Output } from "./sliding/output.js";
import { Shift } from "./sliding/shift.js";
import { Table } from "./sliding/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** Sides of a cell: of the input and the output, and of a kernel; CSS pixels. */
const CELL = { least: 9, most: 40 };
const TAP = { least: 12, most: 36, room: 108 };
/** What stands beside the cells: headings, signs, gaps. */
const AROUND = { row: 32, columns: 112 };
const GAP = 32;
/** What an output's heading takes. */
const HEADING = 104;

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new SlidingView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.again(),
    retheme: () => view.plan(),
    relanguage: () => view.relanguage(),
    explained: (explanation) => view.explained(explanation),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => ({ kind: "output" }),
  };
}

class SlidingView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    this.hovered = ZERO;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** @type {Input[]} */
    this.inputs = [];
    /** @type {Kernel[]} */
    this.kernels = [];
    /** @type {Output[]} */
    this.outputs = [];
    this.board = el("div", { class: "slide-board" });
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("convolution.sliding.page.title"), t("convolution.sliding.page.caption"));
    this.main.body.classList.add("slide-body");
    this.main.body.append(this.board);
    this.matrix = new Matrix(model);
    this.groups = new Groups(model);
    this.shift = new Shift(model);
    this.table = new Table(model);
    this.table.pinned = this.pinned;
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.matrix.element, this.shift.element, this.groups.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    if (this.stage.selected() && !this.model.has(this.stage.selected())) this.stage.select({ kind: "output" });
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme or the language changed: every grid is made anew. */
  plan() {
    const { model, stage, board } = this;
    if (!model.scene) return;
    const { t } = stage;
    const hover = (/** @type {number} */ source) => {
      if (source === this.hovered) return;
      this.hovered = source;
      this.again();
    };
    this.inputs = Array.from({ length: model.shape[0] }, (_, c) => new Input(model, c, hover));
    this.kernels = this.inputs.map((input) => new Kernel(model, input.channel));
    this.outputs = Array.from({ length: model.out[0] }, (_, o) => new Output(model, o));
    const name = model.note.transposed ? "spread_channel" : "input_channel";
    const rows = this.inputs.flatMap((input, c) => [
      el("div", { class: "slide-input" }, el("span", { class: "caption" }, t(`convolution.sliding.page.${name}`, { channel: c })), input.element),
      this.kernels[c].element,
    ]);
    const outputs = this.outputs.map((output, o) => el("div", {}, el("span", { class: "caption" }, t("convolution.sliding.page.output_channel", { channel: o })), output.element));
    const column = el("div", { class: "slide-outputs" }, ...outputs);
    column.style.gridRow = `1 / span ${model.shape[0]}`;
    board.replaceChildren(...rows, column);
    this.matrix?.plan();
    this.groups?.plan();
    this.shift?.plan();
    this.table?.plan();
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    const { cell, tap } = this.#fit();
    for (const input of this.inputs) input.draw(frame.seq, cell, this.hovered);
    for (const kernel of this.kernels) kernel.draw(frame, tap);
    for (const output of this.outputs) output.draw(frame, cell);
    this.matrix?.draw(frame.seq);
    this.table?.draw(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    if (this.table) this.table.pinned = pinned;
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** What the explanation points at is marked. @param {Record<string, any> | null} explanation */
  explained(explanation) {
    const note = explanation?.note ?? {};
    if (JSON.stringify(note) === JSON.stringify(this.model.mark)) return;
    const repaint = note.weight !== this.model.mark.weight;
    this.model.mark = note;
    if (repaint) this.matrix?.plan();
    this.again();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(seq);
    const at = model.at(seq);
    if (!frame || !at) return stage.t("convolution.sliding.page.before_first");
    return stage.t("convolution.sliding.page.summary", { channel: at[0], y: at[1], x: at[2], value: num(Number(frame.tensors.value.data[0])) });
  }

  /**
   * The largest cells with which everything is seen, within bounds: the kernels stand beside the input or below it. On a phone they
   * stand below, and the page is scrolled.
   */
  #fit() {
    const { model, board } = this;
    const phone = (board.parentElement?.clientWidth ?? 560) < 480;
    // Of many channels the sums stand in the table only, and the picture is taller: measured after it.
    board.classList.toggle("many", !phone && model.shape[0] > 2);
    const ways = (phone ? [true] : [false, true]).map((below) => ({ below, ...this.#sizes(below, phone) }));
    const best = ways.reduce((one, other) => (other.cell > one.cell ? other : one));
    board.classList.toggle("below", best.below);
    return best;
  }

  /** @param {boolean} below the kernels stand below the input @param {boolean} phone any height will do */
  #sizes(below, phone) {
    const { model, board } = this;
    const room = board.parentElement;
    const width = room?.clientWidth ?? 560;
    const height = phone ? Infinity : (room?.clientHeight ?? 330) - 4;
    const channels = model.shape[0];
    const sum = phone || channels < 3 ? 22 : 0;
    const row = below ? Infinity : height / channels - AROUND.row;
    const tap = Math.max(TAP.least, Math.floor(Math.min(TAP.most, TAP.room / Math.max(...model.kernel), (row - sum) / model.kernel[0])));
    const kernels = below ? GAP : 2 * model.kernel[1] * tap + AROUND.columns;
    const under = below ? AROUND.row + model.kernel[0] * tap + sum : 0;
    let cell = CELL.most;
    for (; cell > CELL.least; cell -= 1) {
      const tall = Math.max(channels * (model.padded[0] * cell + AROUND.row + under), model.out[0] * (model.out[1] * cell + AROUND.row));
      const wide = model.padded[1] * cell + Math.max(HEADING, model.out[2] * cell) + kernels;
      if (wide <= width && tall <= height) break;
    }
    return { cell, tap };
  }
}
