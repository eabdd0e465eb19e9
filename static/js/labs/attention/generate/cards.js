/** For each pattern the heads that follow it most. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Heads that are listed for a pattern. */
const BEST = 2;

export class Patterns {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.encoder.page.patterns"), t("attention.generate.page.patterns_caption"));
    this.element = made.element;
    this.element.classList.add("enc-patterns");
    this.list = el("dl", {});
    this.about = el("p", { class: "caption" }, t("attention.generate.page.induction"));
    made.body.append(this.list, this.about);
    this.rows = new Map(model.patterns.map((name) => [name, el("dd", {})]));
  }

  plan() {
    const { t } = this.model.stage;
    this.rows = new Map(this.model.patterns.map((name) => [name, el("dd", {})]));
    this.list.replaceChildren(...[...this.rows].flatMap(([name, row]) => [el("dt", { title: t(`attention.generate.about.${name}`) }, t(`attention.generate.pattern.${name}`)), row]));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    for (const [at, row] of [...this.rows.values()].entries()) {
      const best = model.ranked(frame, at).slice(0, BEST);
      row.replaceChildren(
        ...best.map(({ layer, head, score }) =>
          el("button", { type: "button", class: "enc-chip", "aria-label": `${model.named(layer, head)}: ${num(score, 3)}`, title: exact(score), onclick: () => this.#open(layer, head, at) }, `${layer + 1}·${head + 1} `, el("b", { class: "value" }, score.toFixed(2))),
        ),
        ...(best.length ? [] : [el("span", { class: "caption" }, "—")]),
      );
    }
  }

  /** @param {number} layer @param {number} head @param {number} at */
  #open(layer, head, at) {
    this.model.stage.select({ kind: "pattern", layer, head, pattern: this.model.patterns[at] });
  }
}
