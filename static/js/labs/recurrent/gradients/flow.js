/** The gradients' lengths on their way back, one line a cell: how much of the loss each state could still change. */

import { card, el } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { Switcher } from "../../../core/switcher.js";
import { entry } from "../../../core/chart/legend.js";
import { CELLS, DECADES } from "./model.js";

/** @typedef {import("./model.js").Model} Model */

export class Flow {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    const { t } = stage;
    this.card = card(t("recurrent.gradients.page.title"), t("recurrent.gradients.page.caption"));
    this.card.body.classList.add("grad-body");
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    this.legend = el("ul", { class: "chart-legend" });
    this.what = "h";
    this.switcher = new Switcher(t("recurrent.gradients.page.of"), [["h", t("recurrent.gradients.page.states")], ["x", t("recurrent.gradients.page.inputs")]], "h", (value) => {
      this.what = value;
      this.plan();
      this.chart.draw(stage.timeline, this.chart.seq);
    });
    this.card.actions.append(this.switcher.element);
    this.card.body.append(el("div", { class: "chart-row" }, this.legend), this.chart.element, el("p", { class: "caption grad-axis" }, t("recurrent.gradients.page.axis")));
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model, what } = this;
    const { t } = model.stage;
    const lines = CELLS.map((cell, i) => ({ tensor: what, column: i, name: model.called(cell), colour: model.colour(cell), dash: /** @type {number[]} */ ([]), width: 2.2, target: { kind: "norm", cell, name: what } }));
    if (what === "h") lines.push({ tensor: "c", column: 0, name: t("recurrent.gradients.page.lstm_c"), colour: model.colour("c"), dash: [6, 4], width: 1.8, target: { kind: "norm", cell: "lstm", name: "c" } });
    this.legend.replaceChildren(...lines.map((line) => entry(line, () => model.stage.select(line.target))));
    const before = this.pinned ? lines.map((line) => ({ ...line, dash: [2, 4], width: 1.2, timeline: this.pinned?.timeline })) : [];
    this.chart.resize();
    this.chart.show({ series: [...before, ...lines], log: true, decades: DECADES, x: "step", last: model.steps, racer: 0 }, t("recurrent.gradients.page.chart"));
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw({ seq }) {
    this.chart.draw(this.model.stage.timeline, seq);
  }
}
