/** The feed-forward sub-layers of one token: every hidden unit of each layer as a cell, dark where the relu lets nothing through. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { paint, rangeOf } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./stream.js").Stacks} Stacks */

const ACROSS = 32;
/** Units that are listed. */
const BEST = 4;

export class Units {
  /** @param {Model} model @param {Stacks} stacks */
  constructor(model, stacks) {
    this.model = model;
    this.stacks = stacks;
    const { t } = model.stage;
    this.card = card(t("attention.translate.page.units"), t("attention.translate.page.units_caption"));
    this.element = this.card.element;
    this.body = el("div", { class: "tr-units" });
    this.card.body.append(this.body);
    /** @type {{canvas: HTMLCanvasElement, box: HTMLElement, told: HTMLElement, best: HTMLElement}[]} */
    this.layers = [];
    this.seq = 0;
    this.cell = 8;
  }

  /** The run, the room or the language changed. */
  plan() {
    const { model } = this;
    this.cell = Math.max(6, Math.min(12, Math.floor((this.body.clientWidth || 280) / ACROSS)));
    this.layers = [...Array(model.layers).keys()].map((layer) => {
      const canvas = el("canvas", { "aria-hidden": "true" });
      const box = el("div", { class: "tr-unit-map", tabindex: 0, role: "application", "data-arrows": true, "aria-label": model.stage.t("attention.translate.page.units_keys", { layer: layer + 1 }) }, canvas);
      box.addEventListener("click", (event) => {
        const bounds = canvas.getBoundingClientRect();
        this.#open(layer, Math.floor((event.clientX - bounds.left) / this.cell) + ACROSS * Math.floor((event.clientY - bounds.top) / this.cell));
      });
      box.addEventListener("keydown", (event) => {
        const move = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: ACROSS, ArrowUp: -ACROSS })[event.key];
        if (!move) return;
        event.preventDefault();
        event.stopPropagation();
        this.#open(layer, this.#chosen(layer) + move);
      });
      return { canvas, box, told: el("p", { class: "caption" }), best: el("p", { class: "enc-chips" }) };
    });
    this.body.replaceChildren(...this.layers.map((one) => el("div", {}, one.told, one.box, one.best)));
  }

  /** @param {number} layer */
  #chosen(layer) {
    const target = this.model.stage.selected();
    return target?.kind === "hidden" && target.layer === layer ? Number(target.unit ?? 0) : -1;
  }

  /** @param {number} layer @param {number} unit */
  #open(layer, unit) {
    if (unit >= 0 && unit < Number(this.model.note.d_ff)) this.model.stage.select({ kind: "hidden", ...this.stacks.place(this.seq, layer), unit });
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, stacks, cell } = this;
    const { t } = model.stage;
    this.seq = seq;
    const size = Number(model.note.d_ff);
    this.layers.forEach(({ canvas, box, told, best }, layer) => {
      const numbers = stacks.numbers(seq, layer, "active", size);
      box.hidden = best.hidden = !numbers;
      told.textContent = t("attention.translate.page.layer", { layer: layer + 1 });
      if (!numbers) return;
      const values = Float32Array.from(numbers);
      const on = values.filter((value) => value > 0).length;
      told.textContent = t("attention.translate.page.units_on", { layer: layer + 1, on, count: size, token: stacks.named(seq) });
      paint(canvas, { count: 1, height: size / ACROSS, width: ACROSS, values }, { columns: 1, rows: 1, width: ACROSS * cell, height: (size / ACROSS) * cell, gap: 0 }, rangeOf(0, Math.max(...values)), model.palettes.magnitude);
      const chosen = this.#chosen(layer);
      const context = canvas.getContext("2d");
      if (chosen >= 0 && context) {
        context.strokeStyle = model.inks.accent;
        context.lineWidth = 2;
        context.strokeRect((chosen % ACROSS) * cell, Math.floor(chosen / ACROSS) * cell, cell, cell);
      }
      const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, BEST);
      best.replaceChildren(...order.map((unit) => el("button", { type: "button", class: "enc-chip", "aria-pressed": String(unit === chosen), onclick: () => this.#open(layer, unit) }, `${unit + 1} `, el("b", { class: "value" }, num(values[unit], 3)))));
    });
  }
}
