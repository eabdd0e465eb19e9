/** A matrix on the page: its name and formula, words at its rows (and columns), a coloured grid of numbers. */

import { el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { typeset } from "../../../core/math.js";
import { Cells } from "../../../core/cells.js";
import { draggable } from "./drag.js";
import { PAIRS } from "./model.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Matrix} Matrix */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/cells.js").Frame} Frame */

/** Of what goes in colours stay paler than of what is made of it. */
const PALE = 1.8;
/** Round a cell of the canvas. */
const EDGE = 2;

export class Block {
  /**
   * @param {Model} model
   * @param {string} name a stage or a matrix
   * @param {string} latex
   * @param {{words?: boolean, edits?: Matrix | null, pick?: (row: number, col: number) => void}} [options]
   *   words: rows stand for words; edits: the matrix whose numbers are changed here
   */
  constructor(model, name, latex, { words = true, edits = null, pick } = {}) {
    this.model = model;
    this.name = name;
    this.words = words;
    this.edits = edits;
    this.label = model.stage.t(`attention.by-hand.page.${name}`);
    this.size = 30;
    this.labelled = "";
    const { stage } = model;
    this.cells = new Cells(
      this.label,
      pick ?? ((row, col) => model.open(name, row, col)),
      stage.announce,
      edits ? (row, col, value) => model.edit(edits, row, col, value) : null,
      (row, col) => this.#point(row, col),
    );
    if (edits) draggable(this.cells.element, (x, y) => this.#take(x, y));
    const formula = el("span", { class: "hand-formula" });
    void typeset(formula, latex);
    this.rows = el("div", { class: "hand-rows", "aria-hidden": "true" });
    this.cols = el("div", { class: "hand-cols", "aria-hidden": "true" });
    const grid = el("div", { class: "hand-grid" }, this.cols, this.rows, this.cells.element);
    this.element = el("div", { class: "hand-block", "data-block": name }, el("h3", {}, el("span", {}, this.label), formula), grid);
  }

  /** Draw at this size of a cell. @param {FrameView | null} frame @param {number} size */
  draw(frame, size) {
    const { model, name, cells } = this;
    this.frame = frame;
    this.size = size;
    const [rows, cols] = model.size(frame, name);
    this.#labels(rows, cols);
    const value = (/** @type {number} */ row, /** @type {number} */ col) => {
      const number = model.value(frame, name, row, col);
      return number === -Infinity ? null : number;
    };
    cells.show({
      rows,
      cols,
      size,
      value,
      text: short,
      told: (row, col) => this.told(row, col),
      range: this.#range(rows, cols),
      frames: this.#frames(rows, cols),
      blank: "−∞",
    });
    const known = model.known(name);
    this.element.classList.toggle("now", known >= 0 && known === frame?.seq);
    this.element.classList.toggle("future", known > (frame?.seq ?? 0));
    this.#mark();
  }

  /** A cell in words. @param {number} row @param {number} col */
  told(row, col) {
    const { model, name } = this;
    const { t } = model.stage;
    const number = model.value(this.frame ?? null, name, row, col);
    const value = Number.isNaN(number) ? t("attention.by-hand.page.to_come") : exact(number);
    const called = { name: this.label, row: this.words ? model.words[row] : row + 1, column: PAIRS.has(name) ? model.words[col] : col + 1, value };
    return t(PAIRS.has(name) ? "attention.by-hand.page.told_pair" : this.words ? "attention.by-hand.page.told_word" : "attention.by-hand.page.told_cell", called);
  }

  /** @param {number} rows @param {number} cols */
  #range(rows, cols) {
    const { model, name } = this;
    if (model.known(name) >= 0) return model.range(name);
    const all = Array.from({ length: rows * cols }, (_, i) => Math.abs(model.value(null, name, Math.floor(i / cols), i % cols)));
    const most = PALE * Math.max(...all) || 1;
    return { low: -most, high: most };
  }

  /** What is open, and the rows and columns of the words pointed at. @param {number} rows @param {number} cols @returns {Frame[]} */
  #frames(rows, cols) {
    const { model, name } = this;
    const { text, accent } = model.stage.plots.colors();
    const found = /** @type {Frame[]} */ ([]);
    const { query, key } = model.link;
    const whole = (/** @type {number} */ row) => found.push({ row, col: 0, rows: 1, cols, colour: accent, width: 2 });
    if (this.words) {
      const sides = { x: [query, key], embedding: [query, key], place: [query, key], k: [key], v: [key] }[name] ?? [query];
      for (const row of new Set(sides)) if (row >= 0 && row < rows) whole(row);
      if (PAIRS.has(name) && key >= 0 && key < cols) found.push({ row: 0, col: key, rows, cols: 1, colour: accent, width: 2 });
    }
    const open = model.selected(name);
    if (open) found.push({ ...open, rows: 1, cols: 1, colour: text, dash: true });
    return found;
  }

  /** @param {number} row @param {number} col */
  #point(row, col) {
    const { model, name } = this;
    if (!this.words || row < 0) model.point(-1, -1);
    else if (PAIRS.has(name)) model.point(row, col);
    else if (name === "k" || name === "v") model.point(-1, row);
    else if (name === "x" || name === "embedding" || name === "place") model.point(row, row);
    else model.point(row, -1);
  }

  /** @param {number} rows @param {number} cols */
  #labels(rows, cols) {
    const { model, size } = this;
    const told = [rows, cols, size, this.words ? model.words.join(" ") : ""].join();
    if (told === this.labelled) return;
    this.labelled = told;
    const label = (/** @type {number} */ at) => {
      const one = el("span", { title: model.words[at], "data-word": at }, model.words[at]);
      one.addEventListener("pointerenter", () => model.point(at, at));
      one.addEventListener("pointerleave", () => model.point(-1, -1));
      return one;
    };
    const all = (/** @type {number} */ count) => Array.from({ length: count }, (_, at) => label(at));
    this.rows.replaceChildren(...(this.words ? all(rows) : []));
    this.cols.replaceChildren(...(this.words && PAIRS.has(this.name) ? all(cols) : []));
    this.element.style.setProperty("--cell", `${size}px`);
  }

  /** The words pointed at, at the sides. */
  #mark() {
    const { query, key } = this.model.link;
    const on = (/** @type {Element} */ one, /** @type {number[]} */ at) => one.classList.toggle("linked", at.includes(Number(one.getAttribute("data-word"))));
    const keys = this.name === "k" || this.name === "v";
    const both = this.name === "x" || this.name === "embedding" || this.name === "place";
    for (const one of this.rows.children) on(one, both ? [query, key] : [keys ? key : query]);
    for (const one of this.cols.children) on(one, [key]);
  }

  /** The number under the pointer, to be dragged. @param {number} x @param {number} y */
  #take(x, y) {
    const { model, edits, name } = this;
    const box = this.cells.canvas.getBoundingClientRect();
    const [row, col] = [Math.floor((y - box.top - EDGE) / this.size), Math.floor((x - box.left - EDGE) / this.size)];
    const [rows, cols] = model.size(this.frame ?? null, name);
    if (!edits || row < 0 || col < 0 || row >= rows || col >= cols) return null;
    return { value: model.value(null, edits, row, col), set: (/** @type {number} */ value, /** @type {boolean} */ settled) => model.edit(edits, row, col, value, settled) };
  }
}

/** A number that has room in a cell. @param {number} value */
export function short(value) {
  const texts = [3, 2, 1].map((digits) => num(value, digits).replace(/^(−?)0\./, "$1."));
  return texts.find((text) => text.length <= 5) ?? texts[2];
}
