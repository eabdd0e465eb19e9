/**
 * The same layer as a fully connected one: a row an output, a column a cell of the input. Each shared weight has one colour, wherever it
 * stands; the row at hand is marked. A click on a row, or the arrow keys, go to the step that computes it.
 */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */

const NOTHING = -1;
const SEVERAL = -2;
/** Largest side of an entry, and the room of the picture; CSS pixels. */
const ENTRY = 12;
const ROOM = { width: 264, height: 150 };

export class Matrix {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    const { t } = stage;
    this.card = card(t("convolution.sliding.page.matrix"), t("convolution.sliding.page.matrix_caption"));
    this.element = this.card.element;
    this.element.classList.add("slide-matrix");
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.picture = el("div", { class: "slide-picture", role: "group", tabindex: 0, "data-arrows": "", "aria-label": t("convolution.sliding.page.matrix_grid") }, this.canvas);
    this.counts = el("dl", { class: "slide-counts" });
    this.told = el("p", { class: "caption" });
    this.large = el("p", { class: "caption" });
    this.card.body.append(this.picture, this.told, this.counts, this.large);
    /** Painted once a run, without the marked row. @type {HTMLCanvasElement | null} */
    this.painted = null;
    this.size = 1;
    this.seq = 0;
    this.picture.addEventListener("click", (event) => this.#click(event));
    this.picture.addEventListener("pointermove", (event) => this.#point(event));
    this.picture.addEventListener("keydown", (event) => this.#key(event));
  }

  /** The run or the theme changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const { matrix, counts } = model.note;
    this.picture.hidden = !matrix.shown;
    this.painted = matrix.shown ? this.#paint() : null;
    const size = t("convolution.sliding.page.matrix_size", { rows: matrix.rows, columns: matrix.cols });
    this.told.textContent = matrix.shown ? `${size} ${t("convolution.sliding.page.matrix_same", { difference: num(matrix.difference, 2) })}` : `${size} ${t("convolution.sliding.page.matrix_large")}`;
    const most = Math.log10(counts.dense + 1);
    const rows = ["dense", "local", "shared"].map((name) => {
      const bar = el("span", { class: `slide-bar ${name}`, "aria-hidden": "true" });
      bar.style.width = `${(100 * Math.log10(counts[name] + 1)) / most}%`;
      return el("div", { title: t(`convolution.sliding.page.${name}_help`) }, el("dt", {}, t(`convolution.sliding.page.${name}`)), el("dd", {}, el("span", { class: "slide-track" }, bar), el("span", { class: "value" }, counts[name].toLocaleString("en"))));
    });
    this.counts.replaceChildren(...rows);
    const large = Object.fromEntries(Object.entries(model.note.large).map(([name, count]) => [name, count.toLocaleString("en")]));
    this.large.textContent = t("convolution.sliding.page.large", large);
    this.draw(this.seq);
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const { model, painted, canvas } = this;
    if (!painted) return;
    const ratio = window.devicePixelRatio || 1;
    const [rows, cols] = [model.note.matrix.rows, model.note.matrix.cols];
    const [width, height] = [cols * this.size, rows * this.size];
    canvas.width = Math.ceil(width * ratio) + 4;
    canvas.height = Math.ceil(height * ratio) + 4;
    canvas.style.width = `${canvas.width / ratio}px`;
    canvas.style.height = `${canvas.height / ratio}px`;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.translate(2, 2);
    ctx.imageSmoothingEnabled = this.size * ratio < 1;
    ctx.drawImage(painted, 0, 0, width * ratio, height * ratio);
    const row = seq - 1;
    if (row < 0) return;
    ctx.strokeStyle = model.stage.plots.colors().accent;
    ctx.lineWidth = 2;
    const tall = Math.max(this.size * ratio, 2);
    ctx.strokeRect(0, row * this.size * ratio, width * ratio, tall);
  }

  /** One pixel an entry. */
  #paint() {
    const { model } = this;
    const { rows, cols } = model.note.matrix;
    const canvas = el("canvas", {});
    canvas.width = cols;
    canvas.height = rows;
    this.size = Math.min(ENTRY, ROOM.width / cols, ROOM.height / rows);
    const ctx = canvas.getContext("2d");
    if (!ctx) return canvas;
    const style = getComputedStyle(document.documentElement);
    ctx.fillStyle = style.getPropertyValue("--inset").trim();
    ctx.fillRect(0, 0, cols, rows);
    const index = model.of("matrix");
    const count = model.of("weight").length;
    const several = style.getPropertyValue("--text").trim();
    const chosen = model.mark.weight;
    for (let k = 0; k < index.length; k += 1) {
      const weight = Number(index[k]);
      if (weight === NOTHING) continue;
      ctx.globalAlpha = chosen === undefined || chosen === weight ? 1 : 0.25;
      ctx.fillStyle = weight === SEVERAL ? several : model.hue(weight, count);
      ctx.fillRect(k % cols, Math.floor(k / cols), 1, 1);
    }
    return canvas;
  }

  /** @param {MouseEvent} event */
  #entry(event) {
    const box = this.canvas.getBoundingClientRect();
    const { rows, cols } = this.model.note.matrix;
    const row = Math.floor((event.clientY - box.top) / this.size);
    const col = Math.floor((event.clientX - box.left) / this.size);
    return row >= 0 && col >= 0 && row < rows && col < cols ? { row, col } : null;
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const entry = this.#entry(event);
    if (entry) this.#go(entry.row);
  }

  /** @param {MouseEvent} event */
  #point(event) {
    const entry = this.#entry(event);
    const { model } = this;
    if (!entry) return;
    const weight = Number(model.of("matrix")[entry.row * model.note.matrix.cols + entry.col]);
    const words = { row: entry.row, column: entry.col, value: num(Number(model.of("weight")[weight])) };
    const kind = weight === NOTHING ? "entry_zero" : weight === SEVERAL ? "entry_several" : "entry";
    this.picture.title = model.stage.t(`convolution.sliding.page.${kind}`, words);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const moves = /** @type {Record<string, number>} */ ({ ArrowUp: -1, ArrowDown: 1, Enter: 0 });
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#go(Math.max(0, Math.min(this.model.outputs - 1, this.seq - 1 + move)));
  }

  /** @param {number} row */
  #go(row) {
    this.model.stage.select({ kind: "matrix", row });
    this.model.stage.player.seek(row + 1);
  }
}
