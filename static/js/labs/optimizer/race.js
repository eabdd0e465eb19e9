/**
 * optimizer/race on the page: the parts put together, and nothing else. Each part is a class with
 * `plan()` (the run, the selection, the theme or the language changed) and `draw(seq)`.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { showFormulas } from "./formula.js";
import "./racers.js";
import { Loss } from "./loss.js";
import { Race } from "./model.js";
import { Schedule } from "./schedule.js";
import { StateCurves } from "./state.js";
import { Surface2D } from "./surface2d.js";
import { Surface3D } from "./surface3d.js";
import { Switcher } from "../../core/switcher.js";
import { Table } from "./table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** The small charts are at most this far behind a play head that stopped, milliseconds. */
const LATE_MS = 120;

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const race = new Race(stage);
  /** @type {RaceView | null} */
  let view = new RaceView(race);
  return {
    scene: (scene, params) => view?.scene(scene, params),
    frames: () => view?.frames(),
    draw: (seq) => view?.draw(seq),
    pin: (pinned) => view?.pin(pinned),
    resize: () => view?.resize(),
    retheme: () => view?.retheme(),
    relanguage: () => view?.relanguage(),
    explained: (explanation) => view?.curved(explanation),
    summary: (seq) => view?.summary(seq) ?? "",
    defaultTarget: () => ({ kind: "position", racer: race.telling(), coordinate: race.coordinate }),
    destroy: () => {
      view?.destroy();
      view = null;
    },
  };
}

class RaceView {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    this.stage = race.stage;
    this.theme = race.stage.theme();
    this.lang = race.stage.lang();
    this.seq = -1;
    /** The chart whose turn it was, and the timer that lets all catch up. */
    this.turn = 0;
    this.late = 0;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** Whether the ellipse of the curvature is shown, and what was last told of it. */
    this.curving = false;
    /** @type {Record<string, any> | null} */
    this.bend = null;
    /** @type {(Loss | StateCurves | Schedule)[]} */
    this.charts = [];
    /** @type {import("../../core/types.js").SceneView | null} */
    this.last = null;
    this.flat = new Surface2D(race, (racer, seq) => this.#pick(racer, seq));
    this.deep = new Surface3D(race);
    this.main = this.#main();
    this.loss = new Loss(race);
    this.charts = [this.loss, new StateCurves(race), new Schedule(race)];
    this.table = new Table(race);
    this.#place();
  }

  /** The main card, with the surface flat or in space. */
  #main() {
    const { t } = this.stage;
    const main = card(t("optimizer.page.title"), t(this.deep.open ? "optimizer.page.caption_space" : "optimizer.page.caption"));
    const dimension = new Switcher(t("optimizer.page.dimension"), [["2", "2-D"], ["3", "3-D"]], this.deep.open ? "3" : "2", (value) => void this.#turn(value === "3"));
    this.curves = el("button", { type: "button", "aria-pressed": String(this.curving), title: t("optimizer.page.curvature_help"), onclick: () => this.#curve(!this.curving) }, t("optimizer.page.curvature_switch"));
    this.zooms = el("span", { class: "race-zooms", hidden: this.deep.open }, el("span", { class: "segments switcher" }, this.curves), ...this.flat.buttons());
    main.actions.append(dimension.element, this.zooms);
    main.body.append(this.flat.element, this.deep.element);
    return main;
  }

  /** The edge of the stable rates where the selected racer is. */
  #edge() {
    const { t } = this.stage;
    if (!this.bend) return t("optimizer.page.edge_unknown");
    const { edge, lr, racer } = this.bend;
    const told = { racer: this.race.racers[racer]?.label ?? "", lr: num(lr ?? NaN, 3) };
    return edge === null ? t("optimizer.page.edge_none", told) : t("optimizer.page.edge", { ...told, edge: num(edge, 3) });
  }

  /** Also where its arithmetic is open. */
  #curving() {
    return this.curving || this.stage.selected()?.kind === "curvature";
  }

  /** @param {boolean} on */
  #curve(on) {
    this.curving = on;
    this.curves?.setAttribute("aria-pressed", String(on));
    this.#bend();
  }

  #bend() {
    const shown = this.#curving();
    this.flat.curve(shown ? this.bend : null, shown ? this.#edge() : "");
  }

  /** Every explanation tells how the surface curves where its racer stands. @param {Record<string, any> | null} explanation */
  curved(explanation) {
    this.bend = explanation?.note?.hessian ? { racer: Number(explanation.target.racer), ...explanation.note } : null;
    this.#bend();
  }

  #place() {
    // The stage's own places are cards already: only the head and the body go in.
    this.stage.main.replaceChildren(this.main.head, this.main.body);
    this.stage.small.replaceChildren(...this.charts.map((part) => part.element));
    this.stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    this.last = scene;
    // The page tells of another theme or language only while a run is shown: it may have changed before the first.
    if (this.theme !== this.stage.theme()) this.#colours();
    if (this.lang !== this.stage.lang()) this.#words();
    const before = this.race.chosen;
    this.race.take(scene, params);
    const target = this.stage.selected();
    if (target && (this.race.chosen !== before || !this.race.has(target)))
      this.stage.select({ kind: "position", racer: this.race.chosen, coordinate: this.race.coordinate });
    this.seq = -1;
    this.#plan();
    showFormulas(String(scene.note.formula ?? ""), this.race.racers);
    void this.flat.scene(scene);
    this.deep.scene(scene);
  }

  frames() {
    // A run started anew or sought again: what was drawn belongs to other frames.
    if (this.stage.timeline.last < this.seq) this.flat.restart();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    if (this.race.follow()) this.#plan();
    this.flat.choose(this.race.chosen);
    if (!this.deep.open) this.flat.draw(seq);
    else this.deep.draw(seq);
    this.#charts(seq);
    this.table.draw(seq);
  }

  /** While a run plays the small charts take turns, so that the paths keep the display's rate; then all catch up. @param {number} seq */
  #charts(seq) {
    window.clearTimeout(this.late);
    if (!this.stage.player.playing) {
      for (const part of this.charts) part.draw(seq);
      return;
    }
    this.turn = (this.turn + 1) % this.charts.length;
    this.charts[this.turn].draw(seq);
    this.late = window.setTimeout(() => {
      for (const part of this.charts) part.draw(this.seq);
    }, LATE_MS);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    this.flat.pin(pinned);
    this.loss.pin(pinned);
    this.table.pinned = pinned;
  }

  resize() {
    this.flat.resize();
    this.deep.resize();
    for (const part of this.charts) part.chart.resize();
    if (this.seq >= 0) for (const part of this.charts) part.draw(this.seq);
  }

  retheme() {
    this.#colours();
    this.#plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  #colours() {
    this.theme = this.stage.theme();
    this.race.retheme();
    void this.flat.retheme();
    void this.deep.retheme();
  }

  relanguage() {
    this.#words();
    if (!this.last) return;
    this.#plan();
    showFormulas(String(this.last.note.formula ?? ""), this.race.racers);
    this.flat.relanguage();
    this.#bend();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** Make every part that holds words anew. */
  #words() {
    this.lang = this.stage.lang();
    const { race } = this;
    this.table.destroy();
    this.main = this.#main();
    this.loss = new Loss(race);
    this.loss.pinned = this.pinned;
    this.charts = [this.loss, new StateCurves(race), new Schedule(race)];
    this.table = new Table(race);
    this.table.pinned = this.pinned;
    this.#place();
  }

  /** The step in one sentence, for those who listen. @param {number} seq */
  summary(seq) {
    const { race, stage } = this;
    const frame = stage.timeline.frame(seq);
    if (!frame || !race.racers.length) return "";
    const losses = /** @type {Float32Array} */ (frame.tensors.loss.data);
    let best = 0;
    for (let r = 1; r < race.racers.length; r++) if (losses[r] < losses[best] || Number.isNaN(losses[best])) best = r;
    const own = race.racers[race.chosen];
    return stage.t("optimizer.page.summary", {
      step: frame.step,
      best: race.racers[best].label,
      best_loss: num(losses[best], 3),
      racer: own.label,
      loss: num(losses[race.chosen], 3),
    });
  }

  destroy() {
    window.clearTimeout(this.late);
    this.table.destroy();
    this.flat.destroy();
    this.deep.destroy();
  }

  #plan() {
    for (const part of [...this.charts, this.table]) part.plan();
  }

  /** A path's point was clicked: go there and open it. @param {number} racer @param {number} seq */
  #pick(racer, seq) {
    this.stage.player.seek(seq);
    this.stage.select({ kind: "position", racer, coordinate: this.race.coordinate });
  }

  /** @param {boolean} deep */
  async #turn(deep) {
    this.flat.element.hidden = deep;
    if (this.zooms) this.zooms.hidden = deep;
    this.main.caption.textContent = this.stage.t(deep ? "optimizer.page.caption_space" : "optimizer.page.caption");
    await this.deep.show(deep);
    if (!deep) this.flat.resize();
    if (this.seq >= 0) this.draw(this.seq);
  }
}
