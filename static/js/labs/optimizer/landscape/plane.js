/**
 * The plane: the map as it sharpens, the paths on it, each racer's place and the ellipse of its curvature, and a place that can be
 * dragged and asked. Three canvases over Plotly's axes; Plotly itself draws nothing while a run plays.
 */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Layer } from "../../../core/layer.js";
import { beside, drawAxes, line, listen, ranges, recolour, show, zoomButtons } from "../axes.js";
import { cross } from "../crosses.js";
import { ellipse, paintEllipse } from "../ellipse.js";
import { Ground } from "../ground.js";
import { paintMark, strokeOf } from "../marks.js";
import { Paths, nearest } from "../paths.js";
import { StartMarker, pointAt } from "../start.js";

/** @typedef {import("./model.js").Model} Model */

/** The longest half axis of an ellipse, pixels. */
const HALF = 46;

export class Plane {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    this.stage = stage;
    this.ground = new Ground();
    this.paths = new Paths();
    this.seq = -1;
    this.colours = stage.plots.colors();
    /** @type {{ground: Layer, paths: Layer, heads: Layer} | null} */
    this.layers = null;
    /** @type {number[]} the axes of now */
    this.axes = [0, 1, 0, 1];
    this.probe = new StartMarker((point, done) => done && stage.select({ kind: "at", x: point[0], y: point[1] }));
    this.probe.element.classList.add("landscape-probe");
    this.figure = el("div", { class: "plot race-plot" });
    this.tip = el("div", { class: "race-tip", hidden: true });
    this.element = el("div", { class: "race-surface", role: "group" }, this.figure, this.tip);
    this.deaf = listen(this.figure, this.tip, { click: (event) => this.#click(event), hover: (event) => this.#hover(event), busy: () => this.probe.dragging });
  }

  /** For the card's head: compute what is in view, the whole plane again, nearer, further. */
  buttons() {
    const { t } = this.stage;
    const text = (/** @type {string} */ id, /** @type {() => void} */ go) => el("button", { type: "button", class: "button small", onclick: go }, t(`optimizer.landscape.page.${id}`));
    return [
      ...zoomButtons(this.stage, this.figure, () => this.model.view),
      text("compute", () => this.#compute()),
      text("whole", () => this.stage.edit({ x_range: null, y_range: null }, { commit: true })),
    ];
  }

  /** Another run, another language. */
  async plan() {
    const { t } = this.stage;
    this.element.setAttribute("aria-label", t("optimizer.landscape.page.title"));
    if (!this.layers) await this.#build();
    this.#again();
    this.#label();
  }

  async #build() {
    await drawAxes(this.stage, this.figure, [0, 1, 0, 1], ["a", "b"]);
    if (this.layers) return;
    const ground = new Layer(this.figure, (layer) => this.ground.paint(layer, this.colours));
    ground.canvas.classList.add("race-ground");
    const paths = new Layer(this.figure, () => {
      this.#again();
      if (this.layers) this.#draw();
    });
    paths.canvas.classList.add("race-paths");
    const heads = new Layer(this.figure, () => {
      if (!this.layers) return;
      this.probe.place();
      this.#heads();
    });
    heads.canvas.classList.add("race-heads");
    this.layers = { ground, paths, heads };
    this.probe.attach(heads);
    if (this.seq >= 0) this.draw(this.seq);
  }

  #label() {
    const [x, y] = this.model.place;
    this.probe.set(this.model.place, this.stage.t("optimizer.landscape.page.probe", { a: num(x, 3), b: num(y, 3), loss: num(this.model.lossAt(x, y), 3) }));
  }

  /** @param {number} seq */
  draw(seq) {
    const before = this.seq;
    this.seq = seq;
    const frame = this.stage.timeline.frame(seq);
    if (!this.layers || !frame) return;
    const view = /** @type {number[]} */ (frame.note.view);
    if (view.some((value, i) => value !== this.model.view[i])) {
      this.model.look(view);
      void show(this.stage, this.figure, view);
    }
    if (this.model.fill(seq) || this.ground.x.length !== this.model.side) this.#surface();
    if (seq < before) this.#again();
    this.#draw();
    this.#heads();
    this.#label();
  }

  /** The map as it is known now. */
  #surface() {
    const { model } = this;
    const tensor = (/** @type {Float64Array | Float32Array} */ data) => ({ data, shape: [data.length], dtype: "f8" });
    this.ground.set({ note: {}, tensors: { x: tensor(model.axis(0)), y: tensor(model.axis(1)), z: tensor(model.z) } });
    this.layers?.ground.refresh();
  }

  #again() {
    this.paths.reset();
  }

  #affine() {
    const { map } = /** @type {Layer} */ (this.layers?.paths);
    return { ax: map.x0, bx: map.kx, ay: map.y0, by: map.ky };
  }

  #draw() {
    const layer = /** @type {Layer} */ (this.layers?.paths);
    if (this.paths.done < 0) layer.clear();
    const { model } = this;
    const strokes = model.racers.map((_, r) => strokeOf(model.hue(r), { selected: r === model.chosen }));
    if (this.seq >= 0) this.paths.extend(layer.context, this.stage.timeline, this.seq, this.#affine(), strokes, model.chosen);
    layer.canvas.dataset.seq = String(this.seq);
  }

  #heads() {
    const layer = /** @type {Layer} */ (this.layers?.heads);
    const ctx = layer.context;
    layer.clear();
    ctx.strokeStyle = this.colours.text;
    ctx.lineWidth = 1.5;
    cross(ctx, layer.px(0), layer.py(0));
    const frame = this.stage.timeline.frame(this.seq);
    const position = frame?.tensors.position?.data;
    if (!frame || !position) return;
    const { model } = this;
    const order = [...model.racers.keys()].sort((a, b) => Number(a === model.chosen) - Number(b === model.chosen));
    const hessian = frame.tensors.hessian?.data;
    for (const r of order) {
      const left = layer.px(Number(position[2 * r]));
      const top = layer.py(Number(position[2 * r + 1]));
      if (Number.isNaN(left) || Number.isNaN(top)) continue;
      if (hessian && r === model.chosen) {
        const of = /** @type {[number, number, number]} */ ([0, 1, 2].map((i) => Number(hessian[3 * r + i])));
        paintEllipse(ctx, left, top, ellipse(of, layer.map.kx, layer.map.ky, HALF), model.colour(r), this.colours.card);
      }
      paintMark(ctx, model.hue(r), left, top, r === model.chosen ? 6 : 5, this.colours.card, Number(frame.tensors.status?.data[r] ?? 0) >= 2);
    }
  }

  /** Another racer or place was selected. */
  choose() {
    this.#again();
    if (this.layers && this.seq >= 0) this.draw(this.seq);
  }

  resize() {
    this.stage.plots.resize(this.figure);
  }

  async retheme() {
    this.colours = this.stage.plots.colors();
    if (!this.layers) return;
    await recolour(this.stage, this.figure);
    this.#again();
    for (const layer of Object.values(this.layers)) layer.refresh();
  }

  destroy() {
    this.deaf();
    for (const layer of Object.values(this.layers ?? {})) layer.destroy();
    this.layers = null;
    this.stage.plots.purge(this.figure);
  }

  /** What is in view is a map of its own: a new run, of the same paths. */
  #compute() {
    const now = ranges(this.figure);
    if (!now) return;
    const [x, y] = now.map((range) => range.map((value) => Number(value.toPrecision(6))));
    this.stage.edit({ x_range: x, y_range: y }, { commit: true });
  }

  /** A path's point is opened; elsewhere the loss of the plane. @param {PointerEvent} event */
  #click(event) {
    const layer = this.layers?.heads;
    const at = layer?.at(event);
    if (!layer || !at?.inside) return;
    const hit = nearest(this.stage.timeline, this.seq, this.model.racers.length, this.#affine(), at.left, at.top);
    if (hit) {
      this.stage.player.seek(hit.seq);
      this.stage.select({ kind: "position", racer: hit.racer, coordinate: 0 });
    } else {
      const [x, y] = pointAt(layer, at.left, at.top);
      this.stage.select({ kind: "at", x, y });
    }
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const layer = this.layers?.heads;
    const at = layer?.at(event);
    this.tip.hidden = !at?.inside;
    if (!layer || !at?.inside) return;
    const { t } = this.stage;
    this.tip.replaceChildren(line("a", num(at.x, 3)), line("b", num(at.y, 3)), line(t("optimizer.page.loss"), num(this.model.lossAt(at.x, at.y), 4)));
    beside(this.tip, this.figure, layer, at.left, at.top);
  }
}
