/**
 * recurrent/learning on the page: the gates of one example, filmed over the checkpoints; below how the loss falls and what is answered;
 * at right the checkpoint in numbers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Page } from "../../core/page.js";
import { Curves } from "./learning/curves.js";
import { Example } from "./learning/example.js";
import { Film } from "./learning/film.js";
import { Model } from "./learning/model.js";
import { Table } from "./learning/table.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").Target} Target */
/** @typedef {import("../../core/types.js").FrameView} FrameView */

/** @param {Stage} stage */
export default function mount(stage) {
  return new LearningPage(stage, new Model(stage)).mount();
}

/** @extends {Page<Model>} */
class LearningPage extends Page {
  words() {
    const { stage, model } = this;
    const { t } = stage;
    const main = card(t("recurrent.learning.page.title"), t("recurrent.learning.page.caption"));
    const shape = el("span", { class: "caption learn-shape" });
    main.actions.append(shape);
    const [film, example, table] = [new Film(model), new Example(model), new Table(model)];
    main.body.classList.add("learn-body");
    main.body.append(film.element);
    const curves = [new Curves(model, "loss"), new Curves(model, "accuracy")];
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(...curves.map((one) => one.element), example.element);
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    const answers = {
      plan: () => {
        const { every_step: every } = model.note;
        shape.textContent = t(every ? "recurrent.page.many_to_many" : "recurrent.page.many_to_one", { read: model.steps, answers: every ? model.steps : 1 });
      },
    };
    return [answers, film, ...curves, example, table];
  }

  first() {
    return { kind: "answer" };
  }

  /** @param {FrameView} frame */
  told(frame) {
    const [loss, accuracy] = [Number(frame.tensors.loss.data[1]), Number(frame.tensors.accuracy.data[0])];
    return this.stage.t("recurrent.learning.page.summary", { step: this.model.trained(frame), loss: num(loss, 3), accuracy: num(100 * accuracy, 3) });
  }
}
