/**
 * attention/learning on the page: the maps of one sentence over the checkpoints, a small one for each head, the open one large with
 * where it should look; below what is said, and how the losses and scores go; at right the checkpoint in numbers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Curves } from "./learning/curves.js";
import { Heads } from "./learning/heads.js";
import { Large } from "./learning/large.js";
import { Model } from "./learning/model.js";
import { Said } from "./learning/said.js";
import { Table } from "./learning/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

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
    defaultTarget: () => view.model.first(),
  };
}

class LearningView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.model.changed = () => this.again();
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
    this.main = card(t("attention.learning.page.title"), t("attention.learning.page.caption"));
    this.heads = new Heads(model);
    this.large = new Large(model);
    this.main.body.classList.add("forming");
    this.main.body.append(this.heads.element, this.large.element);
    this.said = new Said(model);
    this.curves = ["loss", "accuracy", "scores", "gradient"].map((what) => new Curves(model, what));
    for (const one of this.curves) one.pinned = this.pinned;
    this.table = new Table(model);
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.said.element, ...this.curves.map((one) => one.element));
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    const { model, stage } = this;
    if (this.lang !== stage.lang()) this.#words();
    model.take(scene, params);
    const target = stage.selected();
    if (!target || !model.has(target)) stage.select(model.first());
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    if (!this.model.scene) return;
    for (const part of [this.heads, this.large, this.said, ...(this.curves ?? []), this.table]) part?.plan();
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.model.adopt(this.stage.selected());
    for (const part of [this.heads, this.large, this.said, this.table]) part?.draw(frame);
    for (const one of this.curves ?? []) one.draw(frame.seq);
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

  /** The checkpoint in one sentence. @param {number} seq */
  summary(seq) {
    const frame = this.stage.timeline.frame(seq);
    if (!frame) return "";
    const [loss, exact] = [Number(frame.tensors.loss.data[1]), Number(frame.tensors.accuracy.data[1])];
    return this.stage.t("attention.learning.page.summary", { step: frame.note.trained, loss: num(loss, 3), exact: num(100 * exact, 3), said: frame.note.text });
  }
}
