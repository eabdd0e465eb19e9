/**
 * The main picture: the surface, the racers' paths on it, their heads, the start that can be dragged.
 *
 * Three canvases lie on the axes that Plotly draws: the ground (once a scene), the paths (only what is
 * new), the heads (each frame). Plotly itself draws nothing while a run plays.
 */

import { el } from "../../core/dom.js";
import { exact, num } from "../../core/format.js";
import { Layer } from "../../core/layer.js";
import { beside, drawAxes, line, listen, recolour, show, zoomButtons } from "./axes.js";
import { cross, saltire } from "./crosses.js";
import { ellipse, paintEllipse } from "./ellipse.js";
import { Ground } from "./ground.js";
import { paintMark, strokeOf } from "./marks.js";
import { Paths, nearest } from "./paths.js";
import { StartMarker, pointAt } from "./start.js";

/** @typedef {import("./model.js").Race} Race */
/** @typedef {import("../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../core/types.js").Pinned} Pinned */

/** Heads outside the axes wait this far inside their edge. */
const EDGE = 7;
const STOPPED = 2;
/** The longest half axis of the ellipse of the curvature, pixels. */
const HALF = 46;

export class Surface2D {
  /** @param {Race} race @param {(racer: number, seq: number) => void} pick */
  constructor(race, pick) {
    const { stage } = race;
    this.race = race;
    this.stage = stage;
    this.pick = pick;
    this.ground = new Ground();
    this.paths = new Paths();
    this.ghosts = new Paths();
    this.seq = -1;
    this.chosen = -1;
    /** @type {[number, number]} */
    this.from = [0, 0];
    /** @type {Pinned | null} */
    this.pinned = null;
    /** The curvature that is shown, and whose. @type {{racer: number, at: [number, number], hessian: [number, number, number]} | null} */
    this.curved = null;
    /** @type {number[]} */
    this.view = [0, 1, 0, 1];
    /** @type {import("../../core/chart/pens.js").Stroke[]} by racer; made anew when the choice or the theme changes */
    this.strokes = [];
    this.colours = stage.plots.colors();
    /** @type {{ground: Layer, paths: Layer, heads: Layer} | null} */
    this.layers = null;
    this.start = new StartMarker((point, done) => stage.edit({ start: point }, { commit: done }));
    this.figure = el("div", { class: "plot race-plot" });
    this.tip = el("div", { class: "race-tip", hidden: true });
    this.edge = el("p", { class: "race-edge", hidden: true });
    this.element = el("div", { class: "race-surface", role: "group", "aria-label": stage.t("optimizer.page.title") }, this.figure, this.edge, this.tip);
    this.deaf = listen(this.figure, this.tip, { click: (event) => this.#click(event), hover: (event) => this.#hover(event), busy: () => this.start.dragging });
  }

  /** Buttons for the card's head: nearer, further, whole view. */
  buttons() {
    return zoomButtons(this.stage, this.figure, () => this.view);
  }

  /** @param {SceneView} scene */
  async scene(scene) {
    const { note } = scene;
    const view = /** @type {number[]} */ (note.view);
    const moved = view.some((value, i) => value !== this.view[i]);
    this.ground.set(scene);
    this.view = view;
    this.from = note.start;
    this.chosen = this.race.chosen;
    this.#again();
    this.relanguage();
    if (!this.layers) await this.#build();
    else if (moved) await show(this.stage, this.figure, view);
    else this.#paintAll();
  }

  async #build() {
    await drawAxes(this.stage, this.figure, this.view, ["x", "y"]);
    if (this.layers) return;
    const ground = new Layer(this.figure, (layer) => this.ground.paint(layer, this.colours));
    ground.canvas.classList.add("race-ground");
    const paths = new Layer(this.figure, () => {
      this.#again();
      if (this.layers) this.#paths();
    });
    paths.canvas.classList.add("race-paths");
    const heads = new Layer(this.figure, () => {
      if (!this.layers) return;
      this.start.place();
      this.#heads();
    });
    heads.canvas.classList.add("race-heads");
    this.layers = { ground, paths, heads };
    this.start.attach(heads);
    this.#paintAll();
  }

  /** The start marker's name in the language of now. */
  relanguage() {
    const [x, y] = this.from;
    this.start.set(this.from, this.stage.t("optimizer.page.start", { x: num(x), y: num(y) }));
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    if (!this.layers) return;
    if (seq < this.paths.done) this.#again();
    this.#paths();
    this.#heads();
  }

  /** The racer whose path lies on top, thicker. @param {number} racer */
  choose(racer) {
    if (racer === this.chosen) return;
    this.chosen = racer;
    this.#again();
    if (this.layers) this.draw(this.seq);
  }

  /** The curvature to show, and whose. @param {Record<string, any> | null} curved @param {string} told "": nothing */
  curve(curved, told) {
    this.edge.textContent = told;
    this.edge.hidden = !told;
    this.curved = /** @type {any} */ (curved);
    if (this.layers) this.#heads();
  }

  /** @param {Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    this.#again();
    if (this.layers) this.draw(this.seq);
  }

  /** Other frames than those drawn came in (a new run, a seek). */
  restart() {
    this.#again();
  }

  resize() {
    this.stage.plots.resize(this.figure);
  }

  async retheme() {
    this.colours = this.stage.plots.colors();
    if (!this.layers) return;
    await recolour(this.stage, this.figure);
    this.#again();
    this.#paintAll();
  }

  destroy() {
    this.deaf();
    for (const layer of Object.values(this.layers ?? {})) layer.destroy();
    this.layers = null;
    this.stage.plots.purge(this.figure);
  }

  /** The paths are drawn from their first point again. */
  #again() {
    this.strokes = this.race.racers.map((_, r) => strokeOf(this.race.hue(r), { selected: r === this.chosen }));
    this.paths.reset();
    this.ghosts.reset();
  }

  #paintAll() {
    for (const layer of Object.values(this.layers ?? {})) layer.refresh();
  }

  #affine() {
    const { map } = /** @type {Layer} */ (this.layers?.paths);
    return { ax: map.x0, bx: map.kx, ay: map.y0, by: map.ky };
  }

  #paths() {
    const layer = /** @type {Layer} */ (this.layers?.paths);
    const { timeline } = this.stage;
    const map = this.#affine();
    if (this.paths.done < 0) {
      layer.clear();
      const { pinned } = this;
      if (pinned) {
        const racers = /** @type {{color: number}[]} */ (pinned.scene.note.racers);
        const strokes = racers.map((racer, r) => strokeOf(racer.color ?? r, { pinned: true }));
        this.ghosts.extend(layer.context, pinned.timeline, pinned.timeline.last, map, strokes);
      }
    }
    if (this.seq < 0) return;
    const from = Math.max(0, this.paths.done);
    this.paths.extend(layer.context, timeline, this.seq, map, this.strokes, this.chosen);
    // Read by tests and by benchmarks/paint.py.
    const { dataset } = layer.canvas;
    dataset.seq = String(this.seq);
    if (this.seq > from) dataset.painted = String(Number(dataset.painted ?? 0) + 1);
  }

  #heads() {
    const layer = /** @type {Layer} */ (this.layers?.heads);
    const ctx = layer.context;
    layer.clear();
    ctx.strokeStyle = this.colours.text;
    ctx.lineWidth = 1.5;
    for (const [x, y] of this.race.minima) cross(ctx, layer.px(x), layer.py(y));
    if (this.seq < 0) return;
    if (this.curved) {
      const { racer, at, hessian } = this.curved;
      const shape = ellipse(hessian, layer.map.kx, layer.map.ky, HALF);
      paintEllipse(ctx, layer.px(at[0]), layer.py(at[1]), shape, this.race.colour(racer), this.colours.card);
    }
    const { pinned } = this;
    if (pinned) {
      const hues = /** @type {{color: number}[]} */ (pinned.scene.note.racers).map((racer, r) => racer.color ?? r);
      this.#marks(layer, pinned.timeline.frame(Math.min(this.seq, pinned.timeline.last)), hues, -1, true);
    }
    const hues = this.race.racers.map((_, r) => this.race.hue(r));
    this.#marks(layer, this.stage.timeline.frame(this.seq), hues, this.chosen, false);
  }

  /**
   * A mark at each racer's place; hollow where it is not the place itself, or the run is the pinned one.
   * @param {Layer} layer
   * @param {import("../../core/types.js").FrameView | null} frame
   * @param {number[]} hues by racer
   * @param {number} chosen drawn last, larger
   * @param {boolean} ghost
   */
  #marks(layer, frame, hues, chosen, ghost) {
    const position = frame?.tensors.position?.data;
    if (!frame || !position) return;
    const ctx = layer.context;
    const { width, height } = layer.box;
    const status = frame.tensors.status?.data;
    const racers = hues.length;
    for (let i = 0; i < racers; i++) {
      const r = chosen < 0 ? i : i === racers - 1 ? chosen : i === chosen ? racers - 1 : i;
      const left = layer.px(Number(position[2 * r]));
      const top = layer.py(Number(position[2 * r + 1]));
      if (Number.isNaN(left) || Number.isNaN(top)) continue;
      const atX = Math.min(width - EDGE, Math.max(EDGE, left));
      const atY = Math.min(height - EDGE, Math.max(EDGE, top));
      const away = left < 0 || top < 0 || left > width || top > height;
      const stopped = Number(status?.[r] ?? 0) >= STOPPED;
      const size = ghost ? 3.5 : r === chosen ? 6 : 5;
      paintMark(ctx, hues[r], atX, atY, size, this.colours.card, ghost || away || stopped);
      if (stopped) {
        ctx.strokeStyle = this.colours.text;
        saltire(ctx, atX, atY);
      }
    }
  }

  /** A path's point opens there; elsewhere the start moves. @param {PointerEvent} event */
  #click(event) {
    const layer = this.layers?.heads;
    if (!layer) return;
    const at = layer.at(event);
    if (!at.inside) return;
    const hit = nearest(this.stage.timeline, this.seq, this.race.racers.length, this.#affine(), at.left, at.top);
    if (hit) this.pick(hit.racer, hit.seq);
    else this.stage.edit({ start: pointAt(layer, at.left, at.top) }, { commit: true });
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const layer = this.layers?.heads;
    if (!layer) return;
    const at = layer.at(event);
    const hit = at.inside && this.seq >= 0 ? nearest(this.stage.timeline, this.seq, this.race.racers.length, this.#affine(), at.left, at.top) : null;
    this.figure.classList.toggle("on-path", Boolean(hit));
    const frame = hit && this.stage.timeline.frame(hit.seq);
    this.tip.hidden = !frame;
    if (!hit || !frame) return;
    const { t } = this.stage;
    const said = (/** @type {string} */ name, /** @type {number} */ i) => {
      const part = frame.tensors[name];
      return part.dtype === "f8" ? exact(Number(part.data[i])) : num(Number(part.data[i]), 9);
    };
    this.tip.replaceChildren(
      el("strong", {}, t("optimizer.page.at", { racer: this.race.racers[hit.racer].label, step: frame.step })),
      line("x", said("position", 2 * hit.racer)),
      line("y", said("position", 2 * hit.racer + 1)),
      line(t("optimizer.page.loss"), said("loss", hit.racer)),
    );
    beside(this.tip, this.figure, layer, at.left, at.top);
  }
}
