/** What the paths are measured by, over the samples seen: the true loss beside the plane's, how far off the plane, the stable rate. */

import { card } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { strokeOf } from "../marks.js";

/** @typedef {import("./model.js").Model} Model */

/** Title, what is drawn of every racer, and of the selected one besides, thin. */
const KINDS = /** @type {const} */ ({
  loss: { every: "true_loss", beside: "plane_loss", log: true },
  distance: { every: "distance", beside: "length", log: false },
  edge: { every: "edge", beside: "lr", log: true },
});

export class Curves {
  /** @param {Model} model @param {keyof typeof KINDS} kind */
  constructor(model, kind) {
    this.model = model;
    this.kind = kind;
    const { t } = model.stage;
    this.card = card(t(`optimizer.landscape.page.${kind}.title`), t(`optimizer.landscape.page.${kind}.caption`));
    this.element = this.card.element;
    this.element.classList.add("landscape-curves");
    this.chart = new Chart({ seek: (seq) => model.stage.player.seek(seq), inks: () => model.inks });
    this.card.body.append(this.chart.element);
  }

  /** The run, the selection or the theme changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const { every, beside, log } = KINDS[this.kind];
    if (this.kind === "edge") this.element.hidden = model.stage.params().curvature === false;
    const name = (/** @type {string} */ tensor) => t(`optimizer.landscape.page.${tensor}`);
    const order = [...model.racers.keys()].sort((a, b) => Number(a === model.chosen) - Number(b === model.chosen));
    const series = order.map((r) => ({
      tensor: every,
      column: r,
      name: model.racers[r].label,
      ...strokeOf(model.hue(r), { selected: r === model.chosen }),
    }));
    const extra = { tensor: beside, column: model.chosen, name: name(beside), ...strokeOf(model.hue(model.chosen), { pinned: true }) };
    this.chart.show({ series: [...series, extra], log, x: "samples", last: 0, racer: model.chosen }, t(`optimizer.landscape.page.${this.kind}.label`));
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.model.stage.timeline, seq);
  }
}
