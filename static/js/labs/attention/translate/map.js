/**
 * One map of weights: rows ask, columns are looked at. Where our grammar says that a word comes from is ringed; what the mask hides is
 * hatched. A click opens a weight, arrows walk.
 */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { sized } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").MapName} MapName */
/** @typedef {import("./model.js").Weights} Weights */

/** The largest cell, the smallest one with a label, a label's letter and what labels may take, CSS pixels. */
const [LARGEST, LEGIBLE] = [24, 9];
const [LETTER, WIDE] = [6.3, 11.5];
const [LEAST, MOST] = [14, 74];

export class HeadMap {
  /** @param {Model} model @param {MapName} name @param {() => void} changed the pointer is over another cell */
  constructor(model, name, changed) {
    this.model = model;
    this.name = name;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.element = el("div", { class: "tr-map", tabindex: 0, role: "application", "data-arrows": true, "aria-label": model.stage.t(`attention.translate.page.keys_${name}`) }, this.canvas);
    this.cell = LEGIBLE;
    this.left = LEAST;
    this.top = LEAST;
    /** @type {Weights} */
    this.weights = { rows: 0, columns: 0, values: new Float32Array() };
    /** @type {{row: number, column: number} | null} */
    this.pointer = null;
    this.changed = changed;
    this.#listen();
  }

  /** Room for the run's words. @param {number} width @param {number} height CSS pixels that are free */
  plan(width, height) {
    const { model, name } = this;
    const rows = name === "encoder" ? model.tokens.length : model.said;
    const columns = name === "self" ? model.said : model.tokens.length;
    const source = Math.max(...model.tokens.map((_, at) => wide(model.source(at))));
    const target = Math.max(...(model.wanted ?? []).map((token) => wide(model.shown(token))), ...this.#spoken());
    const [across, down] = [name === "encoder" ? source : target, name === "self" ? target : source];
    [this.left, this.top] = [across, down].map((one) => Math.max(LEAST, Math.min(MOST, one + 8)));
    this.cell = Math.max(5, Math.min(LARGEST, (width - this.left) / columns, (height - this.top) / rows));
  }

  /** How wide the words stand that were said. */
  #spoken() {
    const { model } = this;
    return Array.from({ length: model.said }, (_, k) => wide(model.shown(model.says(model.read + k + 1, model.row)?.said)));
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, name, cell, left, top } = this;
    const place = model.opened.place(name, seq);
    this.weights = model.weights(name, place.layer, place.head, seq);
    const { rows, columns, values } = this.weights;
    const ctx = sized(this.canvas, left + columns * cell + 1, top + rows * cell + 1);
    const style = getComputedStyle(this.element);
    const { ink, faint, line, accent, card } = { ...model.inks };
    ctx.strokeStyle = line;
    ctx.strokeRect(left - 0.5, top - 0.5, columns * cell + 1, rows * cell + 1);
    const colours = model.palettes.magnitude;
    const gap = cell > 8 ? 1 : 0;
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        const value = values[row * columns + column];
        const [x, y] = [left + column * cell, top + row * cell];
        if (name === "self" && column > row && model.masks && !Number.isNaN(values[row * columns])) hatch(ctx, x, y, cell - gap, faint);
        else if (!Number.isNaN(value)) {
          const word = colours[Math.round(255 * Math.min(1, value))];
          ctx.fillStyle = `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
          ctx.fillRect(x, y, cell - gap, cell - gap);
        }
      }
    if (name === "cross" && model.overlay) this.#gold(ctx, seq, style.getPropertyValue("--enc-mark"), card);
    this.#labels(ctx, place, style.getPropertyValue("--sans"), ink, faint, accent);
    const box = (/** @type {number} */ row, /** @type {number} */ column, /** @type {number} */ across, /** @type {string} */ colour, /** @type {number} */ thick) => {
      ctx.lineWidth = thick;
      ctx.strokeStyle = colour;
      ctx.strokeRect(left + column * cell - gap / 2, top + row * cell - gap / 2, across * cell, cell);
    };
    const asks = name === "encoder" ? place.row : seq - model.read - 1;
    if (asks >= 0 && asks < rows && !Number.isNaN(values[asks * columns])) {
      box(asks, 0, columns, accent, 1);
      if (place.column < columns) {
        box(asks, place.column, 1, card, 4);
        box(asks, place.column, 1, accent, 2);
      }
    }
    if (this.pointer) box(this.pointer.row, this.pointer.column, 1, ink, 1.5);
  }

  /** Rings where a word comes from. @param {CanvasRenderingContext2D} ctx @param {number} seq @param {string} colour @param {string} card */
  #gold(ctx, seq, colour, card) {
    const { model, cell, left, top } = this;
    for (let row = 0; row < this.weights.rows && model.read + row + 1 <= seq; row += 1)
      for (const column of model.gold(row) ?? [])
        for (const [thick, stroke] of /** @type {[number, string][]} */ ([[3.5, card], [1.8, colour]])) {
          ctx.lineWidth = thick;
          ctx.strokeStyle = stroke;
          ctx.beginPath();
          ctx.arc(left + (column + 0.5) * cell - 0.5, top + (row + 0.5) * cell - 0.5, Math.max(2.5, cell * 0.32), 0, 7);
          ctx.stroke();
        }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {import("./model.js").Place} place @param {string} sans @param {string} ink @param {string} faint @param {string} accent */
  #labels(ctx, place, sans, ink, faint, accent) {
    const { model, name, cell, left, top } = this;
    const { rows, columns } = this.weights;
    if (cell < LEGIBLE - 1) return;
    const size = Math.min(12, Math.max(9, cell));
    const write = (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y, /** @type {boolean} */ up, /** @type {boolean} */ on) => {
      ctx.save();
      ctx.font = `${on ? "600 " : ""}${size}px ${sans}`;
      ctx.fillStyle = on ? accent : up ? ink : faint;
      ctx.textBaseline = "middle";
      ctx.translate(x, y);
      const upright = up && wide(text) <= Math.max(cell, WIDE); // a single letter stands as it is
      if (up && !upright) ctx.rotate(-Math.PI / 2);
      ctx.textAlign = upright ? "center" : up ? "left" : "right";
      if (upright) ctx.textBaseline = "bottom";
      ctx.fillText(short(text), 0, 0);
      ctx.restore();
    };
    const asks = this.pointer?.row ?? place.row;
    const looked = this.pointer?.column ?? place.column;
    for (let row = 0; row < rows; row += 1) write(model.labelOf(name, row), left - 5, top + (row + 0.5) * cell, false, row === asks);
    for (let column = 0; column < columns; column += 1) write(model.columnOf(name, column), left + (column + 0.5) * cell, top - 5, true, column === looked);
  }

  /** "“mange” looks at “eat”: 0.93". @param {number} row @param {number} column */
  told(row, column) {
    const { model, name } = this;
    const value = this.weights.values[row * this.weights.columns + column];
    if (name === "self" && column > row && model.masks) return model.stage.t("attention.translate.page.masked", { key: model.columnOf(name, column), query: model.labelOf(name, row) });
    if (Number.isNaN(value)) return "";
    return model.stage.t("attention.translate.page.told", { query: model.asking(name, row), key: model.columnOf(name, column), value: num(value, 3) });
  }

  #listen() {
    const { model, name, element } = this;
    const under = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const bounds = this.canvas.getBoundingClientRect();
      const row = Math.floor((event.clientY - bounds.top - this.top) / this.cell);
      const column = Math.floor((event.clientX - bounds.left - this.left) / this.cell);
      const { rows, columns, values } = this.weights;
      return row >= 0 && row < rows && column >= 0 && column < columns && !Number.isNaN(values[row * columns]) ? { row, column } : null;
    };
    const point = (/** @type {{row: number, column: number} | null} */ to) => {
      if (to?.row === this.pointer?.row && to?.column === this.pointer?.column) return;
      this.pointer = to;
      this.changed();
    };
    element.addEventListener("pointermove", (event) => point(under(event)));
    element.addEventListener("pointerleave", () => point(null));
    element.addEventListener("click", (event) => {
      const at = under(event);
      if (at) model.opened.look(name, at);
    });
    element.addEventListener("keydown", (event) => {
      const move = /** @type {Record<string, number[]>} */ ({ ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] })[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation();
      const { rows, columns } = this.weights;
      const place = model.opened.place(name, model.stage.player.seq);
      const last = name === "encoder" ? rows : Math.min(rows, model.stage.timeline.last - model.read);
      const row = Math.max(0, Math.min(last - 1, place.row + move[0]));
      const column = Math.max(0, Math.min(columns - 1, place.column + move[1]));
      model.opened.look(name, { row, column });
      model.stage.announce(this.told(row, column));
    });
  }
}

/** What is hidden. @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} size @param {string} colour */
function hatch(ctx, x, y, size, colour) {
  ctx.save();
  ctx.globalAlpha = 0.35;
  ctx.lineWidth = 1;
  ctx.strokeStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x + 1, y + size - 1);
  ctx.lineTo(x + size - 1, y + 1);
  ctx.stroke();
  ctx.restore();
}

/** @param {string} text */
function wide(text) {
  return [...short(text)].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? WIDE : LETTER), 0);
}

/** A long word's beginning. @param {string} text */
export function short(text) {
  const letters = [...text];
  return letters.length > 11 ? `${letters.slice(0, 10).join("")}…` : text;
}
