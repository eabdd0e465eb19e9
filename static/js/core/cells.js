/**
 * A grid of numbers on one canvas: a colour and a text in each cell, frames around some of them. A click picks a cell; with the keyboard
 * the arrows move a cursor, which is told, and Enter picks. Where numbers may be changed, a double click or a typed digit opens one.
 */

import { el } from "./dom.js";
import { num } from "./format.js";
import { palettes, rangeOf } from "./tiles.js";

/** @typedef {{row: number, col: number, rows: number, cols: number, colour: string, dash?: boolean, width?: number}} Frame  around cells, in cells */
/**
 * @typedef {object} Picture
 * @property {number} rows
 * @property {number} cols
 * @property {number} size                                        of a cell, CSS pixels
 * @property {number} [wide]                                      its width, where it is no square; such cells hold no numbers, and need not be whole pixels
 * @property {(row: number, col: number) => number | null} value  null: an empty cell; NaN: one that is still to come
 * @property {(value: number) => string} text
 * @property {(row: number, col: number) => string} told          the cell in words, for the pointer and for those who listen
 * @property {{low: number, high: number}} range
 * @property {Frame[]} frames
 * @property {(row: number, col: number) => boolean} [faint]      drawn with its number greyed
 * @property {(row: number, col: number) => string | null} [corner]  a colour in the cell's corner: cells of one corner belong together
 * @property {(row: number, col: number) => boolean} [fixed]      a number that cannot be changed
 * @property {string} [blank]                                     the text of an empty cell
 */

/** Below this size a cell has no room for its number. */
const LEGIBLE = 18;
/** Nobody reads smaller digits, CSS pixels. */
const SMALLEST = 8;
/** So much of a cell's width its number may take: else it runs into the next one's. */
const ROOM = 0.82;
/** Room around the cells for a frame's line. */
const EDGE = 2;

export class Cells {
  /**
   * @param {string} label
   * @param {((row: number, col: number) => void) | null} onPick
   * @param {(text: string) => void} announce
   * @param {((row: number, col: number, value: number) => void) | null} [onEdit]
   * @param {((row: number, col: number) => void) | null} [onHover]  -1, -1: nothing any more
   */
  constructor(label, onPick, announce, onEdit = null, onHover = null) {
    this.announce = announce;
    this.onEdit = onEdit;
    this.onHover = onHover;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.element = el("div", { class: "cells", role: "group", "aria-label": label, tabindex: onPick ? 0 : null, "data-arrows": onPick ? "" : null }, this.canvas);
    /** @type {Picture | null} */
    this.picture = null;
    this.row = 0;
    this.col = 0;
    this.focused = false;
    if (onPick) this.#listen(onPick);
  }

  /** @param {Picture} picture */
  show(picture) {
    this.picture = picture;
    this.row = Math.min(this.row, picture.rows - 1);
    this.col = Math.min(this.col, picture.cols - 1);
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [picture.cols * (picture.wide ?? picture.size) + 2 * EDGE, picture.rows * picture.size + 2 * EDGE];
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const ctx = this.canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(ratio, 0, 0, ratio, EDGE * ratio, EDGE * ratio);
    this.#paint(ctx, picture);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {Picture} picture */
  #paint(ctx, picture) {
    const { rows, cols, size, wide = size } = picture;
    const least = Math.min(size, wide);
    const style = getComputedStyle(document.documentElement); // the element itself may not be on the page yet
    const [line, inset, muted, accent] = ["--line", "--inset", "--muted", "--accent"].map((name) => style.getPropertyValue(name).trim());
    const font = (/** @type {number} */ px) => `${px}px ${style.getPropertyValue("--mono")}`;
    const colour = colours(picture.range);
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (let row = 0; row < rows; row += 1)
      for (let col = 0; col < cols; col += 1) {
        const value = picture.value(row, col);
        const [x, y] = [Math.round(col * wide), Math.round(row * size)];
        const [w, h] = [Math.round((col + 1) * wide) - x, Math.round((row + 1) * size) - y];
        const known = value !== null && !Number.isNaN(value);
        const [fill, ink] = known ? colour(value) : [inset, muted];
        if (value !== null) {
          ctx.fillStyle = fill;
          ctx.globalAlpha = picture.faint?.(row, col) ? 0.5 : 1;
          ctx.fillRect(x, y, w, h);
          ctx.globalAlpha = 1;
        } else hatch(ctx, x, y, size, line);
        ctx.strokeStyle = line;
        ctx.lineWidth = least < 10 ? 0.5 : 1;
        if (least >= 6) ctx.strokeRect(x, y, w, h);
        const corner = size >= 10 ? picture.corner?.(row, col) : null;
        if (corner) wedge(ctx, x, y, size, corner);
        const blank = value === null ? picture.blank : undefined;
        if ((!known && !blank) || size < LEGIBLE || wide !== size) continue;
        const most = Math.min(13, size * 0.44);
        for (const text of blank === undefined ? ways(picture.text(Number(value)), Number(value)) : [blank]) {
          ctx.font = font(most);
          const px = Math.min(most, (most * ROOM * size) / ctx.measureText(text).width);
          if (px < SMALLEST && px < most) continue; // the colour tells it, and the pointer every digit
          ctx.font = font(px);
          ctx.fillStyle = picture.faint?.(row, col) ? muted : ink;
          ctx.fillText(text, x + size / 2, y + size / 2 + 0.5);
          break;
        }
      }
    for (const frame of picture.frames) outline(ctx, frame, size, wide);
    if (this.focused) outline(ctx, { row: this.row, col: this.col, rows: 1, cols: 1, colour: accent, width: 1.5, dash: true }, size, wide);
  }

  /** @param {(row: number, col: number) => void} pick */
  #listen(pick) {
    const { element } = this;
    element.classList.add("pick");
    const at = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const box = this.canvas.getBoundingClientRect();
      const { rows = 0, cols = 0, size = 1, wide = size } = this.picture ?? {};
      const [row, col] = [Math.floor((event.clientY - box.top - EDGE) / size), Math.floor((event.clientX - box.left - EDGE) / wide)];
      return row >= 0 && col >= 0 && row < rows && col < cols ? { row, col } : null;
    };
    element.addEventListener("pointermove", (event) => {
      const cell = at(event);
      element.title = cell && this.picture ? this.picture.told(cell.row, cell.col) : "";
      this.onHover?.(cell?.row ?? -1, cell?.col ?? -1);
    });
    element.addEventListener("pointerleave", () => this.onHover?.(-1, -1));
    element.addEventListener("dblclick", () => this.#edit(""));
    element.addEventListener("click", (event) => {
      const cell = at(event);
      if (!cell) return;
      [this.row, this.col] = [cell.row, cell.col];
      pick(cell.row, cell.col);
    });
    element.addEventListener("focus", () => this.#focus(element.matches(":focus-visible")));
    element.addEventListener("blur", () => this.#focus(false));
    element.addEventListener("keydown", (event) => this.#key(event, pick));
  }

  /** @param {boolean} on */
  #focus(on) {
    this.focused = on;
    if (!this.picture) return;
    this.show(this.picture);
    if (on) this.announce(this.picture.told(this.row, this.col));
  }

  /** @param {KeyboardEvent} event @param {(row: number, col: number) => void} pick */
  #key(event, pick) {
    const { picture } = this;
    if (!picture) return;
    const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] });
    const move = moves[event.key];
    if (move) {
      this.row = Math.max(0, Math.min(picture.rows - 1, this.row + move[0]));
      this.col = Math.max(0, Math.min(picture.cols - 1, this.col + move[1]));
      this.focused = true;
      this.show(picture);
      this.announce(picture.told(this.row, this.col));
    } else if (event.key === "Enter" || event.key === " ") pick(this.row, this.col);
    else if (this.onEdit && /^[-\d.]$/.test(event.key) && !event.ctrlKey && !event.metaKey && !event.altKey) this.#edit(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** A field over the cell under the cursor; Enter keeps what was typed, Escape leaves the cell as it was. @param {string} typed */
  #edit(typed) {
    const { picture, row, col, onEdit } = this;
    if (!picture || !onEdit || picture.fixed?.(row, col)) return;
    const before = picture.value(row, col);
    const field = el("input", { class: "cell-field", type: "text", inputmode: "decimal", autocomplete: "off", "aria-label": picture.told(row, col) });
    field.value = typed || String(before ?? "");
    field.style.left = `${EDGE + col * picture.size + picture.size / 2}px`;
    field.style.top = `${EDGE + row * picture.size + picture.size / 2}px`;
    let open = true;
    const close = (/** @type {boolean} */ keep, focus = true) => {
      if (!open) return;
      open = false;
      const value = Number(field.value.replace("−", "-"));
      field.remove();
      if (focus) this.element.focus();
      if (keep && field.value.trim() !== "" && Number.isFinite(value) && value !== before) onEdit(row, col, value);
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") close(true);
      else if (event.key === "Escape") close(false);
    });
    field.addEventListener("click", (event) => event.stopPropagation());
    field.addEventListener("blur", () => close(true, false));
    this.element.append(field);
    field.focus();
    if (!typed) field.select();
  }
}

/** A number's text, and shorter ones for a cell that is too narrow. @param {string} text @param {number} value */
function ways(text, value) {
  if (!text || Number.isInteger(value) || Math.abs(value) >= 9.5) return [text];
  return [text, ...[2, 1].map((digits) => num(value, digits).replace(/^(\u2212?)0\./, "$1."))];
}

/** The corner at bottom right of a cell. @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} size @param {string} colour */
function wedge(ctx, x, y, size, colour) {
  const side = Math.max(4, size * 0.28);
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x + size, y + size - side);
  ctx.lineTo(x + size, y + size);
  ctx.lineTo(x + size - side, y + size);
  ctx.fill();
}

/**
 * A colour for a value and an ink that is read on it.
 * @param {{low: number, high: number}} range
 * @returns {(value: number) => [string, string]}
 */
export function colours({ low, high }) {
  const scale = rangeOf(Number.isFinite(low) ? low : 0, Number.isFinite(high) ? high : 0);
  const words = scale.low < 0 ? palettes().signed : palettes().magnitude;
  return (value) => {
    const share = Math.max(0, Math.min(1, (value - scale.low) / (scale.high - scale.low)));
    const word = words[Math.round(255 * share)];
    const [red, green, blue] = [word & 255, (word >> 8) & 255, (word >> 16) & 255];
    // The eye's share of each colour in how bright a cell looks.
    const bright = 0.299 * red + 0.587 * green + 0.114 * blue;
    return [`rgb(${red} ${green} ${blue})`, bright > 120 ? "#111418" : "#f2f4f7"];
  };
}

/** @param {CanvasRenderingContext2D} ctx @param {Frame} frame @param {number} size @param {number} wide */
function outline(ctx, { row, col, rows, cols, colour, dash = false, width = 2.5 }, size, wide) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = width;
  ctx.setLineDash(dash ? [3, 2] : []);
  ctx.strokeRect(col * wide, row * size, cols * wide, rows * size);
  ctx.setLineDash([]);
}

/** A cell outside the input. @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} size @param {string} colour */
function hatch(ctx, x, y, size, colour) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, size, size);
  ctx.clip();
  ctx.beginPath();
  for (let i = -size; i < size; i += 5) {
    ctx.moveTo(x + i, y + size);
    ctx.lineTo(x + i + size, y);
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.stroke();
  ctx.restore();
}
