/**
 * The map on its axes: an image as large as the map has pixels, stretched over them; a mark on the chosen pixel; a box that is
 * dragged, or keys, to zoom. What is hovered is read out beside the pointer.
 */

import { el } from "../../../core/dom.js";
import { Layer } from "../../../core/layer.js";
import { beside, line } from "../axes.js";
import { emptyWord } from "./colours.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("./map.js").PixelMap} PixelMap */
/** @typedef {import("./colours.js").Scheme} Scheme */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Share   of the map's sides, 0 to 1, y upwards */

/** A press that moved less than this is a click, not a box. */
const STILL = 5;
/** Pixels that an arrow moves the mark with Shift. */
const STRIDE = 16;

export class Picture {
  /**
   * @param {Stage} stage
   * @param {PixelMap} map
   * @param {{pick: (row: number, column: number) => void, zoom: (box: Share) => void, nearer: (factor: number) => void, back: () => void,
   *   says: (pixel: number) => [string, string][]}} acts   says: what of a pixel is read out
   */
  constructor(stage, map, acts) {
    this.stage = stage;
    this.map = map;
    this.acts = acts;
    this.seq = -1;
    this.shown = -1;
    this.row = 0;
    this.column = 0;
    /** @type {Scheme | null} */
    this.scheme = null;
    this.image = document.createElement("canvas");
    this.words = new Uint32Array(0);
    /** @type {ImageData | null} */
    this.pixels = null;
    /** @type {{map: Layer, over: Layer} | null} */
    this.layers = null;
    /** @type {{from: [number, number], to: [number, number]} | null} */
    this.box = null;
    this.figure = el("div", { class: "plot race-plot basins-plot" });
    this.tip = el("div", { class: "race-tip", hidden: true });
    this.pad = el("div", { class: "basins-pad", tabindex: 0, role: "application", "data-arrows": true });
    this.element = el("div", { class: "race-surface" }, this.figure, this.tip);
    this.#listen();
    // The legend below grows and shrinks with what it names.
    this.fitting = new ResizeObserver(() => this.resize());
    this.fitting.observe(this.element);
  }

  /** Another run. @param {string[]} titles of the axes @param {string} label what a screen reader says of the map */
  async begin(titles, label) {
    const { side } = this.map;
    this.pad.setAttribute("aria-label", label);
    this.seq = -1;
    this.shown = -1;
    this.image.width = side;
    this.image.height = side;
    this.pixels = new ImageData(side, side);
    this.words = new Uint32Array(this.pixels.data.buffer);
    this.#empty();
    const axis = (/** @type {"x" | "y"} */ name, /** @type {string} */ title) => {
      const { low, high, log } = this.map.axes[name];
      const range = log ? [Math.log10(low), Math.log10(high)] : [low, high];
      return { range, type: log ? "log" : "linear", title: { text: title, standoff: 4 }, showgrid: false, zeroline: false, ticks: "outside", automargin: false, fixedrange: true };
    };
    const layout = { margin: { l: 52, r: 10, t: 6, b: 38 }, dragmode: false, xaxis: axis("x", titles[0]), yaxis: axis("y", titles[1]) };
    await this.stage.plots.react(this.figure, [{ x: [], y: [], type: "scatter", hoverinfo: "skip" }], layout, { doubleClick: false, showTips: false });
    if (!this.layers) {
      const map = new Layer(this.figure, () => this.#stretch());
      const over = new Layer(this.figure, () => this.#mark());
      this.layers = { map, over };
      this.figure.append(this.pad);
    }
    for (const layer of Object.values(this.layers)) layer.refresh();
    this.#place();
  }

  /** Colours changed: everything is painted anew. @param {Scheme} scheme */
  paint(scheme) {
    this.scheme = scheme;
    for (let pixel = 0; pixel < this.words.length; pixel += 1) this.words[this.#at(pixel)] = this.#word(pixel);
    this.#put(0, this.map.side);
    this.#stretch();
  }

  /** The map as of part `seq`. @param {number} seq */
  draw(seq) {
    const { map } = this;
    if (seq < this.shown) this.#empty();
    const before = this.shown;
    for (let k = this.shown + 1; k <= seq && k < map.parts; k += 1) {
      if (!map.here[k]) continue;
      map.show(k, (from, to) => {
        for (let pixel = from * map.side; pixel < to * map.side; pixel += 1) this.words[this.#at(pixel)] = this.#word(pixel);
        this.#put(from, to);
      });
    }
    this.seq = seq;
    this.shown = seq;
    if (before !== seq) this.#stretch();
    this.#mark();
    // Read by tests.
    this.pad.dataset.seq = String(seq);
  }

  /** The chosen pixel. @param {number} row @param {number} column */
  choose(row, column) {
    this.row = row;
    this.column = column;
    this.#mark();
  }

  resize() {
    this.stage.plots.resize(this.figure);
    this.#place();
  }

  destroy() {
    this.fitting.disconnect();
    for (const layer of Object.values(this.layers ?? {})) layer.destroy();
    this.layers = null;
    this.stage.plots.purge(this.figure);
  }

  /** Nothing is shown: scrubbed back, or another run. */
  #empty() {
    this.map.owner.fill(-1);
    this.words.fill(emptyWord(this.stage.theme()));
    this.shown = -1;
    this.#put(0, this.map.side);
  }

  /** Row 0 of the map is the lowest, of the image the highest. @param {number} pixel */
  #at(pixel) {
    const { side } = this.map;
    const row = Math.floor(pixel / side);
    return (side - 1 - row) * side + (pixel - row * side);
  }

  /** @param {number} pixel */
  #word(pixel) {
    const owner = this.map.owner[pixel];
    return owner < 0 || !this.scheme ? emptyWord(this.stage.theme()) : this.scheme.word(owner);
  }

  /** Rows of the map onto the image. @param {number} from @param {number} to */
  #put(from, to) {
    const { side } = this.map;
    if (this.pixels) this.image.getContext("2d")?.putImageData(this.pixels, 0, 0, 0, side - to, side, to - from);
  }

  /** The image over the axes. */
  #stretch() {
    const layer = this.layers?.map;
    if (!layer) return;
    const { width, height } = layer.box;
    layer.clear();
    layer.context.imageSmoothingEnabled = this.map.side > width * (window.devicePixelRatio || 1);
    layer.context.drawImage(this.image, 0, 0, width, height);
  }

  #place() {
    const box = this.layers?.over.box;
    if (!box) return;
    Object.assign(this.pad.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
  }

  /** The mark on the chosen pixel, and the box that is dragged. */
  #mark() {
    const layer = this.layers?.over;
    if (!layer || !this.map.side) return;
    this.#place();
    const { context: ctx, box } = layer;
    layer.clear();
    const [w, h] = [box.width / this.map.side, box.height / this.map.side];
    const [x, y] = [(this.column + 0.5) * w, box.height - (this.row + 0.5) * h];
    const size = Math.max(4, w / 2 + 2);
    for (const [colour, thick] of /** @type {[string, number][]} */ ([["#000", 4], ["#fff", 2]])) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = thick;
      ctx.strokeRect(x - size, y - size, 2 * size, 2 * size);
    }
    if (!this.box) return;
    const { from, to } = this.box;
    ctx.setLineDash([5, 4]);
    for (const [colour, thick] of /** @type {[string, number][]} */ ([["#000", 3], ["#fff", 1.5]])) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = thick;
      ctx.strokeRect(Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]));
    }
    ctx.setLineDash([]);
  }

  /** @param {PointerEvent} event @returns {[number, number]} inside the pad */
  #inside(event) {
    const bounds = this.pad.getBoundingClientRect();
    const clamp = (/** @type {number} */ value, /** @type {number} */ most) => Math.min(most, Math.max(0, value));
    return [clamp(event.clientX - bounds.left, bounds.width), clamp(event.clientY - bounds.top, bounds.height)];
  }

  /** The pixel there. @param {[number, number]} at @returns {[number, number]} row, column */
  #pixel([left, top]) {
    const { side } = this.map;
    const index = (/** @type {number} */ share) => Math.min(side - 1, Math.max(0, Math.floor(share * side)));
    return [index(1 - top / this.pad.clientHeight), index(left / this.pad.clientWidth)];
  }

  #listen() {
    const { pad } = this;
    /** @type {[number, number] | null} */
    let pressed = null;
    pad.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      pressed = this.#inside(event);
      this.tip.hidden = true;
      // With a finger the page scrolls; there a tap picks and buttons zoom.
      if (event.pointerType !== "touch") pad.setPointerCapture(event.pointerId);
    });
    pad.addEventListener("pointermove", (event) => {
      const at = this.#inside(event);
      if (!pressed) this.#hover(at);
      else if (event.pointerType !== "touch") {
        this.box = Math.hypot(at[0] - pressed[0], at[1] - pressed[1]) < STILL ? null : { from: pressed, to: at };
        this.#mark();
      }
    });
    pad.addEventListener("pointerup", (event) => {
      const { box } = this;
      const at = pressed;
      pressed = null;
      this.box = null;
      this.#mark();
      if (box && Math.abs(box.to[0] - box.from[0]) >= STILL && Math.abs(box.to[1] - box.from[1]) >= STILL) this.acts.zoom(this.#share(box));
      else if (at) this.acts.pick(...this.#pixel(this.#inside(event)));
    });
    const drop = () => {
      pressed = null;
      this.box = null;
      this.#mark();
    };
    pad.addEventListener("pointercancel", drop);
    pad.addEventListener("pointerleave", () => (this.tip.hidden = true));
    pad.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.box) drop();
      else this.#key(event);
    });
  }

  /** @param {{from: [number, number], to: [number, number]}} box @returns {Share} */
  #share({ from, to }) {
    const { clientWidth: width, clientHeight: height } = this.pad;
    return {
      left: Math.min(from[0], to[0]) / width,
      right: Math.max(from[0], to[0]) / width,
      bottom: 1 - Math.max(from[1], to[1]) / height,
      top: 1 - Math.min(from[1], to[1]) / height,
    };
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? STRIDE : 1;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => this.#step(0, -far),
      ArrowRight: () => this.#step(0, far),
      ArrowUp: () => this.#step(far, 0),
      ArrowDown: () => this.#step(-far, 0),
      "+": () => this.acts.nearer(0.5),
      "=": () => this.acts.nearer(0.5),
      "-": () => this.acts.nearer(2),
      Backspace: () => this.acts.back(),
    };
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** @param {number} up @param {number} right */
  #step(up, right) {
    const inside = (/** @type {number} */ value) => Math.min(this.map.side - 1, Math.max(0, value));
    this.acts.pick(inside(this.row + up), inside(this.column + right));
  }

  /** @param {[number, number]} at */
  #hover(at) {
    const layer = this.layers?.over;
    if (!layer || !this.map.side) return;
    const [row, column] = this.#pixel(at);
    const owner = this.map.owner[row * this.map.side + column];
    this.tip.hidden = owner < 0;
    if (owner < 0) return;
    this.tip.replaceChildren(...this.acts.says(owner).map(([name, value]) => line(name, value)));
    beside(this.tip, this.figure, layer, at[0], at[1]);
  }
}
