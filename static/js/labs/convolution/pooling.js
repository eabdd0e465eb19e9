/**
 * convolution/pooling on the page: at left the input with the window, beside it a column for each pool with its weights and its output
 * filling in; below the temperature, the changed channel, receptive fields and the regression.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Change, mark } from "./pooling/change.js";
import { Column, outputSize, weightSize } from "./pooling/column.js";
import { Input } from "./pooling/input.js";
import { Model } from "./pooling/model.js";
import { Receptive } from "./pooling/receptive.js";
import { Regression } from "./pooling/regression.js";
import { Table } from "./pooling/table.js";
import { Temperature } from "./pooling/temperature.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** A cell is at least and at most so large, and so large where its number is to be read; CSS pixels. */
const CELL = { least: 13, legible: 18, most: 34 };
/** Cells without their numbers are taken where the picture would be taller than this by more. */
const BLIND = 1.3;
/** A pool's heading takes at least this width. */
const HEAD = 108;
/** Between columns. */
const GAP = 24;
/** A row of headings takes this height. */
const TOP = 50;

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new PoolingView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.resize(),
    retheme: () => view.plan(),
    relanguage: () => view.relanguage(),
    explained: (explanation) => view.explained(explanation),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => view.model.target(),
  };
}

class PoolingView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.lang = stage.lang();
    this.seq = -1;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** @type {import("./pooling/input.js").Mark | null} */
    this.mark = null;
    /** @type {Input[]} */
    this.inputs = [];
    /** @type {Column[]} */
    this.columns = [];
    this.board = el("div", { class: "pool-board" });
    /** Pools beside the input. */
    this.across = 0;
    /** A cell's side; 0: to be measured. */
    this.cell = 0;
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("convolution.pooling.page.title"), t("convolution.pooling.page.caption"));
    this.query = el("span", { class: "caption pool-query" });
    this.clear = el("button", { type: "button", class: "button small", onclick: () => stage.edit({ pixel: null }) }, t("convolution.pooling.page.clear"));
    this.main.actions.append(this.query, this.clear);
    this.main.body.classList.add("pool-body");
    this.main.body.append(this.board);
    this.temperature = new Temperature(model);
    this.change = new Change(model);
    this.receptive = new Receptive(model);
    this.regression = new Regression(model);
    this.table = new Table(model);
    this.table.pinned = this.pinned;
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.temperature.element, this.change.element, this.receptive.element, this.regression.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    if (this.stage.selected() && !this.model.has(this.stage.selected())) this.stage.select(this.model.target() ?? {});
    this.mark = null;
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme or the language changed: every grid is made anew. */
  plan() {
    const { model, stage, board } = this;
    if (!model.scene) return;
    const { t } = stage;
    this.inputs = [];
    this.columns = [];
    const heads = model.pools.map((pool) => {
      const how = t(pool.shared ? "convolution.pooling.page.shared" : "convolution.pooling.page.apart");
      return el("div", { class: "pool-head" }, el("h3", {}, mark(model, pool.name), model.label(pool.name)), el("p", { class: "caption" }, how));
    });
    const grids = [];
    for (let c = 0; c < model.channels; c += 1) {
      const input = new Input(model, c, (y, x) => this.#ask(y, x));
      this.inputs.push(input);
      grids.push(el("div", { class: "pool-input" }, el("span", { class: "caption" }, t("convolution.pooling.page.channel_long", { channel: c })), input.element));
      for (const pool of model.pools) {
        const column = new Column(model, pool, c);
        this.columns.push(column);
        grids.push(el("div", { class: "pool-column" }, column.element));
      }
    }
    const first = el("div", { class: "pool-head pool-input" }, el("h3", {}, t("convolution.pooling.page.input")), el("p", { class: "caption" }, t("convolution.pooling.page.input_hint")));
    board.replaceChildren(first, ...heads, ...grids);
    this.across = 0;
    this.cell = 0;
    this.table?.plan();
    this.change?.plan();
    this.receptive?.plan();
    this.regression?.draw();
    this.#question();
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.cell ||= this.#fit();
    const size = this.cell;
    for (const input of this.inputs) {
      input.mark = this.mark && this.mark.channel === input.channel ? this.mark : null;
      input.draw(frame.seq, size);
    }
    for (const column of this.columns) column.draw(frame, size);
    this.temperature?.draw(frame.seq);
    this.table?.draw(frame);
  }

  resize() {
    this.cell = 0;
    this.again();
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
    this.regression?.draw();
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

  /** The selected output's window is marked on the input where it is not the current one. @param {Record<string, any> | null} explanation */
  explained(explanation) {
    const note = explanation?.note;
    const before = JSON.stringify(this.mark);
    this.mark = note?.pool ? /** @type {import("./pooling/input.js").Mark} */ (note) : null;
    if (JSON.stringify(this.mark) !== before) this.again();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(seq);
    if (!frame || !model.common) return "";
    const at = model.at(model.common, seq);
    if (!at) return stage.t("convolution.pooling.page.before");
    const told = model.pools.map((pool) => {
      const here = model.at(pool, seq) ?? [0, 0];
      return `${model.label(pool.name)} ${num(Number(frame.tensors[`output/${pool.name}`]?.data[here[0] * pool.size[1] + here[1]]), 3)}`;
    });
    return stage.t("convolution.pooling.page.summary", { y: at[0], x: at[1], values: told.join(", ") });
  }

  /** Make a pixel's feature the query; attention is switched on where it was off. @param {number} y @param {number} x */
  #ask(y, x) {
    this.stage.edit({ pixel: [y, x], attention: true });
  }

  /** What attention asks with, in words. */
  #question() {
    const { model, stage, query, clear } = this;
    if (!query || !clear || !model.scene) return;
    const pixel = model.scene.note.pixel;
    const feature = Array.from(model.of("query"), (value) => num(Number(value), 3)).join(", ");
    query.textContent = pixel ? stage.t("convolution.pooling.page.asked_by", { y: pixel[0], x: pixel[1], feature }) : stage.t("convolution.pooling.page.asked_with", { feature });
    query.title = stage.t("convolution.pooling.remark.untrained");
    clear.hidden = !pixel;
    query.hidden = !model.pools.some((pool) => pool.name === "attention");
  }

  /**
   * Weights stand beside the outputs or above them, and the pools in one row or in several, as the cells come out larger.
   * Gives the size of a cell.
   */
  #fit() {
    this.board.classList.remove("tall"); // measured as it would be
    const room = this.board.parentElement;
    const [height, width] = [room?.clientHeight ?? 390, (room?.clientWidth ?? 560) - 4];
    const { length } = this.model.pools;
    const ways = Array.from({ length }, (_, k) => length - k).flatMap((across) => [false, true].map((stacked) => ({ across, stacked })));
    const fitting = ways.map((way) => ({ ...way, size: this.#size(way, CELL.most, height, width) }));
    let best = fitting.reduce((one, other) => (other.size > one.size ? other : one));
    if (best.size < CELL.legible) {
      // Not all of it fits: the way that is least tall, and the page is scrolled.
      this.board.classList.add("tall");
      const tall = ways.map((way) => ({ ...way, size: this.#size(way, CELL.legible, Infinity, width) }));
      const extent = (/** @type {typeof best} */ { size, stacked, across }) => this.#extent(size, stacked, across);
      const cost = (/** @type {typeof best} */ one) => (extent(one).wide > width ? Infinity : extent(one).tall * (one.size < CELL.legible ? BLIND : 1));
      best = tall.reduce((one, other) => (cost(other) <= cost(one) ? other : one));
    }
    const { size, across, stacked } = best;
    this.board.classList.toggle("stacked", stacked);
    this.#place(across);
    return size;
  }

  /** So many pools beside the input, the others below it and them. @param {number} across */
  #place(across) {
    if (this.across === across) return;
    this.across = across;
    const { model, board } = this;
    const each = model.pools.length + 1;
    for (const [i, element] of [...board.children].entries()) {
      const [band, column] = i % each ? spot((i % each) - 1, across) : [0, 0];
      const row = Math.floor(i / each) + (model.channels + 1) * band;
      /** @type {HTMLElement} */ (element).style.gridArea = `${row + 1} / ${column + 1}`;
    }
  }

  /**
   * The largest cell with which everything is seen, within bounds.
   * @param {{across: number, stacked: boolean}} way pools beside the input, and whether weights stand above outputs
   * @param {number} most @param {number} height @param {number} width
   */
  #size({ across, stacked }, most, height, width) {
    for (let size = most; size > CELL.least; size -= 1) {
      const { tall, wide } = this.#extent(size, stacked, across);
      if (tall <= height && wide <= width) return size;
    }
    return CELL.least;
  }

  /** The board's height and its width. @param {number} size of a cell @param {boolean} stacked @param {number} across */
  #extent(size, stacked, across) {
    const { model } = this;
    const { rows, cols } = Input.extent(model);
    const boxes = model.pools.map((pool) => {
      const [w, o] = [weightSize(size, pool), outputSize(size, pool)];
      const weights = [pool.kernel[0] * w, pool.kernel[1] * w];
      const output = [pool.size[0] * o, pool.size[1] * o];
      return stacked ? [weights[0] + output[0] + 16, Math.max(weights[1], output[1], HEAD)] : [Math.max(weights[0], output[0]), Math.max(weights[1] + output[1] + 14, HEAD)];
    });
    const heights = [rows.count * size];
    const widths = [Math.max(cols.count * size, HEAD)];
    for (const [k, [h, w]] of boxes.entries()) {
      const [band, column] = spot(k, across);
      heights[band] = Math.max(heights[band] ?? 0, h);
      widths[column] = Math.max(widths[column] ?? 0, w);
    }
    return {
      tall: heights.reduce((sum, h) => sum + TOP + model.channels * (30 + h), 0),
      wide: widths.reduce((sum, w) => sum + w + GAP, -GAP),
    };
  }
}

/** The row of grids and the column where pool k stands: the first of them beside the input. @param {number} k @param {number} across */
function spot(k, across) {
  const below = k - across;
  return below < 0 ? [0, 1 + k] : [1 + Math.floor(below / (across + 1)), below % (across + 1)];
}
