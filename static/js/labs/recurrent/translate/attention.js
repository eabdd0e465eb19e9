/** Where the decoder looks: a row for each character that it said, a column for each that was read; the matrix grows row by row. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { context } from "../../../core/chart/ink.js";
import { sized } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */

const LABEL = 20;
const [LEAST, MOST] = [11, 22];

export class Attention {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.translate.page.attention"), t("recurrent.translate.page.attention_caption"));
    this.element = made.element;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.told = el("p", { class: "caption", role: "status" });
    this.picture = el("div", { class: "translate-matrix", role: "group", tabindex: 0, "data-arrows": "", "aria-label": t("recurrent.translate.page.attention_keys") }, this.canvas);
    this.none = el("p", { class: "muted" }, t("recurrent.translate.page.no_attention"));
    made.body.append(this.picture, this.told, this.none);
    this.caption = made.caption;
    this.size = LEAST;
    this.seq = 0;
    this.#listen();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model } = this;
    this.none.hidden = model.looks;
    this.picture.hidden = this.told.hidden = this.caption.hidden = !model.looks;
    if (!model.looks) return;
    this.size = Math.max(LEAST, Math.min(MOST, Math.floor(((this.picture.clientWidth || 300) - LABEL) / model.read)));
    sized(this.canvas, LABEL + model.read * this.size, LABEL + model.said * this.size);
    this.canvas.dataset.size = String(this.size);
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, size } = this;
    this.seq = seq;
    if (!model.looks) return;
    const ctx = context(this.canvas);
    const { ink, faint, line, accent } = model.inks;
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    ctx.font = `12px ${model.mono}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillStyle = ink;
    for (let j = 0; j < model.read; j += 1) ctx.fillText(model.source(j), LABEL + (j + 0.5) * size, LABEL / 2, size);
    ctx.strokeStyle = line;
    ctx.strokeRect(LABEL - 0.5, LABEL - 0.5, model.read * size + 1, model.said * size + 1);
    const words = model.palettes.magnitude;
    model.over(`${model.row}/a`, model.read + 1, seq, (at, data, start) => {
      const y = LABEL + (at - model.read - 1) * size;
      ctx.fillStyle = at === seq ? ink : faint;
      ctx.fillText(model.shown(model.says(at, model.row)?.said), LABEL / 2, y + size / 2, LABEL);
      for (let j = 0; j < model.read; j += 1) {
        const value = Number(data[start + j]);
        if (Number.isNaN(value)) continue;
        const word = words[Math.round(255 * value)];
        ctx.fillStyle = `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
        ctx.fillRect(LABEL + j * size, y, size, size);
      }
    });
    const step = seq - model.read;
    const target = model.stage.selected();
    const place = target && ["weight", "score"].includes(target.kind) ? Number(target.at ?? 0) : -1;
    if (step >= 1) {
      ctx.strokeStyle = accent;
      ctx.lineWidth = 1.5;
      ctx.strokeRect(LABEL, LABEL + (step - 1) * size, model.read * size, size);
      if (place >= 0) {
        ctx.lineWidth = 2.5;
        ctx.strokeRect(LABEL + place * size + 1, LABEL + (step - 1) * size + 1, size - 2, size - 2);
      }
      ctx.lineWidth = 1;
    }
    this.#tell(step, place >= 0 ? place : this.#top(seq));
  }

  /** Where a step looks most; -1: nowhere. @param {number} seq */
  #top(seq) {
    let best = -1;
    let most = 0;
    this.model.over(`${this.model.row}/a`, seq, seq, (_, data, start) => {
      for (let j = 0; j < this.model.read; j += 1) if (Number(data[start + j]) > most) [best, most] = [j, Number(data[start + j])];
    });
    return best;
  }

  /** One weight in words. @param {number} step @param {number} place */
  #tell(step, place) {
    const { model } = this;
    this.told.textContent = "";
    if (step < 1 || place < 0) return;
    const seq = model.read + step;
    model.over(`${model.row}/a`, seq, seq, (_, data, start) => {
      const value = Number(data[start + place]);
      if (!Number.isNaN(value)) this.told.textContent = model.stage.t("recurrent.translate.page.attention_cell", { said: model.shown(model.says(seq, model.row)?.said), read: model.source(place), place: place + 1, value: num(value, 3) });
    });
  }

  #listen() {
    const { model } = this;
    const at = (/** @type {PointerEvent} */ event) => ({ step: Math.floor((event.offsetY - LABEL) / this.size) + 1, place: Math.floor((event.offsetX - LABEL) / this.size) });
    const inside = ({ step = 0, place = -1 }) => place >= 0 && place < model.read && step >= 1 && model.read + step <= model.stage.timeline.last;
    this.canvas.addEventListener("pointerdown", (event) => {
      const found = at(event);
      if (inside(found)) model.open(found.step, { kind: "weight", at: found.place, row: model.row });
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const found = at(event);
      if (inside(found) && model.read + found.step <= this.seq) this.#tell(found.step, found.place);
    });
    this.picture.addEventListener("keydown", (event) => {
      const across = { ArrowLeft: -1, ArrowRight: 1 }[event.key] ?? 0;
      const down = { ArrowUp: -1, ArrowDown: 1 }[event.key] ?? 0;
      if (!across && !down) return;
      event.preventDefault();
      event.stopPropagation();
      const target = model.stage.selected();
      const from = target?.kind === "weight" ? Number(target.at ?? 0) : Math.max(0, this.#top(this.seq)) - across;
      const place = Math.max(0, Math.min(model.read - 1, from + across));
      const step = Math.max(1, Math.min(model.stage.timeline.last - model.read, this.seq - model.read + down));
      model.open(step, { kind: "weight", at: place, row: model.row });
    });
  }
}
