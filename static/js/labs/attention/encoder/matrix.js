/** A map as a matrix: rows ask, columns are looked at. Hover links words, a click or Enter opens a weight, arrows walk. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { paint, sized } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Shares} Shares */
/**
 * @typedef {object} Model  what a matrix needs of a run
 * @property {import("../../../core/types.js").Stage} stage
 * @property {{label: string}[]} units   of rows and columns
 * @property {number} row                the open one
 * @property {number} column
 * @property {{row: number, column: number}} link   where the pointer is; -1: nowhere
 * @property {{magnitude: Uint32Array}} colours
 * @property {(row: number, column?: number) => void} point
 */

/** A label needs a cell of so many pixels; what labels may take; the largest cell. */
const LEGIBLE = 10;
const MARGIN = { least: 8, most: 84 };
const LARGEST = 34;
const LETTER = 6.2;

export class Matrix {
  /**
   * @param {Model} model
   * @param {string} name for screen readers
   * @param {{open: (row: number, column: number) => void, labels?: boolean}} options
   */
  constructor(model, name, { open, labels = true }) {
    this.model = model;
    this.open = open;
    this.labels = labels;
    this.base = el("canvas", { class: "enc-pixels", "aria-hidden": "true" });
    this.over = el("canvas", { class: "enc-over", "aria-hidden": "true" });
    this.element = el("div", { class: "enc-matrix", tabindex: 0, role: "application", "data-arrows": true, "aria-label": name }, this.base, this.over);
    this.cell = 1;
    this.margin = 0;
    /** @type {Shares | null} */
    this.shares = null;
    /** @type {unknown[]} what is painted */
    this.made = [];
    this.#listen();
  }

  /** @param {Shares} shares @param {number} room CSS pixels of the larger side @param {unknown} key tells one map from another */
  draw(shares, room, key) {
    const { model } = this;
    this.shares = shares;
    const n = shares.n;
    const longest = Math.max(...model.units.map((unit) => [...unit.label].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? 12 : LETTER), 0)));
    const wanted = Math.max(MARGIN.least, Math.min(MARGIN.most, longest + 8));
    const fits = this.labels && (room - wanted) / n >= LEGIBLE;
    this.margin = this.labels ? (fits ? wanted : Math.min(wanted, 60)) : 0;
    this.cell = Math.min(LARGEST, (room - this.margin) / n);
    const side = this.cell * n;
    const made = [key, shares.exact, room, n, model.colours, ...(fits ? [] : [])];
    if (made.some((one, at) => one !== this.made[at])) {
      this.made = made;
      this.element.style.width = this.element.style.height = `${this.margin + side}px`;
      this.base.style.left = this.base.style.top = `${this.margin}px`;
      const values = new Float32Array(n * n);
      for (let row = 0, at = 0; row < n; row += 1) for (let column = 0; column < n; column += 1, at += 1) values[at] = shares.at(row, column);
      paint(this.base, { count: 1, height: n, width: n, values }, { columns: 1, rows: 1, width: side, height: side, gap: 0 }, { low: 0, high: shares.most || 1 }, model.colours.magnitude);
      this.element.dataset.values = shares.exact ? "exact" : "preview";
    }
    this.#marks(fits);
  }

  /** Labels, the row and column of the pointer, the open cell. @param {boolean} fits */
  #marks(fits) {
    const { model, cell, margin } = this;
    const n = this.shares?.n ?? 0;
    const side = margin + cell * n;
    const context = sized(this.over, side, side);
    const style = getComputedStyle(this.element);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name);
    const link = model.link;
    const [row, column] = [link.row >= 0 ? link.row : model.row, link.row >= 0 || link.column >= 0 ? link.column : model.column];
    context.textBaseline = "middle";
    const label = (/** @type {number} */ at, /** @type {boolean} */ top, /** @type {boolean} */ on) => {
      context.save();
      context.font = `${on ? "600 " : ""}11px ${ink("--sans")}`;
      context.fillStyle = ink(on ? "--accent" : "--muted");
      const middle = margin + (at + 0.5) * cell;
      context.translate(top ? middle : margin - 5, top ? margin - 5 : middle);
      if (top) context.rotate(-Math.PI / 2);
      context.textAlign = top ? "left" : "right";
      context.fillText(short(model.units[at].label), 0, 0);
      context.restore();
    };
    if (this.labels && fits) for (let at = 0; at < n; at += 1) for (const top of [false, true]) label(at, top, at === (top ? column : row));
    else if (this.labels) {
      if (row >= 0 && row < n) label(row, false, true);
      if (column >= 0 && column < n) label(column, true, true);
    }
    const frame = (/** @type {number} */ r, /** @type {number} */ c, /** @type {string} */ colour) => {
      const size = Math.max(cell, 6);
      const [x, y] = [margin + (c + 0.5) * cell - size / 2, margin + (r + 0.5) * cell - size / 2];
      for (const [wide, stroke] of /** @type {[number, string][]} */ ([[4, ink("--card")], [2, colour]])) {
        context.lineWidth = wide;
        context.strokeStyle = stroke;
        context.strokeRect(x, y, size, size);
      }
    };
    context.fillStyle = ink("--enc-mark");
    context.globalAlpha = 0.8;
    if (link.row >= 0) context.fillRect(margin - 3, margin + link.row * cell, 2, Math.max(2, cell));
    if (link.column >= 0) context.fillRect(margin + link.column * cell, margin - 3, Math.max(2, cell), 2);
    context.globalAlpha = 1;
    frame(model.row, model.column, ink("--accent"));
    if (link.row >= 0 && link.column >= 0) frame(link.row, link.column, ink("--enc-mark"));
  }

  /** "“it” → “cat” 0.712". @param {number} row @param {number} column */
  told(row, column) {
    const { model, shares } = this;
    return model.stage.t("attention.encoder.page.told", { query: model.units[row].label, key: model.units[column].label, value: num(shares?.at(row, column) ?? NaN) });
  }

  #listen() {
    const { model, element } = this;
    const under = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const bounds = element.getBoundingClientRect();
      const n = this.shares?.n ?? 0;
      const row = Math.floor((event.clientY - bounds.top - this.margin) / this.cell);
      const column = Math.floor((event.clientX - bounds.left - this.margin) / this.cell);
      const clip = (/** @type {number} */ at) => (at >= 0 && at < n ? at : -1);
      return { row: clip(row), column: clip(column) };
    };
    element.addEventListener("pointermove", (event) => {
      const { row, column } = under(event);
      model.point(row, column);
      element.title = row >= 0 && column >= 0 ? this.told(row, column) : "";
    });
    element.addEventListener("pointerleave", () => model.point(-1));
    element.addEventListener("click", (event) => {
      const { row, column } = under(event);
      if (row >= 0) this.open(row, column >= 0 ? column : model.column);
      else if (column >= 0) this.open(model.row, column);
    });
    element.addEventListener("keydown", (event) => {
      const big = event.shiftKey ? 5 : 1;
      /** @type {Record<string, number[]>} */
      const moves = { ArrowRight: [0, big], ArrowLeft: [0, -big], ArrowDown: [big, 0], ArrowUp: [-big, 0] };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      const last = (this.shares?.n ?? 1) - 1;
      const [row, column] = [model.row + move[0], model.column + move[1]].map((at) => Math.max(0, Math.min(last, at)));
      this.open(row, column);
      model.stage.announce(this.told(row, column));
    });
  }
}

/** A long label's beginning. @param {string} label */
export function short(label) {
  const letters = [...label];
  return letters.length > 13 ? `${letters.slice(0, 12).join("")}…` : label;
}
