/**
 * The plane: the map as it sharpens, the paths on it, each racer's place and the ellipse of its curvature, and a place that can be
 * dragged and asked. Three canvases over Plotly's axes; Plotly itself draws nothing while a run plays.
 */

import { el, iconButton } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Layer } from "../../../core/layer.js";
import { cross } from "../crosses.js";
import { ellipse, paintEllipse } from "../ellipse.js";
import { Ground } from "../ground.js";
import { paintMark, strokeOf } from "../marks.js";
import { Paths, nearest } from "../paths.js";
import { StartMarker, pointAt } from "../start.js";

/** @typedef {import("./model.js").Model} Model */

/** A press that moved less than this is a click, not a zoom. */
const STILL = 4;
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
    this.#listen();
  }

  /** For the card's head: compute what is in view, the whole plane again, nearer, further. */
  buttons() {
    const { t } = this.stage;
    const text = (/** @type {string} */ id, /** @type {() => void} */ go) => el("button", { type: "button", class: "button small", onclick: go }, t(`optimizer.landscape.page.${id}`));
    const zoom = (/** @type {string} */ sign, /** @type {string} */ id, /** @type {number} */ factor) =>
      el("button", { type: "button", class: "icon-button", "aria-label": t(id), title: t(id), onclick: () => this.#zoom(factor) }, sign);
    return [
      zoom("+", "optimizer.page.zoom_in", 0.5),
      zoom("−", "optimizer.page.zoom_out", 2),
      iconButton("fit", t("shell.plot.reset"), () => this.#range(this.model.view)),
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
    const axis = (/** @type {string} */ text) => ({ range: [0, 1], title: { text, standoff: 4 }, showgrid: false, zeroline: false, ticks: "outside", automargin: false });
    const layout = {
      margin: { l: 44, r: 8, t: 6, b: 36 },
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      xaxis: axis("a"),
      yaxis: axis("b"),
    };
    await this.stage.plots.newPlot(this.figure, [{ x: [], y: [], type: "scatter", hoverinfo: "skip" }], layout, { doubleClick: false, showTips: false });
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
      void this.#range(view);
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
    const { plots } = this.stage;
    this.colours = plots.colors();
    if (!this.layers) return;
    /** @type {Record<string, any>} */
    const update = { "font.color": this.colours.text };
    for (const name of ["xaxis", "yaxis"]) {
      update[`${name}.tickfont.color`] = this.colours.muted;
      update[`${name}.title.font.color`] = this.colours.muted;
      update[`${name}.tickcolor`] = this.colours.line;
      update[`${name}.linecolor`] = this.colours.line;
    }
    await plots.relayout(this.figure, update);
    this.#again();
    for (const layer of Object.values(this.layers)) layer.refresh();
  }

  destroy() {
    for (const layer of Object.values(this.layers ?? {})) layer.destroy();
    this.layers = null;
    this.stage.plots.purge(this.figure);
  }

  /** @returns {[number[], number[]] | null} the axes' ranges */
  #ranges() {
    const full = /** @type {any} */ (this.figure)._fullLayout;
    return full ? [full.xaxis.range.map(Number), full.yaxis.range.map(Number)] : null;
  }

  /** @param {number} factor above 1: further */
  #zoom(factor) {
    const ranges = this.#ranges();
    if (ranges) void this.#range(ranges.flatMap(([low, high]) => [(low + high) / 2 - ((high - low) / 2) * factor, (low + high) / 2 + ((high - low) / 2) * factor]));
  }

  /** @param {number[]} range */
  #range([x0, x1, y0, y1]) {
    return this.stage.plots.relayout(this.figure, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
  }

  /** What is in view is a map of its own: a new run, of the same paths. */
  #compute() {
    const ranges = this.#ranges();
    if (!ranges) return;
    const [x, y] = ranges.map((range) => range.map((value) => Number(value.toPrecision(6))));
    this.stage.edit({ x_range: x, y_range: y }, { commit: true });
  }

  #listen() {
    /** @type {{left: number, top: number} | null} */
    let pressed = null;
    this.figure.addEventListener("pointerdown", (event) => {
      pressed = event.button === 0 ? { left: event.clientX, top: event.clientY } : null;
      this.tip.hidden = true;
    });
    // Plotly covers the page while a button is down: the release is heard on the window.
    const release = (/** @type {PointerEvent} */ event) => {
      const still = pressed && Math.hypot(event.clientX - pressed.left, event.clientY - pressed.top) < STILL;
      pressed = null;
      if (still) this.#click(event);
    };
    window.addEventListener("pointerup", release);
    this.figure.addEventListener("pointermove", (event) => !pressed && !this.probe.dragging && this.#hover(event));
    this.figure.addEventListener("pointerleave", () => (this.tip.hidden = true));
    const destroy = this.destroy.bind(this);
    this.destroy = () => {
      window.removeEventListener("pointerup", release);
      destroy();
    };
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
    const row = (/** @type {string} */ name, /** @type {string} */ value) => el("div", {}, el("span", {}, name), el("b", {}, value));
    this.tip.replaceChildren(row("a", num(at.x, 3)), row("b", num(at.y, 3)), row(t("optimizer.page.loss"), num(this.model.lossAt(at.x, at.y), 4)));
    const right = at.left > layer.box.width / 2;
    const below = at.top > layer.box.height / 2;
    this.tip.style.left = right ? "" : `${layer.box.left + at.left + 14}px`;
    this.tip.style.right = right ? `${this.figure.clientWidth - layer.box.left - at.left + 14}px` : "";
    this.tip.style.top = below ? "" : `${layer.box.top + at.top + 14}px`;
    this.tip.style.bottom = below ? `${this.figure.clientHeight - layer.box.top - at.top + 14}px` : "";
  }
}
