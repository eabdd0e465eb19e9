/**
 * All maps of the layer shown, large: hover for a map's statistics, click or Enter to enlarge it, arrows
 * to walk. A dead map (zero everywhere) is crossed, one switched off is barred.
 */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { arrange, paint, sized, tileAt } from "../../../core/tiles.js";
import { Legend } from "./legend.js";
import { channels, isVector, nameOf, numbers, STATS, titled } from "./model.js";
import { Segments } from "./segments.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {import("./model.js").Layer} Layer */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** A map can be pressed from this width on, CSS pixels. */
const LEAST = 10;
/** So wide is an element of a vector: there may be a hundred thousand. */
const LEAST_ELEMENT = 4;
/** What the lines below take, CSS pixels. */
const LINES = 40;
const ZEROS = STATS.indexOf("zeros");

export class Mosaic {
  /** @param {Network} network @param {() => void} onScale the colour scale changed */
  constructor(network, onScale) {
    this.network = network;
    const { t } = network.stage;
    this.card = card("", t("convolution.page.maps_hint"));
    this.element = this.card.element;
    this.element.classList.add("net-maps");
    this.scale = new Segments(t("convolution.page.scale"), [["shared", t("convolution.page.scale_shared")], ["own", t("convolution.page.scale_own")]], network.shared ? "shared" : "own", (value) => {
      network.shared = value === "shared";
      onScale();
    });
    this.base = el("canvas", { "aria-hidden": "true" });
    this.over = el("canvas", { class: "net-over", "aria-hidden": "true" });
    this.box = el("div", { class: "net-tiles", tabindex: 0, role: "application", "data-arrows": true }, this.base, this.over);
    this.tip = el("p", { class: "caption net-stats" });
    this.legend = new Legend();
    this.card.body.append(this.box, this.tip, el("div", { class: "net-under" }, this.legend.element, this.scale.element));
    /** @type {import("../../../core/tiles.js").Grid} */
    this.grid = { columns: 1, rows: 1, width: 1, height: 1, gap: 0 };
    /** @type {Layer | null} */
    this.layer = null;
    /** @type {FrameView | null} */
    this.frame = null;
    this.cursor = -1;
    /** What the painting was made of. @type {unknown[]} */
    this.made = [];
    this.#listen();
  }

  /** @param {FrameView} frame @param {Layer} layer */
  draw(frame, layer) {
    const { network } = this;
    const { t } = network.stage;
    const tiles = network.tiles(frame);
    this.element.hidden = !tiles || layer.kind === "softmax";
    if (!tiles || this.element.hidden) return;
    if (this.layer?.index !== layer.index) this.cursor = -1;
    this.layer = layer;
    this.frame = frame;
    const vector = isVector(layer);
    this.card.heading.textContent = t(`convolution.page.${vector ? "vector" : tiles.count === 1 ? "lone_map" : "maps"}`, { layer: nameOf(layer), count: tiles.count });
    this.box.setAttribute("aria-label", `${this.card.heading.textContent}. ${t("convolution.page.maps_keys")}`);
    this.scale.element.hidden = vector;
    const width = Math.max(80, this.card.body.clientWidth);
    this.#paint(tiles, width);
    this.#marks();
    this.#tell(this.#chosen());
  }

  /** Paint the maps, unless they stand there already: opening a value draws the same frame again. @param {import("../../../core/tiles.js").Tiles} tiles @param {number} width */
  #paint(tiles, width) {
    const { network } = this;
    const { buffer, byteOffset } = tiles.bytes ?? /** @type {Float32Array} */ (tiles.values);
    const made = [buffer, byteOffset, network.shared, network.colours, network.room, width];
    if (made.every((one, i) => one === this.made[i])) return;
    this.made = made;
    const { ranges, whole, colours } = network.scale(tiles);
    this.grid = arrange(tiles.count, tiles.width / tiles.height, width, network.room - LINES, tiles.width * tiles.height > 1 ? LEAST : LEAST_ELEMENT);
    paint(this.base, tiles, this.grid, ranges, colours);
    this.legend.show(Array.isArray(ranges) ? null : whole, colours, network.stage.t("convolution.page.scale_each"));
  }

  #chosen() {
    const { network, layer } = this;
    if (!layer) return 0;
    return isVector(layer) ? network.indexOf(layer) : network.channelOf(layer);
  }

  /** The selected map, the cursor, the dead, the switched off. */
  #marks() {
    const { grid, layer, frame } = this;
    if (!layer || !frame) return;
    const { width, height, columns, rows } = grid;
    const context = sized(this.over, columns * width, rows * height);
    const style = getComputedStyle(this.box);
    const corner = (/** @type {number} */ i) => [(i % columns) * width, Math.floor(i / columns) * height];
    const stats = numbers(frame.tensors.stats);
    const off = new Set(layer.ablated ?? []);
    context.lineWidth = Math.min(2, width / 8);
    for (let i = 0; i < channels(layer) && stats.length; i += 1) {
      const dead = stats[i * STATS.length + ZEROS] === 1;
      if (!dead && !off.has(i)) continue;
      const [x, y] = corner(i);
      const inset = width * 0.28;
      context.strokeStyle = style.getPropertyValue("--net-mark");
      context.beginPath();
      context.moveTo(x + inset, y + height - inset);
      context.lineTo(x + width - inset, y + inset);
      if (!off.has(i)) {
        context.moveTo(x + inset, y + inset);
        context.lineTo(x + width - inset, y + height - inset);
      } else context.arc(x + width / 2, y + height / 2, width * 0.3, 0, 7);
      context.stroke();
    }
    const frameOf = (/** @type {number} */ i, /** @type {string} */ colour, /** @type {number[]} */ dash) => {
      const [x, y] = corner(i);
      context.setLineDash(dash);
      context.lineWidth = 4;
      context.strokeStyle = style.getPropertyValue("--card");
      context.strokeRect(x - 0.5, y - 0.5, width, height);
      context.lineWidth = 2;
      context.strokeStyle = colour;
      context.strokeRect(x - 0.5, y - 0.5, width, height);
      context.setLineDash([]);
    };
    frameOf(this.#chosen(), style.getPropertyValue("--accent"), []);
    if (this.cursor >= 0 && this.cursor !== this.#chosen()) frameOf(this.cursor, style.getPropertyValue("--text"), [3, 2]);
  }

  /** A map's numbers in a line. @param {number} i */
  #tell(i) {
    const { frame, layer } = this;
    if (!frame || !layer || i < 0) return "";
    const { t } = this.network.stage;
    if (isVector(layer)) this.tip.textContent = t("convolution.page.element_is", { index: i, value: num(numbers(frame.tensors.maps)[i]) });
    else {
      const stats = numbers(frame.tensors.stats);
      const [min, max, mean, std, zeros] = STATS.map((_, k) => stats[i * STATS.length + k]);
      const state = layer.ablated?.includes(i) ? "off" : zeros === 1 ? "dead" : "live";
      this.tip.textContent = t(`convolution.page.map_${state}`, { channel: titled(layer, i), min: num(min, 3), max: num(max, 3), mean: num(mean, 3), std: num(std, 3), zeros: num(100 * zeros, 3) });
    }
    return this.tip.textContent ?? "";
  }

  /** @param {number} i */
  #pick(i) {
    if (!this.layer || i < 0) return;
    this.network.open(this.layer, isVector(this.layer) ? { index: i } : { channel: i });
  }

  #listen() {
    const count = () => (this.layer ? (isVector(this.layer) ? this.layer.shape[0] : channels(this.layer)) : 0);
    const under = (/** @type {PointerEvent | MouseEvent} */ event) => {
      const bounds = this.base.getBoundingClientRect();
      return tileAt(this.grid, count(), event.clientX - bounds.left, event.clientY - bounds.top);
    };
    const to = (/** @type {number} */ cursor) => {
      if (cursor === this.cursor) return;
      this.cursor = cursor;
      this.#marks();
      this.#tell(cursor < 0 ? this.#chosen() : cursor);
    };
    this.box.addEventListener("pointermove", (event) => to(under(event)));
    this.box.addEventListener("pointerleave", () => to(-1));
    this.box.addEventListener("click", (event) => this.#pick(under(event)));
    this.box.addEventListener("keydown", (event) => {
      const from = this.cursor < 0 ? this.#chosen() : this.cursor;
      /** @type {Record<string, number>} */
      const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.grid.columns, ArrowUp: -this.grid.columns };
      const next = from + (moves[event.key] ?? 0);
      if (event.key in moves && next >= 0 && next < count()) {
        to(next);
        this.network.stage.announce(this.#tell(next));
      } else if (event.key === "Enter" || event.key === " ") this.#pick(from);
      else if (!(event.key in moves)) return;
      event.preventDefault();
    });
    this.box.addEventListener("blur", () => to(-1));
  }
}
