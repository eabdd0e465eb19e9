/**
 * attention/learning on the page: the maps of one sentence over the checkpoints, a small one for each head, the open one large with
 * where it should look; below what is said, and how the losses and scores go; at right the checkpoint in numbers.
 */

import { card } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Page } from "../../core/page.js";
import { Curves } from "./learning/curves.js";
import { Heads } from "./learning/heads.js";
import { Large } from "./learning/large.js";
import { Model } from "./learning/model.js";
import { Said } from "./learning/said.js";
import { Table } from "./learning/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").Target} Target */
/** @typedef {import("../../core/types.js").FrameView} FrameView */

/** @param {Stage} stage */
export default function mount(stage) {
  return new LearningPage(stage).mount();
}

/** @extends {Page<Model>} */
class LearningPage extends Page {
  /** @param {Stage} stage */
  constructor(stage) {
    super(stage, new Model(stage));
    this.model.changed = () => this.again();
  }

  words() {
    const { stage, model } = this;
    const { t } = stage;
    const main = card(t("attention.learning.page.title"), t("attention.learning.page.caption"));
    const [heads, large, said, table] = [new Heads(model), new Large(model), new Said(model), new Table(model)];
    const curves = ["loss", "accuracy", "scores", "gradient"].map((what) => new Curves(model, what));
    main.body.classList.add("forming");
    main.body.append(heads.element, large.element);
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(said.element, ...curves.map((one) => one.element));
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    return [heads, large, said, table, ...curves];
  }

  first() {
    return this.model.first();
  }

  ready() {
    this.model.adopt(this.stage.selected());
  }

  /** @param {FrameView} frame */
  told(frame) {
    const [loss, exact] = [Number(frame.tensors.loss.data[1]), Number(frame.tensors.accuracy.data[1])];
    return this.stage.t("attention.learning.page.summary", { step: frame.note.trained, loss: num(loss, 3), exact: num(100 * exact, 3), said: frame.note.text });
  }
}
