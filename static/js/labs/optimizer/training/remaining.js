/** How far the training is and how long it will take: a bar that goes when all is computed. */

import { el } from "../../../core/dom.js";
import { duration } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */

export class Remaining {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.bar = el("progress", { max: 1, value: 0 });
    this.text = el("span", { class: "caption" });
    this.element = el("div", { class: "train-remaining", hidden: true }, this.bar, this.text);
    this.began = 0;
    this.first = -1;
  }

  /** Another run. */
  plan() {
    this.first = -1;
    this.element.hidden = true;
  }

  /** Frames came. */
  update() {
    const { model } = this;
    const { t, timeline } = model.stage;
    const [done, all] = [timeline.last, model.last];
    this.element.hidden = done >= all || done < 0;
    if (this.element.hidden) return;
    if (this.first < 0) {
      this.first = done;
      this.began = performance.now();
    }
    const spent = (performance.now() - this.began) / 1000;
    const pace = (done - this.first) / spent;
    this.bar.max = all;
    this.bar.value = done;
    this.bar.setAttribute("aria-label", t("optimizer.training.page.computed"));
    const of = t("optimizer.training.page.of", { done, all });
    this.text.textContent = spent > 1 && pace > 0 ? `${of} · ${t("shell.status.left", { time: duration((all - done) / pace) })}` : of;
  }
}
