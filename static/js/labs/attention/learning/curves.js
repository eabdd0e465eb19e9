/** The loss, what is right, the heads' scores or the gradient over the checkpoints. */

import { card, el } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { entry } from "../../../core/chart/legend.js";
import { num } from "../../../core/format.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("./model.js").Model} Model */

/** A tensor's columns. @type {Record<string, string[]>} */
const LINES = { loss: ["trained", "tested"], accuracy: ["tokens", "exact"], gradient: ["norm"] };
/** The layers of a network by their stroke. */
const DASHES = [[2, 3], [], [7, 3]];

export class Curves {
  /** @param {Model} model @param {string} what */
  constructor(model, what) {
    this.model = model;
    this.what = what;
    const { stage } = model;
    this.card = card(stage.t(`attention.learning.page.${what}`));
    this.element = this.card.element;
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    this.legend = el("ul", { class: "chart-legend" });
    this.card.body.append(this.legend, this.chart.element);
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** @returns {import("../../../core/chart/series.js").Series[]} */
  #lines() {
    const { model, what } = this;
    const { t } = model.stage;
    if (what !== "scores") return LINES[what].map((id, column) => ({ tensor: what, column, name: t(`attention.learning.page.${id}`), colour: racerColor([1, 4][column]), dash: [], width: 2 }));
    return Array.from({ length: model.layers * model.heads }, (_, column) => {
      const [layer, head] = [Math.floor(column / model.heads), column % model.heads];
      return { tensor: what, column, name: `${layer + 1}·${head + 1}`, colour: racerColor(head), dash: model.layers === 1 ? [] : DASHES[layer], width: 1.8 };
    });
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model, what } = this;
    const { t } = model.stage;
    const lines = this.#lines();
    const open = what === "scores" ? (/** @type {number} */ column) => () => model.look(Math.floor(column / model.heads), column % model.heads) : () => null;
    this.legend.replaceChildren(...lines.map((line) => entry(line, open(line.column))));
    this.card.caption.textContent = t(`attention.learning.page.${what}.about`, { tested: model.note.tested, chance: num(model.chance, 2) });
    const { pinned } = this;
    const before = pinned ? lines.map((line) => ({ ...line, dash: [2, 4], width: 1.2, timeline: pinned.timeline })) : [];
    this.chart.resize();
    this.chart.show({ series: [...before, ...lines], log: what === "loss", x: "step", last: Math.ceil(Number(model.params.steps ?? 0) / Number(model.params.every ?? 1)), racer: 0 }, t(`attention.learning.page.${what}`));
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.model.stage.timeline, seq);
  }
}
