/**
 * recurrent/gradients on the page: how long the gradients still are on their way back, the paths they take, what clipping leaves of them,
 * and the wall that clipping is for; at right the position in numbers.
 */

import { num } from "../../core/format.js";
import { Clip } from "./gradients/clip.js";
import { Flow } from "./gradients/flow.js";
import { CELLS, Model } from "./gradients/model.js";
import { Paths } from "./gradients/paths.js";
import { Table } from "./gradients/table.js";
import { WallPicture } from "./gradients/wall.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

const FIRST = { kind: "norm", cell: "lstm", name: "h" };

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new GradientsView(stage);
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

class GradientsView {
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
    this.lang = stage.lang();
    this.flow = new Flow(model);
    this.paths = new Paths(model);
    this.clip = new Clip(model);
    this.wall = new WallPicture(model);
    this.table = new Table(model);
    this.flow.pinned = this.pinned;
    stage.main.replaceChildren(this.flow.card.head, this.flow.card.body);
    stage.small.replaceChildren(this.clip.element, this.wall.element, this.paths.element);
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
    for (const part of [this.flow, this.paths, this.clip, this.wall, this.table]) part?.plan();
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.flow?.draw(frame.seq);
    this.paths?.draw(frame.seq);
    this.wall?.draw(frame.seq);
    this.table?.draw(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    if (this.flow) this.flow.pinned = pinned;
    this.flow?.plan();
    this.again();
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(seq);
    if (!frame) return "";
    const told = CELLS.map((cell, i) => `${model.called(cell)} ${num(Number(frame.tensors.h.data[i]), 3)}`);
    return stage.t("recurrent.gradients.page.summary", { t: model.steps - seq, values: told.join(", ") });
  }
}
