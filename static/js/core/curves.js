/** A card with curves over a run's steps; those of the pinned run are beside them, dotted. */

import { Chart } from "./chart/chart.js";
import { entry } from "./chart/legend.js";
import { card, el } from "./dom.js";

/** @typedef {import("./chart/series.js").Series} Series */

export class Curves {
  /** @param {{stage: import("./types.js").Stage, inks: import("./chart/ink.js").Inks}} model @param {string} title @param {string} [caption] */
  constructor(model, title, caption = "") {
    this.stage = model.stage;
    this.title = title;
    this.card = card(title, caption);
    this.element = this.card.element;
    this.legend = el("ul", { class: "chart-legend" });
    this.chart = new Chart({ seek: (seq) => this.stage.player.seek(seq), inks: () => model.inks });
    this.card.body.append(this.legend, this.chart.element);
    /** @type {import("./types.js").Pinned | null} */
    this.pinned = null;
  }

  /**
   * The run, the theme or the language changed.
   * @param {Series[]} lines
   * @param {number} last  the run's last step
   * @param {{log?: boolean, opens?: (column: number) => (() => void) | null, beside?: Series[]}} [how]  `beside`: those of the pinned run
   */
  show(lines, last, { log = false, opens = () => null, beside = lines } = {}) {
    const { pinned } = this;
    this.legend.replaceChildren(...lines.map((line) => entry(line, opens(line.column))));
    const before = pinned ? beside.map((line) => ({ ...line, dash: [2, 4], width: 1.2, timeline: pinned.timeline })) : [];
    this.chart.resize();
    this.chart.show({ series: [...before, ...lines], log, x: "step", last, racer: 0 }, this.title);
  }

  /** @param {import("./types.js").FrameView} frame */
  draw(frame) {
    this.chart.draw(this.stage.timeline, frame.seq);
  }
}
