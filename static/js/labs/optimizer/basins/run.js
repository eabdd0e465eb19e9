/** The chosen pixel's own run beside the map: its path on the surface, its loss in time, and the way to the race that makes it. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { inksOf } from "../../../core/chart/ink.js";
import { Chart } from "../../../core/chart/chart.js";
import { Layer } from "../../../core/layer.js";
import { racerColor } from "../../../core/plots.js";
import { Timeline } from "../../../core/timeline.js";
import { cross } from "../crosses.js";
import { Ground } from "../ground.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {{row: number, column: number, steps: number[], path: [number, number][], losses: (number | null)[], race: Record<string, any>}} Alone */

export class PixelRun {
  /** @param {Stage} stage */
  constructor(stage) {
    const { t } = stage;
    this.stage = stage;
    /** @type {Alone | null} */
    this.alone = null;
    /** @type {SceneView | null} */
    this.scene = null;
    this.ground = new Ground();
    /** @type {{ground: Layer, path: Layer} | null} */
    this.layers = null;
    this.figure = el("div", { class: "plot race-plot", role: "img", "aria-label": t("optimizer.basins.page.run_label") });
    this.path = card(t("optimizer.basins.page.run"));
    this.path.element.classList.add("basins-run");
    this.link = el("a", { class: "button small", hidden: true }, t("optimizer.basins.page.race"));
    this.path.actions.append(this.link);
    this.path.body.append(el("div", { class: "race-surface" }, this.figure));
    this.curve = card(t("optimizer.basins.page.curve"));
    this.curve.element.classList.add("basins-curve");
    this.chart = new Chart({ seek: () => undefined, inks: () => inksOf(stage.plots.colors()) });
    this.curve.body.append(this.chart.element);
    this.elements = [this.path.element, this.curve.element];
  }

  /** @param {SceneView} scene */
  async begin(scene) {
    this.scene = scene;
    this.alone = null;
    this.link.hidden = true;
    this.ground.set(scene);
    const [x0, x1, y0, y1] = scene.note.view;
    const axis = { showgrid: false, zeroline: false, ticks: "outside", automargin: false, fixedrange: true };
    const layout = { margin: { l: 34, r: 6, t: 4, b: 22 }, dragmode: false, xaxis: { ...axis, range: [x0, x1] }, yaxis: { ...axis, range: [y0, y1] } };
    await this.stage.plots.react(this.figure, [{ x: [], y: [], type: "scatter", hoverinfo: "skip" }], layout, { doubleClick: false, showTips: false });
    if (!this.layers) {
      const ground = new Layer(this.figure, (layer) => this.ground.paint(layer, this.stage.plots.colors()));
      ground.canvas.classList.add("race-ground");
      this.layers = { ground, path: new Layer(this.figure, () => this.#paint()) };
    }
    for (const layer of Object.values(this.layers)) layer.refresh();
    this.#plot();
  }

  /** What the explanation says of the chosen pixel's run. @param {Alone | null} alone */
  show(alone) {
    this.alone = alone;
    this.link.hidden = !alone;
    if (alone) {
      const query = new URLSearchParams({ experiment: "race" });
      const fragment = new URLSearchParams({ p: JSON.stringify(alone.race) });
      this.link.href = `${window.location.pathname}?${query}#${fragment}`;
    }
    this.#paint();
    this.#plot();
  }

  resize() {
    this.stage.plots.resize(this.figure);
    this.chart.resize();
    this.#plot();
  }

  retheme() {
    for (const layer of Object.values(this.layers ?? {})) layer.refresh();
    this.chart.resize();
    this.#plot();
  }

  destroy() {
    for (const layer of Object.values(this.layers ?? {})) layer.destroy();
    this.layers = null;
    this.stage.plots.purge(this.figure);
  }

  #paint() {
    const layer = this.layers?.path;
    if (!layer || !this.scene) return;
    const colours = this.stage.plots.colors();
    const ctx = layer.context;
    layer.clear();
    ctx.strokeStyle = colours.text;
    ctx.lineWidth = 1.2;
    for (const [x, y] of this.scene.note.minima.slice(0, 9)) cross(ctx, layer.px(x), layer.py(y));
    const { alone } = this;
    if (!alone) return;
    ctx.strokeStyle = racerColor(0);
    ctx.lineWidth = 1.8;
    ctx.lineJoin = "round";
    ctx.beginPath();
    for (const [x, y] of alone.path) ctx.lineTo(layer.px(x), layer.py(y));
    ctx.stroke();
    const dot = (/** @type {[number, number]} */ [x, y], /** @type {boolean} */ filled) => {
      ctx.beginPath();
      ctx.arc(layer.px(x), layer.py(y), 4, 0, 2 * Math.PI);
      ctx.fillStyle = filled ? racerColor(0) : colours.card;
      ctx.fill();
      ctx.stroke();
    };
    dot(alone.path[0], false);
    dot(alone.path[alone.path.length - 1], true);
    layer.canvas.dataset.points = String(alone.path.length);
  }

  /** The loss as a chart of one line: its frames are the run's kept steps. */
  #plot() {
    const { alone, scene } = this;
    const { t } = this.stage;
    const losses = Float64Array.from(alone?.losses ?? [], (loss) => loss ?? NaN);
    const least = scene?.note.minimum ?? null;
    this.curve.caption.textContent = least ? t("optimizer.page.loss_above", { least: num(least) }) : "";
    const series = [{ tensor: "loss", column: 0, name: t("optimizer.page.loss"), colour: racerColor(0), dash: [], width: 1.8, shift: least ?? 0, floor: true }];
    this.chart.show({ series, log: least !== null, x: "step", last: alone?.steps.at(-1) ?? 1, racer: 0, cap: 10 }, t("optimizer.basins.page.curve_label"));
    const timeline = new Timeline();
    const loss = { data: losses, size: 1, shape: [1], dtype: "f8" };
    if (alone)
      timeline.push(
        {
          seq: 0,
          count: losses.length,
          steps: Float64Array.from(alone.steps),
          notes: {},
          stacked: new Map([["loss", loss]]),
          omitted: {},
          bytes: losses.byteLength,
          tensor: (/** @type {string} */ name) => (name === "loss" ? loss : undefined),
        },
        0,
      );
    this.chart.draw(timeline, losses.length - 1);
  }
}
