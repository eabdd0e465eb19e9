/** What one cell's gradient is the sum of: the lengths of its parts, a line a path. */

import { card, el } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { racerColor } from "../../../core/plots.js";
import { Switcher } from "../../../core/switcher.js";
import { entry } from "../../../core/chart/legend.js";
import { CELLS, DECADES } from "./model.js";

/** @typedef {import("./model.js").Model} Model */

/** The loss's own part is no path. */
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];

export class Paths {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    const { t } = stage;
    this.card = card(t("recurrent.gradients.page.paths"));
    this.element = this.card.element;
    this.element.classList.add("grad-paths");
    this.cell = model.cell;
    this.switcher = new Switcher(t("recurrent.gradients.page.cell"), CELLS.map((cell) => [cell, model.called(cell)]), this.cell, (cell) => stage.select({ kind: "norm", cell, name: "h" }));
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    this.legend = el("ul", { class: "chart-legend" });
    this.card.actions.append(this.switcher.element);
    this.card.body.append(this.legend, this.chart.element, el("p", { class: "caption" }, t("recurrent.gradients.page.paths_note")));
  }

  /** The run, the theme, the language or the cell that is open changed. */
  plan() {
    const { model } = this;
    this.cell = model.cell;
    this.switcher.set(this.cell);
    /** @type {string[]} */
    const parts = model.note.parts?.[this.cell] ?? [];
    const lines = parts.flatMap((part, i) => (part === "loss" ? [] : [{ tensor: `parts/${this.cell}`, column: i, name: model.part(this.cell, part), colour: racerColor([4, 1, 5, 0, 2, 7][(i - 1) % 6]), dash: DASHES[i > 4 ? 1 : 0], width: 2, part }]));
    this.legend.replaceChildren(...lines.map((line) => entry(line, () => model.stage.select({ kind: "path", cell: this.cell, path: line.part, unit: model.unit }))));
    this.chart.resize();
    this.chart.show({ series: lines, log: true, decades: DECADES, x: "step", last: model.steps, racer: 0 }, model.stage.t("recurrent.gradients.page.paths_chart", { cell: model.called(this.cell) }));
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw({ seq }) {
    if (this.cell !== this.model.cell) this.plan();
    this.chart.draw(this.model.stage.timeline, seq);
  }
}
