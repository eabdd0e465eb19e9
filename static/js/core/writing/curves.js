/** The nats of each written character, and the entropy of what it was drawn from. */

import { card, el } from "../dom.js";
import { Chart } from "../chart/chart.js";
import { entry } from "../chart/legend.js";
import { racerColor } from "../plots.js";

/** @typedef {import("./model.js").Model} Model */

export class Curves {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    const made = card(stage.t("writing.page.curves"), stage.t("writing.page.curves_caption"));
    this.element = made.element;
    this.legend = el("ul", { class: "chart-legend" });
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    made.body.append(this.legend, this.chart.element);
    /** @type {import("../types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { t } = this.model.stage;
    const lines = ["surprise", "entropy"].map((tensor, k) => ({ tensor, column: 0, name: t(`writing.page.${tensor}`), colour: racerColor([1, 4][k]), dash: k ? [5, 3] : [], width: k ? 2 : 1.3 }));
    this.legend.replaceChildren(...lines.map((line) => entry(line, null)));
    const before = this.pinned ? lines.slice(1).map((line) => ({ ...line, dash: [2, 4], width: 1.2, timeline: this.pinned?.timeline })) : [];
    this.chart.resize();
    this.chart.show({ series: [...before, ...lines], log: false, x: "step", last: Number(this.model.params.count ?? 0), racer: 0 }, t("writing.page.curves"));
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.model.stage.timeline, seq);
  }
}
