/**
 * recurrent/generate on the page: the text that is written, and under it the draw of this step; below what may come, the shape one to
 * many and the nats over time; at right the step in numbers.
 */

import { card } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Chances } from "../../core/writing/chances.js";
import { Curves } from "../../core/writing/curves.js";
import { Model } from "../../core/writing/model.js";
import { Ruler } from "../../core/writing/ruler.js";
import { Shape } from "./generate/shape.js";
import { Table } from "./generate/table.js";
import { Text } from "./generate/text.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

const FIRST = { kind: "draw" };

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new GenerateView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.plan(),
    retheme: () => view.plan(),
    relanguage: () => view.relanguage(),
    summary: (seq) => view.summary(seq),
    defaultTarget: (seq) => (seq ? FIRST : null),
  };
}

class GenerateView {
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
    this.main = card(t("recurrent.generate.page.title"), t("recurrent.generate.page.caption"));
    this.text = new Text(model);
    this.ruler = new Ruler(model);
    this.main.body.classList.add("generate-body");
    this.main.body.append(this.text.element, this.ruler.element);
    this.chances = new Chances(model);
    this.shape = new Shape(model);
    this.curves = new Curves(model);
    this.table = new Table(model);
    this.text.pinned = this.pinned;
    this.curves.pinned = this.pinned;
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.text.kept, this.chances.element, this.curves.element, this.shape.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    if (!this.model.has(this.stage.selected())) this.stage.select(FIRST);
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    if (!this.model.scene) return;
    this.model.paint();
    for (const part of [this.text, this.ruler, this.curves, this.table]) part?.plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {number} seq */
  draw(seq) {
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.seq = frame.seq;
    this.text?.draw(frame.seq);
    this.ruler?.draw(frame);
    this.chances?.draw(frame);
    this.shape?.draw(frame.seq);
    this.curves?.draw(frame.seq);
    this.table?.draw(frame);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    if (!this.text || !this.curves) return;
    this.text.pinned = pinned;
    this.curves.pinned = pinned;
    this.plan();
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const frame = this.stage.timeline.frame(seq);
    if (!frame || !seq) return "";
    return this.stage.t("writing.page.summary", { step: seq, token: this.model.name(Number(frame.note.id)), p: num(100 * Number(frame.tensors.written.data[2]), 3) });
  }
}
