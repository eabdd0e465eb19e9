/**
 * recurrent/learning on the page: the gates of one example, filmed over the checkpoints; below how the loss falls and what is answered;
 * at right the checkpoint in numbers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Curves } from "./learning/curves.js";
import { Example } from "./learning/example.js";
import { Film } from "./learning/film.js";
import { Model } from "./learning/model.js";
import { Table } from "./learning/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

const FIRST = { kind: "answer" };

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new LearningView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.plan(),
    retheme: () => view.plan(),
    relanguage: () => view.relanguage(),
    explained: () => view.again(),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => FIRST,
  };
}

class LearningView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("recurrent.learning.page.title"), t("recurrent.learning.page.caption"));
    this.shape = el("span", { class: "caption learn-shape" });
    this.main.actions.append(this.shape);
    this.film = new Film(model);
    this.main.body.classList.add("learn-body");
    this.main.body.append(this.film.element);
    this.curves = [new Curves(model, "loss"), new Curves(model, "accuracy")];
    this.example = new Example(model);
    this.table = new Table(model);
    for (const one of this.curves) one.pinned = this.pinned;
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(...this.curves.map((one) => one.element), this.example.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    const target = this.stage.selected();
    if (target && !this.model.has(target)) this.stage.select(FIRST);
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    if (!this.model.scene) return;
    const { symbols, every_step: every } = this.model.note;
    const steps = symbols.length || this.model.scene.tensors.x.shape[0];
    if (this.shape) this.shape.textContent = this.stage.t(every ? "recurrent.page.many_to_many" : "recurrent.page.many_to_one", { read: steps, answers: every ? steps : 1 });
    for (const part of [this.film, ...(this.curves ?? []), this.example, this.table]) part?.plan();
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.film?.draw(frame);
    for (const one of this.curves ?? []) one.draw(frame.seq);
    this.example?.draw(frame);
    this.table?.draw(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    for (const one of this.curves ?? []) {
      one.pinned = pinned;
      one.plan();
    }
    this.again();
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const frame = this.stage.timeline.frame(seq);
    if (!frame) return "";
    const [loss, accuracy] = [Number(frame.tensors.loss.data[1]), Number(frame.tensors.accuracy.data[0])];
    return this.stage.t("recurrent.learning.page.summary", { step: this.model.trained(frame), loss: num(loss, 3), accuracy: num(100 * accuracy, 3) });
  }
}
