/** The unit that is looked at: its gates and states as curves over the characters that the tape shows. */

import { card, el } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { entry } from "../../../core/chart/legend.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("./model.js").Model} Model */

/** A name keeps its colour whatever the cell. */
const COLOURS = /** @type {Record<string, number>} */ ({ f: 0, z: 0, i: 1, r: 1, o: 2, n: 3, g: 3, c: 4, h: 5 });

export class UnitCurves {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    this.card = card(stage.t("recurrent.gates.page.unit"));
    this.element = this.card.element;
    this.element.classList.add("gates-unit");
    this.legend = el("ul", { class: "chart-legend" });
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    this.card.body.append(this.legend, this.chart.element);
    this.key = "";
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    this.key = "";
    this.chart.resize();
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const { unit } = model;
    const { t } = model.stage;
    const column = model.row(unit) * model.hidden + unit.unit;
    if (this.key !== `${column} ${unit.name}`) {
      this.key = `${column} ${unit.name}`;
      this.card.heading.textContent = t("recurrent.gates.page.unit_of", { unit: unit.unit + 1, layer: unit.layer });
      // c is not bounded: beside it the gates would lie flat, so it is drawn when it is the one looked at.
      const names = model.names.filter((name) => name !== "c" || unit.name === "c");
      const lines = names.map((name) => ({ tensor: name, column, name, colour: racerColor(COLOURS[name] ?? 5), dash: model.opens(name) ? [] : [6, 3], width: name === unit.name ? 2.6 : 1.3 }));
      const others = model.held.length ? ["c", "h"].filter((name) => names.includes(name)).map((name) => ({ tensor: `untouched/${name}`, column, name: t("recurrent.gates.page.untouched", { name }), colour: racerColor(COLOURS[name]), dash: [2, 3], width: 1.2 })) : [];
      const before = this.pinned ? lines.filter((line) => line.name === unit.name).map((line) => ({ ...line, name: t("recurrent.gates.page.pinned"), dash: [2, 4], width: 1.2, timeline: this.pinned?.timeline })) : [];
      this.legend.replaceChildren(...lines.map((line) => entry(line, () => model.select({ name: line.name }))), ...others.map((line) => entry(line, null)));
      this.chart.show({ series: [...before, ...others, ...lines], log: false, x: "step", last: model.tokens.length, racer: 0 }, this.card.heading.textContent ?? "");
    }
    this.chart.window(...model.window);
    this.chart.draw(model.stage.timeline, seq);
  }
}
