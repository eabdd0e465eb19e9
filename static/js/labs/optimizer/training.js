/**
 * optimizer/training on the page. Of points, the main picture is what each rule's network says all over the plane (or the line it
 * fits); of pictures, the losses. Below the other measures in time; at right the medians, and what was measured in words.
 */

import { card } from "../../core/dom.js";
import { num } from "../../core/format.js";
import "./racers.js";
import { Curves, MEASURES } from "./training/curves.js";
import { Fit } from "./training/fit.js";
import { Model } from "./training/model.js";
import { Plane } from "./training/plane.js";
import { Remaining } from "./training/remaining.js";
import { Table } from "./training/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** Pixels between two planes, and of the line above one. */
const GAP = 16;
const HEAD = 30;

const FIRST = { kind: "band", name: "test_loss", racer: 0, quantile: 1 };

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new TrainingView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => view.remaining?.update(),
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.resize(),
    retheme: () => view.relay(),
    relanguage: () => view.relay(),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => FIRST,
  };
}

class TrainingView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** @type {Curves[]} */
    this.curves = [];
    /** @type {(Plane | Fit)[]} */
    this.pictures = [];
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    this.model.take(scene, params);
    const target = this.stage.selected();
    if (target && !this.model.has(target)) this.stage.select(FIRST);
    this.seq = -1;
    this.relay();
  }

  /** Every part made anew: another run, another language or another theme. */
  relay() {
    const { stage, model } = this;
    if (!model.scene) return;
    const { t } = stage;
    const loss = new Curves(model, [MEASURES.loss]);
    this.curves = [loss, ...(model.classes ? [new Curves(model, [MEASURES.accuracy])] : []), new Curves(model, [MEASURES.distance]), new Curves(model, [MEASURES.gradient, MEASURES.lr])];
    for (const one of this.curves) one.pinned = this.pinned;
    const line = model.drawn && !model.classes;
    this.pictures = !model.drawn ? [] : line ? [new Fit(model)] : [...model.racers.keys()].map((r) => new Plane(model, r));
    this.remaining = new Remaining(model);
    this.table = new Table(model);
    const kind = !model.drawn ? "loss" : line ? "fit" : "planes";
    const main = card(t(`optimizer.training.page.title.${kind}`), t(`optimizer.training.page.caption.${kind}`, { parameters: num(model.note.parameters), seed: model.seeds[0] }));
    main.actions.append(this.remaining.element);
    main.body.classList.add("train-body", `train-${kind}`);
    if (model.drawn) main.body.append(...this.pictures.map((one) => one.element));
    else main.body.append(loss.legend, loss.chart.element);
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(...(model.drawn ? this.curves : this.curves.slice(1)).map((one) => one.element));
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
    this.#plan();
    this.resize();
  }

  #plan() {
    for (const one of this.curves) one.plan();
    this.table?.plan();
    this.remaining?.update();
  }

  resize() {
    this.#arrange();
    for (const one of this.pictures) one.resize();
    for (const one of this.curves) one.chart.resize();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** The planes as large as the room lets them be, in as many columns as that takes. */
  #arrange() {
    const host = /** @type {HTMLElement | null} */ (this.stage.main.querySelector(".train-planes"));
    if (!host) return;
    const count = this.pictures.length;
    const [width, height] = [host.clientWidth, window.innerWidth <= 720 ? Infinity : host.clientHeight];
    let best = 0;
    for (let columns = 1; columns <= count; columns++) {
      const across = (width - GAP * (columns - 1)) / columns;
      const down = (height - GAP * (Math.ceil(count / columns) - 1)) / Math.ceil(count / columns) - HEAD;
      best = Math.max(best, Math.min(across, down));
    }
    host.style.setProperty("--plane", `${Math.floor(best)}px`);
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const { timeline } = this.stage;
    const frame = timeline.frame(timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    if (this.model.follow()) this.#plan();
    for (const one of this.pictures) one.draw(frame);
    for (const one of this.curves) one.draw(frame.seq);
    this.table?.draw(frame);
    this.remaining?.update();
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    for (const one of this.curves) {
      one.pinned = pinned;
      one.plan();
    }
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** The measurement in one sentence. @param {number} seq */
  summary(seq) {
    const frame = this.stage.timeline.frame(seq);
    if (!frame) return "";
    const name = this.model.classes ? "test_accuracy" : "test_loss";
    const list = this.model.racers.map((racer, r) => {
      const value = Number(frame.tensors[name].data[3 * r + 1]);
      return `${racer.label} ${name === "test_loss" ? num(value, 3) : `${num(100 * value, 3)} %`}`;
    });
    return this.stage.t("optimizer.training.page.summary", { epoch: num(frame.note.epoch), name: this.stage.t(`optimizer.training.name.${name}`), list: list.join(" · ") });
  }
}
