/** One or several measures of every racer over the measurements: the median as a line, the quartiles as a band around it. */

import { card, el } from "../../../core/dom.js";
import { Chart } from "../../../core/chart/chart.js";
import { entry } from "../../../core/chart/legend.js";
import { Switcher } from "../../../core/switcher.js";
import { strokeOf } from "../marks.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {{id: string, names: string[], log: boolean}} Measure  names: the first with its band, a second dashed */

/** @type {Record<string, Measure>} */
export const MEASURES = {
  loss: { id: "loss", names: ["test_loss", "train_loss"], log: true },
  accuracy: { id: "accuracy", names: ["test_accuracy", "train_accuracy"], log: false },
  distance: { id: "distance", names: ["distance"], log: false },
  gradient: { id: "gradient", names: ["gradient"], log: true },
  lr: { id: "lr", names: ["lr"], log: true },
};

export class Curves {
  /** @param {Model} model @param {Measure[]} measures of which one is shown */
  constructor(model, measures) {
    this.model = model;
    this.measure = measures[0];
    const { stage } = model;
    const title = (/** @type {Measure} */ one) => stage.t(`optimizer.training.page.${one.id}`);
    this.card = card(title(this.measure));
    this.element = this.card.element;
    this.element.classList.add("train-curves");
    this.chart = new Chart({ seek: (seq) => stage.player.seek(seq), inks: () => model.inks });
    this.legend = el("ul", { class: "chart-legend" });
    const switcher = new Switcher(
      stage.t("optimizer.training.page.shown"),
      measures.map((one) => [one.id, title(one)]),
      this.measure.id,
      (value) => {
        this.measure = measures.find((one) => one.id === value) ?? measures[0];
        this.card.heading.textContent = title(this.measure);
        this.plan();
        this.draw(this.chart.seq);
      },
    );
    this.card.actions.append(switcher.element);
    this.card.body.append(this.legend, this.chart.element);
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
  }

  /** The run, the selection, the theme or the language changed. */
  plan() {
    const { model, measure } = this;
    const { t } = model.stage;
    const [first, second] = measure.names;
    const order = [...model.racers.keys()].sort((a, b) => Number(a === model.chosen) - Number(b === model.chosen));
    /** @type {import("../../../core/chart/series.js").Series[]} */
    const series = [];
    const bands = [];
    const line = (/** @type {string} */ tensor, /** @type {number} */ r, /** @type {number} */ column) => ({ tensor, column, name: this.#called(r, tensor, column), ...strokeOf(r, { selected: r === model.chosen }) });
    if (model.seeds.length > 1)
      for (const r of order) {
        const edge = { width: 0.6, dash: [], floor: true };
        bands.push({ lower: series.length, upper: series.length + 1, colour: model.colour(r) });
        series.push({ ...line(first, r, 3 * r), ...edge }, { ...line(first, r, 3 * r + 2), ...edge });
      }
    for (const r of order) if (second) series.push({ ...line(second, r, 3 * r + 1), dash: [5, 4], width: 1.4 });
    for (const r of order) series.push(line(first, r, 3 * r + 1));
    const { pinned } = this;
    const before = (pinned?.scene.note.racers ?? []).map((/** @type {unknown} */ _, /** @type {number} */ r) => ({ ...line(first, r, 3 * r + 1), ...strokeOf(r, { pinned: true }), timeline: pinned?.timeline }));
    const names = [...model.racers.keys()].map((r) => entry({ ...line(first, r, 0), name: model.racers[r].label }, () => model.stage.select({ kind: "band", name: first, racer: r, quantile: 1 })));
    this.legend.replaceChildren(...names);
    this.card.caption.textContent = t(second ? "optimizer.training.page.dashed" : `optimizer.training.page.caption.${measure.id}`);
    this.chart.resize();
    this.chart.show({ series: [...series, ...before], bands, log: measure.log, x: "step", last: model.last, racer: 0, cap: measure.id === "loss" ? 10 : undefined }, t(`optimizer.training.page.${measure.id}`));
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.model.stage.timeline, seq);
  }

  /** @param {number} r @param {string} tensor @param {number} column */
  #called(r, tensor, column) {
    const { t } = this.model.stage;
    const name = t(`optimizer.training.name.${tensor}`);
    return `${this.model.racers[r]?.label ?? ""}, ${name}${column % 3 === 1 ? "" : ` (${t(`optimizer.training.page.quartile.${column % 3}`)})`}`;
  }
}
