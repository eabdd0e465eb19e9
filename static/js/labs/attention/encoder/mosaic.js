/**
 * Every head of every layer as a small map: a column a layer, a row a head. Hover for what the head follows, click or Enter to open
 * it, arrows to walk. A head that is switched off is barred.
 */

import { el } from "../../../core/dom.js";
import { Switcher } from "../../../core/switcher.js";
import { LEVELS, paint, sized } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */

/** What the labels of layers and heads take, and the least and largest side of a tile, CSS pixels. */
const LABEL = { width: 22, height: 16 };
const SIDE = { least: 20, most: 64 };

export class Mosaic {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.base = el("canvas", { class: "enc-tiles", "aria-hidden": "true" });
    this.over = el("canvas", { class: "enc-over", "aria-hidden": "true" });
    this.box = el("div", { class: "enc-mosaic", tabindex: 0, role: "application", "data-arrows": true, "aria-label": t("attention.encoder.page.mosaic") }, this.base, this.over);
    this.tip = el("p", { class: "caption enc-tip" });
    this.scale = new Switcher(t("attention.encoder.page.scale"), [["own", t("attention.encoder.page.scale_own")], ["shared", t("attention.encoder.page.scale_shared")]], "own", () => this.again());
    this.what = new Switcher(t("attention.encoder.page.what"), [["weights", t("attention.encoder.page.weights")], ["change", t("attention.encoder.page.change")]], "weights", () => this.again());
    this.element = el("div", { class: "enc-heads" }, this.box, this.tip, el("div", { class: "enc-choice" }, this.scale.element, this.what.element));
    this.side = 28;
    /** What is painted: layers held, and how. */
    this.painted = "";
    this.cursor = { layer: -1, head: -1 };
    /** @type {object | null} */
    this.run = null;
    this.#listen();
  }

  /** @param {number} width @param {number} height of what is free */
  plan(width, height) {
    const { layers, heads } = this.model;
    const side = Math.min((width - LABEL.width) / (layers || 1), (height - LABEL.height) / (heads || 1));
    this.side = Math.max(SIDE.least, Math.min(SIDE.most, Math.floor(side)));
    this.painted = "";
  }

  again() {
    this.painted = "";
    this.draw();
  }

  draw() {
    const { model } = this;
    if (!model.scene) return;
    const { timeline } = model.stage;
    this.what.element.hidden = !model.off.length;
    if (!model.off.length) this.what.set("weights");
    const told = [timeline.last, this.scale.value, this.what.value, this.side].join(" ");
    if (told !== this.painted || timeline !== this.run) this.#paint();
    [this.painted, this.run] = [told, timeline];
    this.#marks();
    this.#tell();
  }

  /** Tiles of all layers that are here, thinned to what is seen by their largest value: a mean would lose thin lines. */
  #paint() {
    const { model, side } = this;
    const { layers, heads } = model;
    const [tiles, steps] = this.what.value === "change" ? ["change_tiles", "change_step"] : ["tiles", "step"];
    const first = model.frame(0)?.tensors[tiles];
    this.over.style.left = this.base.style.left = `${LABEL.width}px`;
    this.over.style.top = this.base.style.top = `${LABEL.height}px`;
    this.box.style.width = `${LABEL.width + layers * side}px`;
    this.box.style.height = `${LABEL.height + heads * side}px`;
    this.#labels();
    if (!first) return;
    const n = first.shape[1];
    const thin = Math.max(1, Math.floor(n / (side * (window.devicePixelRatio || 1))));
    const small = Math.ceil(n / thin);
    const bytes = new Uint8Array(heads * layers * small * small);
    const step = new Float32Array(heads * layers);
    for (let layer = 0; layer < layers; layer += 1) {
      const frame = model.frame(layer);
      if (!frame?.tensors[tiles]) continue;
      const source = /** @type {Uint8Array} */ (frame.tensors[tiles].data);
      for (let head = 0; head < heads; head += 1) {
        const at = head * layers + layer;
        step[at] = Number(frame.tensors[steps].data[head]);
        pool(source.subarray(head * n * n, (head + 1) * n * n), n, thin, bytes.subarray(at * small * small, (at + 1) * small * small), small);
      }
    }
    const top = Math.max(...step) * LEVELS || 1;
    const ranges = Array.from(step, (one) => ({ low: 0, high: this.scale.value === "own" ? one * LEVELS || 1 : this.what.value === "change" ? top : 1 }));
    const grid = { columns: layers, rows: heads, width: side, height: side, gap: 2 };
    paint(this.base, { count: heads * layers, height: small, width: small, bytes, low: new Float32Array(heads * layers), step }, grid, ranges, model.colours.magnitude);
  }

  #labels() {
    const { model, side } = this;
    const labels = [...Array(model.layers).keys()].map((layer) => el("span", { class: "enc-layer", style: `left:${LABEL.width + layer * side}px;width:${side}px` }, model.short(layer)));
    const heads = [...Array(model.heads).keys()].map((head) => el("span", { class: "enc-number", style: `top:${LABEL.height + head * side}px;line-height:${side}px` }, String(head + 1)));
    this.box.replaceChildren(...labels, ...heads, this.base, this.over);
  }

  /** The layer at the play head, the head that is open, the pointer's, those switched off. */
  #marks() {
    const { model, side } = this;
    const { layers, heads } = model;
    const context = sized(this.over, layers * side, heads * side);
    const style = getComputedStyle(this.box);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name);
    const frame = (/** @type {number} */ layer, /** @type {number} */ head, /** @type {string} */ colour, /** @type {number[]} */ dash) => {
      context.setLineDash(dash);
      for (const [wide, stroke] of /** @type {[number, string][]} */ ([[4, ink("--card")], [2, colour]])) {
        context.lineWidth = wide;
        context.strokeStyle = stroke;
        context.strokeRect(layer * side + 0.5, head * side + 0.5, side - 3, side - 3);
      }
      context.setLineDash([]);
    };
    const now = model.stage.player.seq - 1;
    [...this.box.querySelectorAll(".enc-layer")].forEach((one, layer) => one.classList.toggle("now", layer === now));
    [...this.box.querySelectorAll(".enc-number")].forEach((one, head) => one.classList.toggle("now", head === model.head));
    for (const [layer, head] of model.off) {
      context.strokeStyle = ink("--enc-mark");
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(layer * side + 4, head * side + side - 6);
      context.lineTo(layer * side + side - 6, head * side + 4);
      context.stroke();
    }
    if (now >= 0) frame(now, model.head, ink("--accent"), []);
    const { layer, head } = this.cursor;
    if (layer >= 0 && (layer !== now || head !== model.head)) frame(layer, head, ink("--text"), [3, 2]);
  }

  /** What the head under the pointer, or else the open one, follows. */
  #tell() {
    const { model, cursor } = this;
    const layer = cursor.layer >= 0 ? cursor.layer : Math.max(0, model.stage.player.seq - 1);
    const head = cursor.layer >= 0 ? cursor.head : model.head;
    const frame = model.frame(layer);
    const changed = frame?.tensors.change && this.what.value === "change" ? ` · ${model.stage.t("attention.encoder.page.changed", { change: Number(frame.tensors.change.data[head]) })}` : "";
    this.tip.textContent = frame?.tensors.scores ? `${model.named(layer, head)}: ${model.labelled(frame, head)}${changed}` : model.named(layer, head);
    return this.tip.textContent;
  }

  /** @param {PointerEvent | MouseEvent} event */
  #under(event) {
    const bounds = this.base.getBoundingClientRect();
    const layer = Math.floor((event.clientX - bounds.left) / this.side);
    const head = Math.floor((event.clientY - bounds.top) / this.side);
    const inside = layer >= 0 && head >= 0 && layer < this.model.layers && head < this.model.heads;
    return inside ? { layer, head } : { layer: -1, head: -1 };
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
    box.addEventListener("pointermove", (event) => this.#move(this.#under(event)));
    box.addEventListener("pointerleave", () => this.#move({ layer: -1, head: -1 }));
    box.addEventListener("blur", () => this.#move({ layer: -1, head: -1 }));
    box.addEventListener("click", (event) => {
      const { layer, head } = this.#under(event);
      if (layer >= 0 && model.frame(layer)) model.look(layer, head);
    });
    box.addEventListener("keydown", (event) => {
      const from = this.cursor.layer >= 0 ? this.cursor : { layer: Math.max(0, model.stage.player.seq - 1), head: model.head };
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

/** The largest byte of each square. @param {Uint8Array} source n x n @param {number} n @param {number} by @param {Uint8Array} into @param {number} side */
function pool(source, n, by, into, side) {
  if (by === 1) return into.set(source);
  for (let y = 0; y < n; y += 1) {
    const row = Math.floor(y / by) * side;
    for (let x = 0; x < n; x += 1) {
      const at = row + Math.floor(x / by);
      if (source[y * n + x] > into[at]) into[at] = source[y * n + x];
    }
  }
}
