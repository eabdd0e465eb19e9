/**
 * attention/by-hand on the page: every stage as a matrix of numbers, below what goes in, the softmax with and without its scale, and
 * the words in another order; at right one word's way through the stages.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Page } from "../../core/page.js";
import { Flow } from "./by-hand/flow.js";
import { Inputs } from "./by-hand/inputs.js";
import { Model } from "./by-hand/model.js";
import { Order } from "./by-hand/order.js";
import { Saturation } from "./by-hand/saturation.js";
import { Table } from "./by-hand/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").FrameView} FrameView */

/** On a phone the page is scrolled: the matrices are as large as is good. */
const PHONE = 720;
/** The picture's share of the centre's height (shell.css), and what its card needs besides the matrices. */
const SHARE = 0.68;
const FRAME = 84;

/** @param {Stage} stage */
export default function mount(stage) {
  return new ByHandPage(stage, new Model(stage)).mount();
}

/** @extends {Page<Model>} */
class ByHandPage extends Page {
  /** @param {Stage} stage @param {Model} model */
  constructor(stage, model) {
    super(stage, model);
    this.heads = el("div", { class: "segments", role: "group" });
    model.linked = model.turned = () => this.again();
    /** @type {import("../../core/types.js").Target | null} */
    this.target = null;
  }

  words() {
    const { stage, model, heads } = this;
    const { t } = stage;
    const main = card(t("attention.by-hand.page.title"), t("attention.by-hand.page.caption"));
    main.body.classList.add("hand-body");
    heads.setAttribute("aria-label", t("attention.by-hand.page.head"));
    heads.replaceChildren();
    main.actions.append(heads);
    const [flow, inputs, saturation, order, table] = [new Flow(model), new Inputs(model), new Saturation(model), new Order(model), new Table(model)];
    main.body.append(flow.element);
    stage.main.replaceChildren(main.head, main.body);
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    stage.small.replaceChildren(inputs.element, saturation.element, order.element);
    let laid = false; // the matrices are laid out by the next frame, which tells their sizes
    const matrices = {
      plan: () => void (laid = false),
      draw: (/** @type {FrameView} */ frame) => {
        if (!laid) {
          const room = /** @type {HTMLElement} */ (stage.main.closest(".centre")).clientHeight * SHARE - FRAME;
          flow.plan(frame, main.body.clientWidth, window.innerWidth <= PHONE ? Infinity : room);
          laid = true;
        }
        this.#heads();
        flow.draw(frame);
      },
    };
    return [matrices, inputs, saturation, order, table];
  }

  /** What the second word's weight of the first is. */
  first() {
    return this.model.target("weights", Math.min(1, this.model.words.length - 1), 0);
  }

  /** A value of another head was opened: that head is shown. */
  ready() {
    const target = this.stage.selected();
    if (target === this.target) return;
    this.target = target;
    if (target && "head" in target) this.model.head = Math.min(Number(target.head), this.model.heads - 1);
  }

  /** The choice of the head, where there are several. */
  #heads() {
    const { model, heads, stage } = this;
    heads.hidden = model.heads < 2;
    if (heads.children.length !== model.heads)
      heads.replaceChildren(...Array.from({ length: model.heads }, (_, head) => el("button", { type: "button", onclick: () => model.turn(head) }, stage.t("attention.by-hand.page.head_n", { head: head + 1 }))));
    [...heads.children].forEach((button, head) => button.setAttribute("aria-pressed", String(head === model.head)));
  }

  /** @param {FrameView} frame */
  told(frame) {
    const { model, stage } = this;
    const told = stage.t(`attention.by-hand.page.at_${frame.note.stage}`);
    if (frame.seq < model.stages.length - 1) return told;
    const [, width] = model.size(frame, model.result);
    const values = Array.from({ length: width }, (_, col) => num(model.value(frame, model.result, 0, col)));
    return stage.t("attention.by-hand.page.summary", { told, word: model.words[0], values: values.join(", ") });
  }
}
