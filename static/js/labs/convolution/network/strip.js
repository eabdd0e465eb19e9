/**
 * The network as a row of layers that fills in as frames arrive, with an arc for every second input: a
 * residual addition's, a concatenation's. A column is painted once; walking through the steps only marks it.
 */

import { el } from "../../../core/dom.js";
import { Column, GAP } from "./column.js";
import { layerOf } from "./model.js";

/** @typedef {import("./model.js").Network} Network */

const SVG = "http://www.w3.org/2000/svg";
/** Room above the columns for arcs, and what a column has beside its mosaic, CSS pixels. */
const ARCS = 30;
const WORDS = 66;
/** What decides which layers there are; another picture or a switched-off channel leaves the columns where they are. */
const SHAPING = ["network", "hub", "model", "filters", "size", "why", "why_layer", "why_side", "backward"];

export class Strip {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    /** @type {Map<number, Column>} by seq */
    this.columns = new Map();
    /** The last seq taken of this run. */
    this.taken = -1;
    this.revision = -1;
    this.current = -1;
    this.shaping = "";
    this.height = 160;
    this.list = el("ol", { class: "net-columns" });
    this.arcs = document.createElementNS(SVG, "svg");
    this.arcs.setAttribute("class", "net-arcs");
    this.arcs.setAttribute("aria-hidden", "true");
    this.content = el("div", { class: "net-content" }, this.list);
    this.content.prepend(this.arcs);
    this.element = el("div", { class: "net-strip" }, this.content);
  }

  /** Another run begins. */
  scene() {
    const { params } = this.network;
    const shaping = JSON.stringify(SHAPING.map((name) => params[name]));
    if (shaping !== this.shaping) this.#clear();
    this.shaping = shaping;
    this.taken = -1;
    this.current = -1;
    this.revision = -1;
    this.words();
  }

  words() {
    this.list.setAttribute("aria-label", this.network.stage.t("convolution.page.layers"));
    for (const column of this.columns.values()) column.words();
  }

  /** Paint the columns whose frames came. */
  frames() {
    const { timeline } = this.network.stage;
    if (timeline.revision === this.revision) return;
    this.revision = timeline.revision;
    let grown = false;
    for (const block of timeline.blocks(this.taken + 1)) {
      for (let i = 0; i < block.count; i += 1) grown = this.#take(block.seq + i) || grown;
      this.taken = Math.max(this.taken, block.seq + block.count - 1);
    }
    if (grown) this.#place();
  }

  /** Fit the mosaics into the room there is. */
  resize() {
    const height = Math.max(90, this.element.clientHeight - ARCS - WORDS);
    if (Math.abs(height - this.height) < 4) return;
    this.height = height;
    this.repaint();
  }

  /** Every column anew: other colours, another scale, another size. */
  repaint() {
    for (const [seq, column] of this.columns) {
      const frame = this.network.stage.timeline.frame(seq);
      if (frame) column.paint(frame, this.height);
    }
  }

  /** @param {number} seq the play head's */
  draw(seq) {
    if (seq === this.current) return;
    const held = this.element.contains(document.activeElement);
    this.current = seq;
    for (const [at, column] of this.columns) column.mark({ current: at === seq, ahead: at > seq });
    for (const arc of this.arcs.children) arc.classList.toggle("ahead", Number(arc.getAttribute("data-to")) > seq);
    const column = this.columns.get(seq);
    if (!column) return;
    this.#reveal(column);
    if (held) column.button.focus({ preventScroll: true });
  }

  /** @param {number} seq @returns {boolean} whether there is a column more */
  #take(seq) {
    const { network } = this;
    const frame = network.stage.timeline.frame(seq);
    const layer = layerOf(frame);
    if (!frame || !layer) return false;
    let column = this.columns.get(seq);
    const isNew = !column;
    if (!column) {
      column = new Column(network, layer, () => network.stage.player.seek(seq));
      this.columns.set(seq, column);
    }
    column.take(frame, layer, this.height);
    document.dispatchEvent(new CustomEvent("unrolled:painted", { detail: { seq, maps: layer.shape[0] } }));
    return isNew;
  }

  /** Columns from left to right, in order; then the arcs. */
  #place() {
    const ordered = [...this.columns].sort(([a], [b]) => a - b);
    let left = 0;
    for (const [, column] of ordered) {
      if (column.element.parentElement !== this.list) this.list.append(column.element);
      column.left = left;
      left += column.width + GAP;
    }
    this.content.style.width = `${left}px`;
    this.arcs.setAttribute("width", String(left));
    this.arcs.setAttribute("height", String(ARCS));
    this.arcs.replaceChildren(...ordered.flatMap(([seq, column]) => this.#arcsTo(seq, column)));
    this.draw(this.current);
  }

  /** An arc from every input that is not the layer just before. @param {number} seq @param {Column} column */
  #arcsTo(seq, column) {
    if (column.layer.kind === "gradient" || column.layer.kind === "attribution") return [];
    return column.layer.inputs.flatMap((from) => {
      const source = this.columns.get(from);
      if (!source || from >= seq - 1) return [];
      const high = Math.max(3, ARCS - 8 - 4 * Math.min(5, seq - from));
      const [start, end] = [source.centre + 6, column.centre - 6];
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", `M${start} ${ARCS - 1} V${high + 8} Q${start} ${high} ${start + 8} ${high} H${end - 8} Q${end} ${high} ${end} ${high + 8} V${ARCS - 1}`);
      path.setAttribute("data-to", String(seq));
      path.classList.toggle("ahead", seq > this.current);
      return [path];
    });
  }

  /** Scroll until the column and its neighbours are seen. @param {Column} column */
  #reveal(column) {
    const { element } = this;
    const { stage } = this.network;
    const margin = Math.min(column.width + GAP, element.clientWidth / 4);
    const left = column.left - margin;
    const right = column.left + column.width + margin - element.clientWidth;
    if (element.scrollLeft <= left && element.scrollLeft >= right) return;
    const behaviour = stage.player.playing || stage.reducedMotion() ? "instant" : "smooth";
    element.scrollTo({ left: element.scrollLeft > left ? left : right, behavior: behaviour });
  }

  #clear() {
    this.columns.clear();
    this.list.replaceChildren();
    this.arcs.replaceChildren();
  }
}
