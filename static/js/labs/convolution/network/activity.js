/**
 * The activations over the layers: mean with one standard deviation to either side, and the share of
 * zeros. Press a layer's bar to go there.
 */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { layerOf, nameOf, numbers, STATS } from "./model.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {{seq: number, name: string, mean: number, std: number, zeros: number, dead: number}} Point */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 296;
const HEIGHT = 84;
/** The upper part shows mean and deviation, the lower the zeros. */
const SPLIT = 54;

export class Activity {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    /** @type {Map<number, Point>} */
    this.points = new Map();
    this.taken = -1;
    this.revision = -1;
    this.seq = -1;
    this.heading = el("h2");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute("class", "net-activity");
    this.svg.setAttribute("role", "img");
    this.cursor = document.createElementNS(SVG, "line");
    this.cursor.setAttribute("class", "cursor");
    this.text = el("p", { class: "caption net-activity-text" });
    this.element = el("div", { class: "net-statistics" }, this.heading, this.svg, this.text);
    this.svg.addEventListener("click", (event) => {
      const seq = this.#under(event);
      if (seq >= 0) network.stage.player.seek(seq);
    });
    this.svg.addEventListener("pointermove", (event) => this.#tell(this.#under(event)));
    this.svg.addEventListener("pointerleave", () => this.#tell(this.seq));
    this.words();
  }

  scene() {
    this.points.clear();
    this.taken = -1;
    this.revision = -1;
  }

  words() {
    const { t } = this.network.stage;
    this.heading.textContent = t("convolution.page.activity");
    this.svg.setAttribute("aria-label", t("convolution.page.activity_about"));
    this.#tell(this.seq);
  }

  frames() {
    const { timeline } = this.network.stage;
    if (timeline.revision === this.revision) return;
    this.revision = timeline.revision;
    for (const block of timeline.blocks(this.taken + 1)) {
      for (let i = 0; i < block.count; i += 1) this.#take(block.seq + i);
      this.taken = Math.max(this.taken, block.seq + block.count - 1);
    }
    this.#paint();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    this.#cursor();
    this.#tell(seq);
  }

  /** A layer's statistics over all its maps: mean of means, and the deviation from it. @param {number} seq */
  #take(seq) {
    const frame = this.network.stage.timeline.frame(seq);
    const layer = layerOf(frame);
    const stats = numbers(frame?.tensors.stats);
    const count = stats.length / STATS.length;
    if (!layer || !count || layer.kind === "gradient") return;
    let [mean, square, zeros, dead] = [0, 0, 0, 0];
    for (let c = 0; c < count; c += 1) {
      const [, , m, s, z] = STATS.map((_, k) => stats[c * STATS.length + k]);
      mean += m / count;
      square += (s * s + m * m) / count;
      zeros += z / count;
      if (z === 1) dead += 1;
    }
    this.points.set(seq, { seq, name: nameOf(layer), mean, std: Math.sqrt(Math.max(0, square - mean * mean)), zeros, dead });
  }

  /** @param {number} seq */
  #x(seq) {
    const last = Math.max(1, ...this.points.keys());
    return 4 + (seq / last) * (WIDTH - 8);
  }

  #paint() {
    const points = [...this.points.values()];
    const reach = Math.max(1e-12, ...points.map(({ mean, std }) => Math.abs(mean) + std).filter(Number.isFinite));
    const y = (/** @type {number} */ value) => SPLIT / 2 - (value / reach) * (SPLIT / 2 - 4);
    const known = points.filter(({ mean, std }) => Number.isFinite(mean + std));
    const line = (/** @type {(point: Point) => number} */ of) => known.map((point) => `${this.#x(point.seq).toFixed(1)} ${y(of(point)).toFixed(1)}`);
    const band = [...line(({ mean, std }) => mean + std), ...line(({ mean, std }) => mean - std).reverse()];
    const shape = (/** @type {string} */ tag, /** @type {string} */ name, /** @type {Record<string, string | number>} */ attributes) => {
      const node = document.createElementNS(SVG, tag);
      node.setAttribute("class", name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
      return node;
    };
    const width = Math.max(1.5, Math.min(8, (WIDTH - 8) / Math.max(1, points.length) - 1.5));
    this.svg.replaceChildren(
      shape("line", "zero", { x1: 0, x2: WIDTH, y1: SPLIT / 2, y2: SPLIT / 2 }),
      ...(known.length ? [shape("path", "band", { d: `M${band.join("L")}Z` }), shape("path", "mean", { d: `M${line(({ mean }) => mean).join("L")}` })] : []),
      shape("line", "zero", { x1: 0, x2: WIDTH, y1: HEIGHT - 2, y2: HEIGHT - 2 }),
      ...points.map(({ seq, zeros }) => {
        const tall = zeros * (HEIGHT - SPLIT - 6);
        return shape("rect", "zeros", { x: this.#x(seq) - width / 2, width, y: HEIGHT - 2 - tall, height: tall });
      }),
      this.cursor,
    );
    this.#cursor();
  }

  #cursor() {
    const x = this.#x(Math.max(0, this.seq));
    for (const name of ["x1", "x2"]) this.cursor.setAttribute(name, x.toFixed(1));
    this.cursor.setAttribute("y1", "0");
    this.cursor.setAttribute("y2", String(HEIGHT));
  }

  /** @param {MouseEvent} event */
  #under(event) {
    const box = this.svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * WIDTH;
    return [...this.points.keys()].reduce((best, seq) => (best < 0 || Math.abs(this.#x(seq) - at) < Math.abs(this.#x(best) - at) ? seq : best), -1);
  }

  /** @param {number} seq */
  #tell(seq) {
    const { t } = this.network.stage;
    const point = this.points.get(seq);
    this.text.textContent = point
      ? t("convolution.page.activity_at", { layer: point.name, mean: num(point.mean, 3), std: num(point.std, 3), zeros: num(100 * point.zeros, 3), dead: point.dead })
      : t("convolution.page.activity_none");
  }
}
