/**
 * The text as one long line and under each character its column of gates: a band a gate, a row a unit. It runs with the play head;
 * where there are more units than pixels a row is the mean of neighbours, and one band alone has room for all.
 */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { context } from "../../../core/chart/ink.js";

/** @typedef {import("./model.js").Model} Model */

const COLUMN = 14;
const TEXT = 22;
const NAME = 26;
const GAP = 6;
/** Where in the window the play head stands while there is text on both sides. */
const HEAD = 0.75;

export class Tape {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.canvas = el("canvas", { class: "gates-cells", "aria-hidden": "true" });
    this.tip = el("div", { class: "chart-tip", hidden: true });
    this.element = el("div", { class: "gates-tape", role: "group", tabindex: 0, "data-arrows": "" }, this.canvas, this.tip);
    this.ctx = context(this.canvas);
    this.image = document.createElement("canvas");
    /** The one band that is shown; null: all. @type {string | null} */
    this.alone = null;
    this.seq = 0;
    this.first = 0;
    this.width = 0;
    this.height = 0;
    this.#listen();
  }

  get bands() {
    return this.alone && this.model.names.includes(this.alone) ? [this.alone] : this.model.names;
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model } = this;
    this.element.setAttribute("aria-label", model.stage.t("recurrent.gates.page.tape"));
    const ratio = window.devicePixelRatio || 1;
    this.width = Math.max(200, this.element.clientWidth);
    this.height = Math.max(160, this.element.clientHeight);
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {number} seq */
  draw(seq) {
    const { ctx, model } = this;
    this.seq = seq;
    const count = this.columns;
    const last = model.tokens.length;
    this.first = Math.max(0, Math.min(last - count, Math.round(seq - 1 - HEAD * count)));
    const end = Math.min(last, this.first + count);
    model.window = [this.first, end];
    const { ink, faint, line, accent } = model.inks;
    // The last step painted and how many were, as the paths of optimizer/race tell it.
    this.canvas.dataset.seq = String(seq);
    this.canvas.dataset.painted = String(Number(this.canvas.dataset.painted ?? 0) + 1);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.textBaseline = "middle";
    this.#text(end, ink, faint);
    for (const [k, name] of this.bands.entries()) this.#band(name, this.#top(k), end, ink, line);
    if (seq > this.first && seq <= end) {
      ctx.strokeStyle = accent;
      ctx.lineWidth = 1.5;
      ctx.strokeRect(NAME + (seq - 1 - this.first) * COLUMN, 1, COLUMN, this.height - 2);
    }
  }

  get columns() {
    return Math.max(1, Math.floor((this.width - NAME) / COLUMN));
  }

  get tall() {
    return Math.floor((this.height - TEXT - 1 - GAP * (this.bands.length - 1)) / this.bands.length);
  }

  /** @param {number} k */
  #top(k) {
    return TEXT + k * (this.tall + GAP);
  }

  /** The characters, coloured by the unit that is looked at. @param {number} end @param {string} ink @param {string} faint */
  #text(end, ink, faint) {
    const { ctx, model } = this;
    const { unit } = model;
    const words = model.palette(unit.name);
    const column = model.row(unit) * model.hidden + unit.unit;
    model.column(unit.name, column, this.first + 1, Math.min(end, this.seq), (seq, value) => {
      const level = model.level(unit.name, value);
      if (level < 0) return;
      ctx.fillStyle = css(words[level], 0.55);
      ctx.fillRect(NAME + (seq - 1 - this.first) * COLUMN, 1, COLUMN, TEXT - 4);
    });
    ctx.font = `13px ${model.mono}`;
    ctx.textAlign = "center";
    const unknown = new Set(model.note.unknown ?? []);
    for (let t = this.first; t < end; t += 1) {
      const token = model.shown(model.tokens[t]);
      ctx.fillStyle = t < this.seq && !unknown.has(t) ? ink : faint;
      ctx.fillText(token.length > 2 ? "…" : token, NAME + (t - this.first + 0.5) * COLUMN, TEXT / 2 - 1, COLUMN);
    }
  }

  /** @param {string} name @param {number} top @param {number} end @param {string} ink @param {string} line */
  #band(name, top, end, ink, line) {
    const { ctx, model, tall } = this;
    const { hidden, unit } = model;
    const rows = Math.min(hidden, tall);
    const wide = Math.max(1, end - this.first);
    const picture = new ImageData(wide, rows);
    const pixels = new Uint32Array(picture.data.buffer);
    const words = model.palette(name);
    const from = model.row(unit) * hidden;
    for (const block of model.stage.timeline.blocks(this.first + 1, Math.min(end, this.seq))) {
      const part = block.tensor(name);
      if (!part) continue;
      for (let f = 0; f < block.count; f += 1) {
        const x = block.seq + f - 1 - this.first;
        if (x < 0 || x >= wide || block.seq + f > this.seq) continue;
        const at = f * part.size + from;
        for (let row = 0; row < rows; row += 1) {
          const [low, high] = [Math.floor((row * hidden) / rows), Math.floor(((row + 1) * hidden) / rows)];
          let sum = 0;
          for (let u = low; u < high; u += 1) sum += Number(part.data[at + u]);
          const level = model.level(name, sum / (high - low));
          if (level >= 0) pixels[row * wide + x] = words[level];
        }
      }
    }
    this.image.width = wide;
    this.image.height = rows;
    context(this.image).putImageData(picture, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.image, NAME, top, wide * COLUMN, tall);
    ctx.strokeStyle = line;
    ctx.lineWidth = 1;
    ctx.strokeRect(NAME - 0.5, top - 0.5, wide * COLUMN + 1, tall + 1);
    ctx.fillStyle = ink;
    ctx.textAlign = "left";
    ctx.font = `${name === unit.name ? "700 " : ""}14px ${model.mono}`;
    ctx.fillText(name, 4, top + tall / 2);
    const y = top + ((unit.unit + 0.5) * tall) / hidden;
    if (name === unit.name) {
      ctx.fillStyle = model.inks.accent;
      ctx.beginPath();
      ctx.moveTo(NAME - 8, y - 4);
      ctx.lineTo(NAME - 1, y);
      ctx.lineTo(NAME - 8, y + 4);
      ctx.fill();
    }
  }

  /** What lies under a pixel. @param {number} x @param {number} y @returns {{seq: number, name: string | null, unit: number} | null} */
  #at(x, y) {
    const t = Math.floor((x - NAME) / COLUMN) + this.first;
    if (x < NAME || t < 0 || t >= this.model.tokens.length) return null;
    const k = Math.floor((y - TEXT) / (this.tall + GAP));
    const inside = y - TEXT - k * (this.tall + GAP);
    if (y < TEXT || inside > this.tall) return { seq: t + 1, name: null, unit: 0 };
    return { seq: t + 1, name: this.bands[k] ?? null, unit: Math.min(this.model.hidden - 1, Math.floor((inside * this.model.hidden) / this.tall)) };
  }

  #listen() {
    const { model } = this;
    this.element.addEventListener("pointerdown", (event) => {
      const found = this.#at(event.offsetX, event.offsetY);
      if (!found) return;
      model.stage.player.seek(found.seq);
      if (found.name) model.select({ name: found.name, unit: found.unit });
    });
    this.element.addEventListener("pointermove", (event) => this.#hover(event));
    this.element.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.element.addEventListener("keydown", (event) => {
      const { unit, hidden, names } = model;
      const move = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
      if (move) model.select({ unit: Math.max(0, Math.min(hidden - 1, unit.unit + move)) });
      else if (names.includes(event.key)) model.select({ name: event.key });
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const { model } = this;
    const found = this.#at(event.offsetX, event.offsetY);
    this.tip.hidden = !found?.name || found.seq > this.seq;
    if (!found?.name || this.tip.hidden) return;
    const { seq, name, unit } = found;
    model.column(name, model.row(model.unit) * model.hidden + unit, seq, seq, (_, value) => {
      this.tip.textContent = model.stage.t("recurrent.gates.page.cell", { name, unit: unit + 1, token: model.shown(model.tokens[seq - 1]), step: seq, value: num(value) });
    });
    const right = event.offsetX > this.width / 2;
    this.tip.style.left = right ? "" : `${event.offsetX + 12}px`;
    this.tip.style.right = right ? `${this.width - event.offsetX + 12}px` : "";
    this.tip.style.top = `${Math.min(event.offsetY + 8, this.height - 40)}px`;
  }
}

/** A palette's word as a colour. @param {number} word @param {number} alpha */
export function css(word, alpha) {
  return `rgba(${word & 255}, ${(word >> 8) & 255}, ${(word >> 16) & 255}, ${alpha})`;
}
