/** The example: what is read at each step, what is asked, and how sure the network is of the right answer. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Example {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.learning.page.example"), t("recurrent.learning.page.example_caption"));
    this.element = made.element;
    this.element.classList.add("learn-example");
    this.list = el("ol", { class: "learn-steps" });
    made.body.append(this.list);
    /** @type {{t: number, answer: HTMLElement, bar: HTMLElement, button: HTMLElement}[]} */
    this.answers = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    this.answers = [];
    const items = Array.from({ length: model.steps }, (_, t) => {
      const read = el("span", { class: "learn-read value" }, model.read(t));
      if (t < model.asked) return el("li", {}, read);
      const answer = el("span", { class: "learn-answer value" });
      const bar = el("i", {});
      const button = el("button", { type: "button", class: "learn-asked", onclick: () => model.stage.select({ kind: "answer", step: t + 1 }) }, answer, el("span", { class: "learn-bar" }, bar));
      this.answers.push({ t, answer, bar, button });
      return el("li", {}, read, button);
    });
    this.list.replaceChildren(...items);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t: say } = model.stage;
    const { classes } = model;
    const y = model.scene?.tensors.y.data ?? [];
    const data = frame.tensors.answer.data;
    const count = classes.length || 1;
    for (const { t, answer, bar, button } of this.answers) {
      const k = t - model.asked;
      const right = Number(y[k]);
      if (!classes.length) {
        const given = Number(data[k]);
        answer.textContent = num(given, 3);
        bar.style.width = `${Math.max(0, 100 - 100 * Math.abs(given - right))}%`;
        button.classList.toggle("wrong", Math.abs(given - right) > 0.1);
        button.setAttribute("aria-label", say("recurrent.learning.page.sum", { given: num(given, 3), right: num(right, 3) }));
        continue;
      }
      let best = 0;
      for (let c = 1; c < count; c += 1) if (Number(data[k * count + c]) > Number(data[k * count + best])) best = c;
      const p = Number(data[k * count + right]);
      answer.textContent = classes[best];
      bar.style.width = `${100 * p}%`;
      button.classList.toggle("wrong", best !== right);
      button.setAttribute("aria-label", say("recurrent.learning.page.answer", { step: t + 1, given: classes[best], right: classes[right], p: num(100 * p, 3) }));
      button.setAttribute("title", button.getAttribute("aria-label") ?? "");
    }
  }
}
