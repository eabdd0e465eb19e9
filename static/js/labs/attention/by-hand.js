/**
 * attention/by-hand on the page: every stage as a matrix of numbers, below what goes in, the softmax with and without its scale, and
 * the words in another order; at right one word's way through the stages.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Flow } from "./by-hand/flow.js";
import { Inputs } from "./by-hand/inputs.js";
import { Model } from "./by-hand/model.js";
import { Order } from "./by-hand/order.js";
import { Saturation } from "./by-hand/saturation.js";
import { Table } from "./by-hand/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** On a phone the page is scrolled: the matrices are as large as is good. */
const PHONE = 720;
/** The picture's share of the centre's height (shell.css), and what its card needs besides the matrices. */
const SHARE = 0.68;
const FRAME = 84;

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
    this.model.linked = () => this.again();
    this.model.turned = () => this.again();
    this.seq = -1;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** @type {import("../../core/types.js").Target | null} */
    this.target = null;
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    const main = card(t("attention.by-hand.page.title"), t("attention.by-hand.page.caption"));
    main.body.classList.add("hand-body");
    this.flow = new Flow(model);
    this.heads = el("div", { class: "segments", role: "group", "aria-label": t("attention.by-hand.page.head") });
    main.actions.append(this.heads);
    main.body.append(this.flow.element);
    this.main = main;
    this.inputs = new Inputs(model);
    this.saturation = new Saturation(model);
    this.order = new Order(model);
    this.table = new Table(model);
    this.table.pinned = this.pinned;
    stage.main.replaceChildren(main.head, main.body);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
    stage.small.replaceChildren(this.inputs.element, this.saturation.element, this.order.element);
  }

  /** What is open before anything was chosen: what the second word's weight of the first is. */
  first() {
    return this.model.target("weights", Math.min(1, this.model.words.length - 1), 0);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    if (this.stage.selected() && !this.model.has(this.stage.selected())) this.stage.select(this.first());
    this.seq = -1;
    this.planned = false;
  }

  /** The run, the theme, the language or the room changed: the next frame is laid out anew. */
  plan() {
    this.planned = false;
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    const { stage, model, flow } = this;
    const frame = stage.timeline.frame(stage.timeline.nearest(seq));
    if (!frame || !model.scene || !flow) return;
    this.#follow();
    if (!this.planned) {
      const room = /** @type {HTMLElement} */ (stage.main.closest(".centre")).clientHeight * SHARE - FRAME;
      flow.plan(frame, /** @type {HTMLElement} */ (this.main?.body).clientWidth, window.innerWidth <= PHONE ? Infinity : room);
      this.inputs?.plan();
      this.planned = true;
    }
    this.#heads();
    flow.draw(frame);
    this.inputs?.draw(frame);
    this.saturation?.draw();
    this.order?.draw(frame);
    this.table?.draw(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** A value of another head was opened: that head is shown. */
  #follow() {
    const target = this.stage.selected();
    if (target === this.target) return;
    this.target = target;
    if (target && "head" in target) this.model.head = Math.min(Number(target.head), this.model.heads - 1);
  }

  /** The choice of the head, where there are several. */
  #heads() {
    const { model, heads, stage } = this;
    if (!heads) return;
    heads.hidden = model.heads < 2;
    if (heads.children.length !== model.heads)
      heads.replaceChildren(...Array.from({ length: model.heads }, (_, head) => el("button", { type: "button", onclick: () => model.turn(head) }, stage.t("attention.by-hand.page.head_n", { head: head + 1 }))));
    [...heads.children].forEach((button, head) => button.setAttribute("aria-pressed", String(head === model.head)));
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
    if (!frame) return "";
    const told = stage.t(`attention.by-hand.page.at_${frame.note.stage}`);
    if (seq < model.stages.length - 1) return told;
    const [, width] = model.size(frame, model.result);
    const values = Array.from({ length: width }, (_, col) => num(model.value(frame, model.result, 0, col)));
    return stage.t("attention.by-hand.page.summary", { told, word: model.words[0], values: values.join(", ") });
  }
}
