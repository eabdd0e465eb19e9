/**
 * recurrent/by-hand on the page: the network unrolled over its few steps, below all weights, the same without memory, and the
 * bidirectional trap; at right the step in numbers.
 */

import { card } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Compare } from "./by-hand/compare.js";
import { Graph } from "./by-hand/graph.js";
import { Model } from "./by-hand/model.js";
import { Table } from "./by-hand/table.js";
import { Trap } from "./by-hand/trap.js";
import { Weights } from "./by-hand/weights.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** On a phone the page is scrolled: the graph is as tall as is good. */
const PHONE = { width: 720, height: 360 };

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new ByHandView(stage);
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
    defaultTarget: () => view.first(),
  };
}

class ByHandView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    this.graph = new Graph(this.model);
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    const main = card(t("recurrent.by-hand.page.title"), t("recurrent.by-hand.page.caption"));
    main.body.classList.add("byhand-body");
    main.body.append(this.graph.element);
    this.main = main;
    this.weights = new Weights(model);
    this.compare = new Compare(model);
    this.trap = new Trap(model);
    this.table = new Table(model);
    this.table.pinned = this.pinned;
    stage.main.replaceChildren(main.head, main.body);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** What is open before anything was chosen: the output, of two directions the hidden state, which is known at every step. */
  first() {
    return { kind: "value", name: this.model.directions === 2 ? "h" : "y", unit: 0 };
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    if (this.stage.selected() && !this.model.has(this.stage.selected())) this.stage.select(this.first());
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    if (!this.model.scene) return;
    const { clientWidth, clientHeight } = /** @type {HTMLElement} */ (this.main?.body);
    const narrow = window.innerWidth <= PHONE.width;
    this.graph.plan(clientWidth, narrow ? PHONE.height : clientHeight - 8);
    this.#arrange();
    this.weights?.plan();
    this.compare?.plan();
    this.trap?.plan();
    this.table?.plan();
    this.again();
  }

  /** The small cards: those of two directions stand first, many weights take the whole width. */
  #arrange() {
    const { model, stage, trap, weights, compare } = this;
    const two = model.directions === 2;
    const parts = two ? [trap, compare, weights] : [trap, weights, compare];
    stage.small.replaceChildren(...parts.map((part) => /** @type {Trap} */ (part).element));
    weights?.element.classList.toggle("wide", two || model.gates.length > 1);
    compare?.element.classList.toggle("wide", !two && model.gates.length > 1);
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.graph.draw(frame);
    this.weights?.draw();
    this.compare?.draw(frame);
    this.trap?.draw(frame);
    this.table?.draw(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    if (this.table) this.table.pinned = pinned;
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(seq);
    if (!frame || seq < 1) return stage.t("recurrent.by-hand.page.before_first");
    const name = model.directions === 2 ? "h" : "y";
    const values = Array.from({ length: model.width(name) }, (_, k) => num(model.value(frame, { name, t: seq - 1, d: 0, k })));
    return stage.t("recurrent.by-hand.page.summary", { step: seq, name: model.called(name, 0), values: values.join(", ") });
  }
}
