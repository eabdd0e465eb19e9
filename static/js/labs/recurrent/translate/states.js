/**
 * The states over time: at left a column for each character that the encoder reads, at right one for each that the decoder says; a band
 * a gate, a row a unit. Where there are more units than pixels a row is the mean of neighbours.
 */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { context } from "../../../core/chart/ink.js";

/** @typedef {import("./model.js").Model} Model */

const TEXT = 22;
const NAME = 26;
const GAP = 5;
/** Between the encoder's columns and the decoder's. */
const SEAM = 26;
const [NARROW, WIDE] = [9, 24];

export class States {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.tip = el("div", { class: "chart-tip", hidden: true });
    this.room = el("div", { class: "translate-room" }, this.canvas, this.tip);
    this.element = el("div", { class: "translate-states", role: "group", tabindex: 0, "data-arrows": "" }, this.room);
    this.ctx = context(this.canvas);
    this.image = document.createElement("canvas");
    /** The one band that is shown; null: all. @type {string | null} */
    this.alone = null;
    this.seq = 0;
    this.column = NARROW;
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
    this.element.setAttribute("aria-label", model.stage.t("recurrent.translate.page.states"));
    const ratio = window.devicePixelRatio || 1;
    const columns = model.read + model.said;
    const room = Math.max(200, this.element.clientWidth);
    this.column = Math.max(NARROW, Math.min(WIDE, Math.floor((room - NAME - SEAM - 4) / columns)));
    this.width = Math.max(room, NAME + SEAM + 4 + columns * this.column);
    this.height = Math.max(160, this.element.clientHeight - (this.width > room ? 12 : 0));
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    for (const part of [this.canvas, this.room]) {
      part.style.width = `${this.width}px`;
      part.style.height = `${this.height}px`;
    }
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {number} seq */
  draw(seq) {
    const { ctx, model } = this;
    this.seq = seq;
    const { accent } = model.inks;
    // The last step painted and how many were, as the paths of optimizer/race tell it.
    this.canvas.dataset.seq = String(seq);
    this.canvas.dataset.painted = String(Number(this.canvas.dataset.painted ?? 0) + 1);
    ctx.clearRect(0, 0, this.width, this.height);
    ctx.textBaseline = "middle";
    this.#text();
    for (const [k, name] of this.bands.entries()) this.#band(name, this.#top(k));
    this.#seam();
    if (!seq) return;
    ctx.strokeStyle = accent;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(this.#x(seq), 1, this.column, this.height - 2);
    if (this.element.scrollWidth > this.element.clientWidth) this.element.scrollLeft = this.#x(seq) - 0.7 * this.element.clientWidth;
  }

  /** Where a frame's column begins. @param {number} seq */
  #x(seq) {
    const { read } = this.model;
    return NAME + (seq - 1) * this.column + (seq > read ? SEAM : 0);
  }

  get tall() {
    return Math.floor((this.height - TEXT - 1 - GAP * (this.bands.length - 1)) / this.bands.length);
  }

  /** @param {number} k */
  #top(k) {
    return TEXT + k * (this.tall + GAP);
  }

  /** What was read, and what was said so far. */
  #text() {
    const { ctx, model, seq } = this;
    const { ink, faint } = model.inks;
    ctx.font = `13px ${model.mono}`;
    ctx.textAlign = "center";
    for (let k = 1; k <= model.read; k += 1) {
      ctx.fillStyle = k <= seq ? ink : faint;
      ctx.fillText(model.source(k - 1), this.#x(k) + this.column / 2, TEXT / 2 - 1, this.column);
    }
    for (let k = model.read + 1; k <= seq; k += 1) {
      const said = model.says(k, model.row)?.said;
      const right = model.wanted?.[k - model.read - 1];
      ctx.fillStyle = ink;
      const [x, text] = [this.#x(k) + this.column / 2, model.shown(said)];
      ctx.fillText(text, x, TEXT / 2 - 1, this.column);
      if (said === undefined || right === undefined || said === right) continue;
      ctx.fillRect(x - 4, TEXT - 5, 8, 1.5); // not what is right
    }
  }

  /** @param {string} name @param {number} top */
  #band(name, top) {
    const { ctx, model, tall } = this;
    const { unit, read, said, hidden } = model;
    for (const [who, from, count] of /** @type {[string, number, number][]} */ ([["encoder", 1, read], [model.row, read + 1, said]])) this.#map(`${who}/${name}`, name, from, count, top);
    const { ink, accent } = model.inks;
    ctx.fillStyle = ink;
    ctx.textAlign = "left";
    ctx.font = `${name === unit.name ? "700 " : ""}14px ${model.mono}`;
    ctx.fillText(name, 4, top + tall / 2);
    if (name !== unit.name) return;
    const y = top + ((unit.unit + 0.5) * tall) / hidden;
    ctx.fillStyle = accent;
    ctx.beginPath();
    ctx.moveTo(NAME - 8, y - 4);
    ctx.lineTo(NAME - 1, y);
    ctx.lineTo(NAME - 8, y + 4);
    ctx.fill();
  }

  /** One network's values of a gate: frames `from` and `count` of them. @param {string} tensor @param {string} name @param {number} from @param {number} count @param {number} top */
  #map(tensor, name, from, count, top) {
    const { ctx, model, tall } = this;
    const { hidden } = model;
    const rows = Math.min(hidden, tall);
    const picture = new ImageData(count, rows);
    const pixels = new Uint32Array(picture.data.buffer);
    const words = model.palette(name);
    model.over(tensor, from, Math.min(this.seq, from + count - 1), (seq, data, start) => {
      for (let row = 0; row < rows; row += 1) {
        const [low, high] = [Math.floor((row * hidden) / rows), Math.floor(((row + 1) * hidden) / rows)];
        let sum = 0;
        for (let u = low; u < high; u += 1) sum += Number(data[start + u]);
        const level = model.level(name, sum / (high - low));
        if (level >= 0) pixels[row * count + seq - from] = words[level];
      }
    });
    this.image.width = count;
    this.image.height = rows;
    context(this.image).putImageData(picture, 0, 0);
    ctx.imageSmoothingEnabled = false;
    ctx.drawImage(this.image, this.#x(from), top, count * this.column, tall);
    ctx.strokeStyle = model.inks.line;
    ctx.lineWidth = 1;
    ctx.strokeRect(this.#x(from) - 0.5, top - 0.5, count * this.column + 1, tall + 1);
  }

  /** The last state is handed over: an arrow between the bands of what is handed. */
  #seam() {
    const { ctx, model, tall } = this;
    const x = this.#x(model.read) + this.column;
    ctx.strokeStyle = this.seq > model.read ? model.inks.accent : model.inks.faint;
    ctx.lineWidth = 1.5;
    for (const [k, name] of this.bands.entries()) {
      if (name !== "h" && name !== "c") continue;
      const y = this.#top(k) + tall / 2;
      ctx.beginPath();
      ctx.moveTo(x + 4, y);
      ctx.lineTo(x + SEAM - 5, y);
      ctx.moveTo(x + SEAM - 10, y - 4);
      ctx.lineTo(x + SEAM - 5, y);
      ctx.lineTo(x + SEAM - 10, y + 4);
      ctx.stroke();
    }
  }

  /** What lies under a pixel. @param {number} x @param {number} y @returns {{seq: number, name: string | null, unit: number} | null} */
  #at(x, y) {
    const { read, said, hidden } = this.model;
    const left = Math.floor((x - NAME) / this.column);
    const right = Math.floor((x - NAME - SEAM) / this.column);
    const seq = x < NAME ? 0 : left < read ? left + 1 : right >= read && right < read + said ? right + 1 : 0;
    if (!seq) return null;
    const k = Math.floor((y - TEXT) / (this.tall + GAP));
    const inside = y - TEXT - k * (this.tall + GAP);
    if (y < TEXT || inside > this.tall) return { seq, name: null, unit: 0 };
    return { seq, name: this.bands[k] ?? null, unit: Math.min(hidden - 1, Math.floor((inside * hidden) / this.tall)) };
  }

  #listen() {
    const { model } = this;
    this.room.addEventListener("pointerdown", (event) => {
      const found = this.#at(event.offsetX, event.offsetY);
      if (!found || found.seq > model.stage.timeline.last) return;
      model.stage.player.seek(found.seq);
      if (found.name) model.select({ name: found.name, unit: found.unit });
    });
    this.room.addEventListener("pointermove", (event) => this.#hover(event));
    this.room.addEventListener("pointerleave", () => (this.tip.hidden = true));
    this.element.addEventListener("keydown", (event) => {
      const { unit, hidden, names } = model;
      const move = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 }[event.key];
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (move) model.select({ unit: Math.max(0, Math.min(hidden - 1, unit.unit + move)) });
      else if (step) model.stage.player.seek(Math.max(0, Math.min(model.stage.timeline.last, this.seq + step)));
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
    const who = model.who(seq);
    const step = model.at(seq);
    const token = who === "encoder" ? model.source(step - 1) : model.shown(model.says(seq, who)?.said);
    model.over(`${who}/${name}`, seq, seq, (_, data, start) => {
      this.tip.textContent = model.stage.t("recurrent.translate.page.cell", { who: model.stage.t(`recurrent.translate.who.${who}`), name, unit: unit + 1, token, step, value: num(Number(data[start + unit])) });
    });
    const right = event.offsetX > this.width / 2;
    this.tip.style.left = right ? "" : `${event.offsetX + 12}px`;
    this.tip.style.right = right ? `${this.width - event.offsetX + 12}px` : "";
    this.tip.style.top = `${Math.min(event.offsetY + 8, this.height - 40)}px`;
  }
}
