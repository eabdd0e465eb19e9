/** One layer in the row: what it is, its maps as a small mosaic, its shape. Painted once, when its frame arrives. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { arrange, paint } from "../../../core/tiles.js";
import { className } from "./bars.js";
import { isVector, nameOf, shapeOf } from "./model.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {import("./model.js").Layer} Layer */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** CSS pixels. */
export const WIDTH = 76;
export const WIDE = 148;
export const GAP = 8;

export class Column {
  /** @param {Network} network @param {Layer} layer @param {() => void} onPick */
  constructor(network, layer, onPick) {
    this.network = network;
    this.layer = layer;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.kind = el("span", { class: "net-kind" });
    this.name = el("bdi");
    this.shape = el("span", { class: "net-shape" });
    this.figure = el("span", { class: "net-figure" }, this.canvas);
    this.button = el("button", { type: "button", class: "net-layer", tabindex: -1, onclick: onPick }, this.kind, el("span", { class: "net-name" }, this.name), this.figure, this.shape);
    this.element = el("li", { class: "net-column ahead" }, this.button);
    this.left = 0;
  }

  get width() {
    return this.layer.kind === "softmax" ? WIDE : WIDTH;
  }

  get centre() {
    return this.left + this.width / 2;
  }

  /** @param {FrameView} frame @param {Layer} layer @param {number} height of the mosaic's box */
  take(frame, layer, height) {
    this.layer = layer;
    this.element.dataset.kind = layer.kind;
    this.element.style.width = `${this.width}px`;
    this.element.classList.toggle("cut", (layer.ablated ?? []).length > 0);
    this.words();
    this.paint(frame, height);
  }

  /** The words, in the language of now. */
  words() {
    const { layer } = this;
    this.kind.textContent = layer.kind === "gradient" ? `∇ ${layer.type}` : layer.type;
    this.name.textContent = nameOf(layer);
    this.shape.textContent = shapeOf(layer);
    const about = describe(this.network, layer);
    this.button.dataset.exact = about.join("\n");
    this.button.setAttribute("aria-label", [nameOf(layer), ...about].join(", "));
  }

  /** @param {FrameView} frame @param {number} height */
  paint(frame, height) {
    const { network, layer } = this;
    if (layer.kind === "softmax") {
      this.figure.replaceChildren(...this.#top(frame));
      return;
    }
    const heat = frame.tensors.attribution;
    const tiles = heat ? { count: 1, height: heat.shape[0], width: heat.shape[1], values: /** @type {Float32Array} */ (heat.data) } : network.tiles(frame);
    this.canvas.hidden = !tiles;
    if (!tiles) return;
    const { ranges, colours } = heat ? heatScale(network, tiles.values ?? []) : network.scale(tiles);
    const aspect = isVector(layer) ? 1 : tiles.width / tiles.height;
    const most = isVector(layer) ? Math.min(height, 180) : height;
    paint(this.canvas, tiles, arrange(tiles.count, aspect, WIDTH - 4, most), ranges, colours);
    if (this.canvas.parentElement !== this.figure) this.figure.replaceChildren(this.canvas);
  }

  /** The likeliest classes as bars. @param {FrameView} frame */
  #top(frame) {
    /** @type {{class: number, label: string, p: number}[]} */
    const top = frame.note.top ?? [];
    return top.map(({ label, p, class: index }) =>
      el(
        "span",
        { class: "net-class" },
        el("span", {}, className(label, index)),
        el("b", { class: "value" }, `${num(100 * p, 3)}%`),
        el("i", { style: `width:${100 * p}%` }),
      ),
    );
  }

  /** @param {{current: boolean, ahead: boolean}} state */
  mark({ current, ahead }) {
    this.element.classList.toggle("current", current);
    this.element.classList.toggle("ahead", ahead);
    this.button.tabIndex = current ? 0 : -1;
    if (current) this.button.setAttribute("aria-current", "step");
    else this.button.removeAttribute("aria-current");
  }
}

/** An attribution's own colours: signed or not. @param {Network} network @param {ArrayLike<number>} values */
export function heatScale(network, values) {
  let [low, high] = [0, 0];
  for (let i = 0; i < values.length; i += 1) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  const most = Math.max(-low, high) || 1;
  const whole = low < 0 ? { low: -most, high: most } : { low: 0, high: most };
  return { ranges: whole, whole, colours: low < 0 ? network.colours.signed : network.colours.magnitude };
}

/** What is told of a layer under the pointer: its type and side, shape, parameters, MACs, receptive field. @param {Network} network @param {Layer} layer @returns {string[]} */
export function describe(network, layer) {
  const { t } = network.stage;
  const lines = [`${layer.type} · ${t(`convolution.page.side_${layer.side}`)} ${shapeOf(layer)}`];
  if (layer.params) lines.push(t("convolution.page.tip_params", { count: short(layer.params) }));
  if (layer.macs) lines.push(t("convolution.page.tip_macs", { count: short(layer.macs) }));
  if (layer.receptive) lines.push(t("convolution.page.tip_receptive", { height: Math.floor(layer.receptive.size[0]), width: Math.floor(layer.receptive.size[1]) }));
  if (layer.ablated?.length) lines.push(t("convolution.page.tip_off", { channels: layer.ablated.join(", ") }));
  return lines;
}

/** 1.77 M. @param {number} count */
export function short(count) {
  if (count < 1e4) return num(count);
  const [size, unit] = count < 1e6 ? [1e3, "k"] : count < 1e9 ? [1e6, "M"] : [1e9, "G"];
  return `${num(count / size, 3)} ${unit}`;
}
