/**
 * optimizer/landscape on the page: the loss on a plane through a network's weights, from coarse to fine, and the paths of those who
 * trained it; below it what the plane hides: the true loss, the distance off the plane, the curvature.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { showFormulas } from "./formula.js";
import "./racers.js";
import { Curves } from "./landscape/curves.js";
import { Model } from "./landscape/model.js";
import { Plane } from "./landscape/plane.js";
import { Table } from "./landscape/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new LandscapeView(stage);
  return {
    scene: (scene) => view.scene(scene),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    resize: () => view.resize(),
    retheme: () => view.retheme(),
    relanguage: () => view.relanguage(),
    explained: () => view.follow(),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => ({ kind: "true_loss", racer: view.model.chosen }),
    destroy: () => view.plane.destroy(),
  };
}

class LandscapeView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.plane = new Plane(this.model);
    this.seq = -1;
    this.#words();
  }

  /** Make every part that holds words anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.theme = stage.theme();
    const main = card(t("optimizer.landscape.page.title"), t("optimizer.landscape.page.caption"));
    main.actions.append(el("span", { class: "race-zooms" }, ...this.plane.buttons()));
    main.body.append(this.plane.element);
    this.curves = [new Curves(model, "loss"), new Curves(model, "distance"), new Curves(model, "edge")];
    this.table = new Table(model);
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(...this.curves.map(({ element }) => element));
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene */
  scene(scene) {
    if (this.lang !== this.stage.lang()) this.#words();
    if (this.theme !== this.stage.theme()) this.#colours();
    this.model.take(scene);
    const target = this.stage.selected();
    if (target && !this.model.has(target)) this.stage.select({ kind: "true_loss", racer: this.model.chosen });
    this.seq = -1;
    showFormulas("", this.model.racers);
    this.#plan();
  }

  #plan() {
    for (const part of [...(this.curves ?? []), this.table]) part?.plan();
    void this.plane.plan();
  }

  /** @param {number} seq */
  draw(seq) {
    const frame = this.stage.timeline.frame(seq);
    if (!frame) return;
    this.seq = seq;
    if (this.model.follow()) this.#plan();
    this.plane.draw(seq);
    for (const one of this.curves ?? []) one.draw(seq);
    this.table?.draw(frame);
  }

  /** Something else was opened. */
  follow() {
    if (this.seq < 0 || !this.model.follow()) return;
    this.#plan();
    this.plane.choose();
    this.draw(this.seq);
  }

  resize() {
    this.plane.resize();
    for (const one of this.curves ?? []) {
      one.chart.resize();
      if (this.seq >= 0) one.draw(this.seq);
    }
  }

  #colours() {
    this.theme = this.stage.theme();
    this.model.retheme();
    void this.plane.retheme();
  }

  retheme() {
    this.#colours();
    this.#plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  relanguage() {
    this.#words();
    this.#plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(seq);
    if (!frame) return "";
    const step = model.step(seq);
    if (step === null) return stage.t("optimizer.landscape.page.summary_map", { part: seq + 1, parts: model.maps });
    const r = model.chosen;
    const of = (/** @type {string} */ name) => num(Number(frame.tensors[name]?.data[r] ?? NaN), 3);
    return stage.t("optimizer.landscape.page.summary", { racer: model.racers[r].label, step, loss: of("true_loss"), plane: of("plane_loss"), distance: of("distance") });
  }
}
