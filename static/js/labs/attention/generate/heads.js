/** Every head as a small causal map: a column a layer, a row a head. Hover for what it follows, click or Enter opens it, arrows walk. */

import { el } from "../../../core/dom.js";
import { paint, sized } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** What the labels of layers and heads take, and the least and largest side of a tile, CSS pixels. */
const LABEL = { width: 22, height: 16 };
const SIDE = { least: 28, most: 72 };

export class Heads {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.base = el("canvas", { class: "enc-tiles", "aria-hidden": "true" });
    this.over = el("canvas", { class: "enc-over", "aria-hidden": "true" });
    this.box = el("div", { class: "enc-mosaic", tabindex: 0, role: "application", "data-arrows": true, "aria-label": model.stage.t("attention.encoder.page.mosaic") }, this.base, this.over);
    this.tip = el("p", { class: "caption enc-tip" });
    this.element = el("div", { class: "enc-heads" }, this.box, this.tip);
    this.side = 40;
    this.cursor = { layer: -1, head: -1 };
    /** @type {FrameView | null} */
    this.frame = null;
    this.#listen();
  }

  /** @param {number} width @param {number} height of what is free */
  plan(width, height) {
    const { layers, heads } = this.model;
    const side = Math.min((width - LABEL.width) / (layers || 1), (height - LABEL.height) / (heads || 1));
    this.side = Math.max(SIDE.least, Math.min(SIDE.most, Math.floor(side)));
    const { side: wide } = this;
    for (const canvas of [this.base, this.over]) canvas.style.cssText = `left:${LABEL.width}px;top:${LABEL.height}px`;
    this.box.style.width = `${LABEL.width + layers * wide}px`;
    this.box.style.height = `${LABEL.height + heads * wide}px`;
    const across = Array.from({ length: layers }, (_, layer) => el("span", { class: "enc-layer", style: `left:${LABEL.width + layer * wide}px;width:${wide}px` }, String(layer + 1)));
    const down = Array.from({ length: heads }, (_, head) => el("span", { class: "enc-number", style: `top:${LABEL.height + head * wide}px;line-height:${wide}px` }, String(head + 1)));
    this.box.replaceChildren(...across, ...down, this.base, this.over);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    this.frame = frame;
    const { model, side } = this;
    const { layers, heads, size } = model;
    const thin = Math.max(1, Math.ceil(size / (side * (window.devicePixelRatio || 1))));
    const small = Math.ceil(size / thin);
    const values = new Float32Array(layers * heads * small * small).fill(NaN);
    const ranges = [];
    for (let tile = 0; tile < layers * heads; tile += 1) {
      const shares = model.shares(tile % layers, Math.floor(tile / layers));
      ranges.push({ low: 0, high: shares.most });
      // the largest of each square: a mean would lose thin lines
      for (let row = 0; row < size; row += 1) {
        for (let column = 0; column <= row; column += 1) {
          const at = (tile * small + Math.floor(row / thin)) * small + Math.floor(column / thin);
          const value = shares.at(row, column);
          if (!(values[at] >= value) && !Number.isNaN(value)) values[at] = value;
        }
      }
    }
    paint(this.base, { count: layers * heads, height: small, width: small, values }, { columns: layers, rows: heads, width: side, height: side, gap: 3 }, ranges, model.colours.magnitude);
    this.#marks();
    this.#tell();
  }

  /** The open head and the pointer's. */
  #marks() {
    const { model, side } = this;
    const context = sized(this.over, model.layers * side, model.heads * side);
    const style = getComputedStyle(this.box);
    const frame = (/** @type {number} */ layer, /** @type {number} */ head, /** @type {string} */ colour, /** @type {number[]} */ dash) => {
      context.setLineDash(dash);
      for (const [wide, stroke] of /** @type {[number, string][]} */ ([[4, "--card"], [2, colour]])) {
        context.lineWidth = wide;
        context.strokeStyle = style.getPropertyValue(stroke);
        context.strokeRect(layer * side + 0.5, head * side + 0.5, side - 4, side - 4);
      }
    };
    frame(model.layer, model.head, "--accent", []);
    const { layer, head } = this.cursor;
    if (layer >= 0 && (layer !== model.layer || head !== model.head)) frame(layer, head, "--text", [3, 2]);
    [...this.box.querySelectorAll(".enc-layer")].forEach((one, at) => one.classList.toggle("now", at === model.layer));
    [...this.box.querySelectorAll(".enc-number")].forEach((one, at) => one.classList.toggle("now", at === model.head));
  }

  /** What the head under the pointer, or else the open one, follows. */
  #tell() {
    const { model, cursor } = this;
    const [layer, head] = cursor.layer >= 0 ? [cursor.layer, cursor.head] : [model.layer, model.head];
    const told = this.frame ? `${model.named(layer, head)}: ${model.labelled(this.frame, layer, head)}` : "";
    this.tip.textContent = told;
    return told;
  }

  /** @param {{layer: number, head: number}} to */
  #move(to) {
    if (to.layer === this.cursor.layer && to.head === this.cursor.head) return;
    this.cursor = to;
    this.#marks();
    this.#tell();
  }

  #listen() {
    const { model, box } = this;
    const under = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const bounds = this.base.getBoundingClientRect();
      const [layer, head] = [Math.floor((event.clientX - bounds.left) / this.side), Math.floor((event.clientY - bounds.top) / this.side)];
      const inside = layer >= 0 && head >= 0 && layer < model.layers && head < model.heads;
      return inside ? { layer, head } : { layer: -1, head: -1 };
    };
    box.addEventListener("pointermove", (event) => this.#move(under(event)));
    for (const name of ["pointerleave", "blur"]) box.addEventListener(name, () => this.#move({ layer: -1, head: -1 }));
    box.addEventListener("click", (event) => {
      const { layer, head } = under(event);
      if (layer >= 0) model.look(layer, head);
    });
    box.addEventListener("keydown", (event) => {
      const from = this.cursor.layer >= 0 ? this.cursor : { layer: model.layer, head: model.head };
      /** @type {Record<string, number[]>} */
      const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
      const [across, down] = moves[event.key] ?? [0, 0];
      if (event.key in moves) {
        this.#move({ layer: Math.max(0, Math.min(model.layers - 1, from.layer + across)), head: Math.max(0, Math.min(model.heads - 1, from.head + down)) });
        model.stage.announce(this.#tell());
      } else if (event.key === "Enter" || event.key === " ") model.look(from.layer, from.head);
      else return;
      event.preventDefault();
    });
  }
}
