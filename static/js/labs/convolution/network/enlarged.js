/**
 * The selected map, value by value: a preview from the mosaic at once, the exact values as soon as the
 * step stands still. Click or walk with the arrows: each value opens its arithmetic.
 */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { paint, sized } from "../../../core/tiles.js";
import { className } from "./bars.js";
import { heatScale } from "./column.js";
import { Legend } from "./legend.js";
import { channels, isVector, nameOf, sides, titled } from "./model.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {import("./model.js").Layer} Layer */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Exact values are asked for when a step was shown for so long, milliseconds. */
const STILL = 120;
const KEPT = 64;

/**
 * One tile of several.
 * @param {import("../../../core/tiles.js").Tiles | null} tiles
 * @param {number} index
 * @returns {import("../../../core/tiles.js").Tiles | null}
 */
function alone(tiles, index) {
  if (!tiles?.bytes) return null;
  const size = tiles.width * tiles.height;
  const bytes = tiles.bytes.subarray(index * size, (index + 1) * size);
  return { count: 1, width: tiles.width, height: tiles.height, bytes, low: [Number(tiles.low?.[index])], step: [Number(tiles.step?.[index])] };
}

export class Enlarged {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    const { t } = network.stage;
    this.card = card("", "");
    this.element = this.card.element;
    this.element.classList.add("net-map");
    this.off = el("button", { type: "button", class: "button small", onclick: () => this.#toggle() });
    this.base = el("canvas", { class: "net-pixels", "aria-hidden": "true" });
    this.over = el("canvas", { class: "net-over", "aria-hidden": "true" });
    this.box = el("div", { class: "net-enlarged", tabindex: 0, role: "application", "data-arrows": true, "aria-label": t("convolution.page.map_keys") }, this.base, this.over);
    this.line = el("p", { class: "net-value" });
    this.other = el("canvas", { class: "net-pixels", "aria-hidden": "true" });
    this.beside = el("figcaption", { class: "caption" });
    this.pinned = el("figure", { class: "net-pinned", hidden: true }, this.other, this.beside);
    this.legend = new Legend();
    this.card.body.append(el("div", { class: "net-pair" }, this.box, this.pinned), el("div", { class: "net-under" }, this.line, this.off), this.legend.element);
    /** @type {Map<string, Float32Array>} exact maps of this run, by seq and channel */
    this.kept = new Map();
    /** What came back to a pooling's outputs, by the same keys. @type {Map<string, import("../../../core/tiles.js").Tiles>} */
    this.arrived = new Map();
    /** What the values belong to: the run's timeline. @type {object | null} */
    this.run = null;
    /** @type {Layer | null} */
    this.layer = null;
    /** @type {FrameView | null} */
    this.frame = null;
    this.timer = 0;
    this.side = 0;
    this.#listen();
  }

  /** @param {FrameView} frame @param {Layer} layer */
  draw(frame, layer) {
    const { network } = this;
    if (network.stage.timeline !== this.run) for (const kept of [this.kept, this.arrived]) kept.clear();
    this.run = network.stage.timeline;
    this.element.hidden = isVector(layer);
    window.clearTimeout(this.timer);
    if (this.element.hidden) return;
    this.layer = layer;
    this.frame = frame;
    this.#words(layer);
    this.#paint();
    if (!this.#exact()) this.timer = window.setTimeout(() => void this.#fetch(frame, layer), network.stage.player.playing ? 4 * STILL : STILL);
  }

  /** @param {Layer} layer */
  #words(layer) {
    const { network } = this;
    const { t } = network.stage;
    const channel = network.channelOf(layer);
    const lone = layer.kind === "attribution";
    this.card.heading.textContent = lone ? t("convolution.page.attribution", { method: layer.type, class: className(layer.label, layer.class ?? 0), layer: layer.layer ?? layer.name, side: t(`convolution.page.side_${layer.side}`) }) : t("convolution.page.map", { channel: titled(layer, channel), layer: nameOf(layer) });
    this.off.hidden = lone || layer.kind === "gradient" || layer.kind === "input" || layer.functional === true;
    const isOff = network.off.some((one) => one.layer === layer.name && one.channel === channel);
    this.off.textContent = t(isOff ? "convolution.page.switch_on" : "convolution.page.switch_off");
    this.off.setAttribute("aria-pressed", String(isOff));
  }

  #key() {
    const { layer, network } = this;
    return layer ? `${layer.index} ${network.channelOf(layer)}` : "";
  }

  /** The exact values, where they are here. @returns {Float32Array | null} */
  #exact() {
    const { frame } = this;
    const heat = frame?.tensors.attribution;
    if (heat) return /** @type {Float32Array} */ (heat.data);
    return this.kept.get(this.#key()) ?? null;
  }

  /** @param {FrameView} frame @param {Layer} layer */
  async #fetch(frame, layer) {
    const { network, run } = this;
    const key = this.#key();
    const channel = network.channelOf(layer);
    try {
      const { data } = await network.stage.fetch(frame.seq, "maps", layer.shape.length === 3 ? [channel] : []);
      const came = layer.kind === "gradient" && frame.omitted.output_gradient ? await network.stage.fetch(frame.seq, "output_gradient", [channel]) : null;
      if (run !== this.run) return;
      if (came) this.arrived.set(key, { count: 1, height: came.shape[0], width: came.shape[1], values: /** @type {Float32Array} */ (came.data) });
      if (this.kept.size >= KEPT) this.kept.delete(this.kept.keys().next().value ?? "");
      this.kept.set(key, Float32Array.from(/** @type {ArrayLike<number>} */ (data)));
    } catch {
      return; // the line is down or another run took its place: the preview stays
    }
    if (key !== this.#key()) return;
    this.#paint();
    if (this.said) network.stage.announce(this.said);
  }

  #paint() {
    const { network, layer, frame } = this;
    if (!layer || !frame) return;
    const tiles = network.tiles(frame);
    const channel = network.channelOf(layer);
    const whole = this.#exact();
    const [height, width] = sides(layer);
    const scale = tiles ? network.scale(tiles) : heatScale(network, whole ?? []);
    const range = Array.isArray(scale.ranges) ? scale.ranges[channel] : scale.ranges;
    const one = whole ? { count: 1, height, width, values: whole } : alone(tiles, channel);
    if (!one) return;
    const beside = network.beside(layer);
    const came = this.arrived.get(this.#key());
    const pinned = came ?? (beside && alone(network.tiles(beside), channel));
    this.beside.textContent = network.stage.t(came ? "convolution.page.arrived" : "convolution.page.pinned");
    this.pinned.hidden = !pinned;
    const free = this.card.body.clientWidth * (pinned ? 0.62 : 1);
    // A gradient spread over windows is smaller than what came: that keeps a scale of its own.
    const look = came ? heatScale(network, came.values ?? []) : { whole: range, colours: scale.colours };
    if (pinned) paint(this.other, pinned, { columns: 1, rows: 1, width: free / 2, height: (free / 2) * (height / width), gap: 0 }, look.whole, look.colours);
    const room = Math.max(120, Math.min(free, network.room));
    const side = Math.min(room, (room * width) / height);
    this.side = side / width;
    const grid = { columns: 1, rows: 1, width: side, height: (side * height) / width, gap: 0 };
    paint(this.base, one, grid, range, scale.colours);
    this.element.dataset.values = whole ? "exact" : "preview";
    // The maps beside have the same scale, and its legend.
    this.legend.element.hidden = layer.kind !== "attribution";
    this.legend.show(range, scale.colours, "");
    this.#cross(grid.width, grid.height);
    this.#tell();
  }

  /** The opened value: its cell, and lines to the edges. @param {number} width @param {number} height */
  #cross(width, height) {
    const { layer, network, side } = this;
    if (!layer) return;
    const context = sized(this.over, width, height);
    const { y, x } = network.placeOf(layer);
    const style = getComputedStyle(this.box);
    const [left, top] = [x * side, y * side];
    const cell = Math.max(side, 5);
    const corner = [left + side / 2 - cell / 2, top + side / 2 - cell / 2];
    context.globalAlpha = 0.55;
    context.strokeStyle = style.getPropertyValue("--net-mark");
    context.beginPath();
    context.moveTo(left + side / 2, 0);
    context.lineTo(left + side / 2, corner[1]);
    context.moveTo(left + side / 2, corner[1] + cell);
    context.lineTo(left + side / 2, height);
    context.moveTo(0, top + side / 2);
    context.lineTo(corner[0], top + side / 2);
    context.moveTo(corner[0] + cell, top + side / 2);
    context.lineTo(width, top + side / 2);
    context.stroke();
    context.globalAlpha = 1;
    context.lineWidth = 4;
    context.strokeStyle = style.getPropertyValue("--card");
    context.strokeRect(corner[0], corner[1], cell, cell);
    context.lineWidth = 2;
    context.strokeStyle = style.getPropertyValue("--accent");
    context.strokeRect(corner[0], corner[1], cell, cell);
  }

  /** "row 3, column 4: −0.2811". */
  #tell() {
    const { layer, network } = this;
    if (!layer) return "";
    const { t } = network.stage;
    const { y, x } = network.placeOf(layer);
    const whole = this.#exact();
    const value = whole?.[y * sides(layer)[1] + x];
    this.line.replaceChildren(
      el("span", {}, t("convolution.page.at", { y, x })),
      el("b", { class: "value", "data-exact": value === undefined ? null : exact(value) }, value === undefined ? "…" : num(value)),
    );
    return `${t("convolution.page.at", { y, x })} ${value === undefined ? "" : num(value)}`;
  }

  /** The value in words, for those who walk with the keyboard; "" for others. */
  get said() {
    return document.activeElement === this.box ? this.#tell() : "";
  }

  #toggle() {
    if (this.layer) this.network.toggle(this.layer.name, this.network.channelOf(this.layer));
  }

  #listen() {
    const under = (/** @type {PointerEvent} */ event) => {
      const { layer } = this;
      if (!layer) return null;
      const bounds = this.base.getBoundingClientRect();
      const [height, width] = sides(layer);
      const y = Math.floor((event.clientY - bounds.top) / this.side);
      const x = Math.floor((event.clientX - bounds.left) / this.side);
      return y >= 0 && x >= 0 && y < height && x < width ? { y, x } : null;
    };
    const open = (/** @type {PointerEvent} */ event) => {
      const place = under(event);
      if (place && this.layer) this.network.open(this.layer, place);
    };
    this.over.addEventListener("pointerdown", (event) => {
      this.over.setPointerCapture(event.pointerId);
      open(event);
    });
    this.over.addEventListener("pointermove", (event) => {
      if (this.over.hasPointerCapture(event.pointerId)) open(event);
    });
    this.box.addEventListener("keydown", (event) => {
      const { layer, network } = this;
      const big = event.shiftKey ? 5 : 1;
      /** @type {Record<string, number[]>} */
      const moves = { ArrowRight: [0, big], ArrowLeft: [0, -big], ArrowDown: [big, 0], ArrowUp: [-big, 0] };
      const move = moves[event.key];
      const turn = { PageDown: 1, PageUp: -1 }[event.key];
      if (!layer || (!move && !turn)) return;
      event.preventDefault();
      const [height, width] = sides(layer);
      const { y, x } = network.placeOf(layer);
      if (move) network.open(layer, { y: Math.max(0, Math.min(height - 1, y + move[0])), x: Math.max(0, Math.min(width - 1, x + move[1])) });
      else network.open(layer, { channel: Math.max(0, Math.min(channels(layer) - 1, network.channelOf(layer) + (turn ?? 0))) });
    });
  }

  destroy() {
    window.clearTimeout(this.timer);
  }
}
