/** The loss or the accuracy over the checkpoints. */

import { card, el } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { num } from "../../../core/format.js";
import { racerColor } from "../../../core/plots.js";
import { entry } from "../../../core/chart/legend.js";

/** @typedef {import("./model.js").Model} Model */

const LINES = { loss: ["trained", "tested"], accuracy: ["answers", "whole", "macro"] };

export class Curves {
  /** @param {Model} model @param {"loss" | "accuracy"} what */
  constructor(model, what) {
    this.model = model;
    this.what = what;
    const { stage } = model;
    this.card = card(stage.t(`recurrent.learning.page.${what}`));
    this.element = this.card.element;
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    this.legend = el("ul", { class: "chart-legend" });
    this.card.body.append(this.legend, this.chart.element);
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model, what } = this;
    const { t } = model.stage;
    const classes = model.classes.length > 0;
    const lines = LINES[what].flatMap((id, i) => (id === "macro" && !classes ? [] : [{ tensor: what, column: i, name: t(`recurrent.learning.page.${id}`), colour: racerColor([1, 4, 5][i]), dash: i === 2 ? [5, 3] : [], width: 2 }]));
    // Of one answer a sequence both shares are the same.
    const shown = what === "accuracy" && !model.note.every_step ? lines.filter((_, i) => i !== 1) : lines;
    this.legend.replaceChildren(...shown.map((line) => entry(line, null)));
    const chance = Number(model.note.chance);
    this.card.caption.textContent = what === "accuracy" ? (classes ? t("recurrent.learning.page.chance", { chance: num(100 * chance, 3) }) : t("recurrent.learning.page.near")) : classes ? t("recurrent.learning.page.nats") : t("recurrent.learning.page.squared", { chance: num(chance, 3) });
    const before = this.pinned ? shown.map((line) => ({ ...line, dash: [2, 4], width: 1.2, timeline: this.pinned?.timeline })) : [];
    this.chart.resize();
    this.chart.show({ series: [...before, ...shown], log: what === "loss", x: "step", last: Math.ceil(Number(model.params.steps ?? 0) / Number(model.params.every ?? 1)), racer: 0 }, t(`recurrent.learning.page.${what}`));
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.model.stage.timeline, seq);
  }
}
