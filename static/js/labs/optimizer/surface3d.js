/**
 * The surface in space with the paths on it: Plotly's WebGL, made when it is opened and freed when it
 * is closed. A redraw takes a tenth of a second, so it follows a playing run a few times a second.
 */

import { el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { tone, toneScale } from "./contour.js";

/** @typedef {import("./contour.js").ToneScale} ToneScale */
/** @typedef {import("./model.js").Race} Race */
/** @typedef {import("../../core/types.js").SceneView} SceneView */

/** Measured: 105 to 150 ms a redraw in software; leave the page as long to itself. */
const EVERY_MS = 300;
/** Grid lines and path points are thinned to about this many: more are not seen. */
const GRID = 110;
const POINTS = 600;
/** How far a path floats above the surface, which would swallow half of it. */
const LIFT = 0.02;

export class Surface3D {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    this.open = false;
    /** @type {SceneView | null} */
    this.last = null;
    this.seq = -1;
    this.timer = 0;
    this.painted = 0;
    this.figure = el("div", { class: "plot race-plot" });
    this.element = el("div", { class: "race-space", hidden: true }, this.figure);
  }

  /** @param {SceneView} scene */
  scene(scene) {
    this.last = scene;
    if (this.open) void this.#paint();
  }

  /** @param {boolean} open */
  async show(open) {
    this.open = open;
    this.element.hidden = !open;
    window.clearTimeout(this.timer);
    if (open) {
      this.seq = this.race.stage.player.seq;
      await this.#paint();
    } else this.race.stage.plots.purge(this.figure);
  }

  /** @param {number} seq */
  draw(seq) {
    if (!this.open || seq === this.seq) return;
    this.seq = seq;
    window.clearTimeout(this.timer);
    const wait = Math.max(0, EVERY_MS - (performance.now() - this.painted));
    this.timer = window.setTimeout(() => void this.#paint(), wait);
  }

  resize() {
    if (this.open) this.race.stage.plots.resize(this.figure);
  }

  async retheme() {
    if (this.open) await this.#paint();
  }

  destroy() {
    void this.show(false);
  }

  async #paint() {
    const { last, race } = this;
    if (!last?.tensors.z || !this.open) return;
    const { plots } = race.stage;
    const colours = plots.colors();
    const scale = toneScale(/** @type {Float32Array} */ (last.tensors.z.data));
    const view = /** @type {number[]} */ (last.note.view);
    const data = [this.#ground(last, scale, colours), ...race.racers.map((_, r) => this.#path(r, scale, view))];
    const axis = (/** @type {string} */ title, /** @type {number[]} */ range) => ({ title: { text: title }, showspikes: false, range });
    const layout = {
      margin: { l: 0, r: 0, t: 0, b: 0 },
      uirevision: "kept",
      scene: {
        xaxis: axis("x", view.slice(0, 2)),
        yaxis: axis("y", view.slice(2)),
        zaxis: this.#heightAxis(scale, "f"),
        aspectmode: "manual",
        aspectratio: { x: 1.2, y: 1.2, z: 0.7 },
        camera: { eye: { x: -0.95, y: -1.4, z: 1.5 }, center: { x: 0, y: 0, z: -0.2 } },
      },
    };
    await plots.react(this.figure, data, layout);
    this.painted = performance.now();
  }

  /** The axis shows losses; heights are their tones, as in the flat picture. @param {ToneScale} scale @param {string} title */
  #heightAxis(scale, title) {
    const places = [0, 0.25, 0.5, 0.75, 1];
    const span = scale.high - scale.low;
    const loss = (/** @type {number} */ at) => Number((scale.low + at ** (1 / scale.power) * span).toPrecision(2));
    const said = (/** @type {number} */ value) => num(Math.abs(value) < 1e-9 * span ? 0 : value, 2);
    return { title: { text: title }, showspikes: false, range: [-0.02, 1.04], tickvals: places, ticktext: places.map((at) => said(loss(at))) };
  }

  /** @param {SceneView} scene @param {ToneScale} scale @param {any} colours */
  #ground(scene, scale, colours) {
    const { x, y, z } = scene.tensors;
    const width = x.data.length;
    const height = y.data.length;
    const step = Math.max(1, Math.ceil(Math.max(width, height) / GRID));
    const pick = (/** @type {number} */ n) => Array.from({ length: Math.ceil(n / step) }, (_, i) => Math.min(n - 1, i * step));
    const columns = pick(width);
    return {
      type: "surface",
      x: columns.map((i) => Number(x.data[i])),
      y: pick(height).map((j) => Number(y.data[j])),
      z: pick(height).map((j) => columns.map((i) => tone(scale, Number(z.data[j * width + i])))),
      colorscale: colours.surface,
      showscale: false,
      hoverinfo: "skip",
      lighting: { ambient: 0.85, diffuse: 0.35, specular: 0.02, roughness: 0.9 },
      contours: { z: { show: true, color: colours.contour, width: 1, highlight: false } },
    };
  }

  /**
   * One racer's path, with a gap where it leaves the view: WebGL would draw it across the whole page.
   * @param {number} r
   * @param {ToneScale} scale
   * @param {number[]} view
   */
  #path(r, scale, [x0, x1, y0, y1]) {
    const { race } = this;
    const { timeline } = race.stage;
    const every = Math.max(1, Math.ceil((this.seq + 1) / POINTS));
    /** @type {(number | null)[][]} */
    const [xs, ys, zs] = [[], [], []];
    for (const block of timeline.blocks(timeline.first, this.seq)) {
      const position = block.tensor("position");
      const loss = block.tensor("loss");
      if (!position || !loss) continue;
      for (let f = 0; f < block.count; f++) {
        if ((block.seq + f) % every && block.seq + f !== this.seq) continue;
        const x = Number(position.data[f * position.size + 2 * r]);
        const y = Number(position.data[f * position.size + 2 * r + 1]);
        const inside = x >= x0 && x <= x1 && y >= y0 && y <= y1;
        xs.push(inside ? x : null);
        ys.push(inside ? y : null);
        zs.push(inside ? tone(scale, Number(loss.data[f * loss.size + r])) + LIFT : null);
      }
    }
    return {
      type: "scatter3d",
      mode: "lines+markers",
      name: race.racers[r].label,
      x: xs,
      y: ys,
      z: zs,
      line: { color: race.colour(r), width: r === race.chosen ? 7 : 4 },
      marker: { color: race.colour(r), size: xs.map((_, i) => (i === xs.length - 1 ? 5 : 0)), line: { width: 0 } },
      hovertemplate: "%{fullData.name}<br>x %{x}<br>y %{y}<extra></extra>",
    };
  }
}
