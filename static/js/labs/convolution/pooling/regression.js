/** Nadaraya-Watson regression, attention pooling's ancestor: every point's size is its weight at the x that is asked about. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Plot, ticks } from "./plot.js";
import { spread } from "./temperature.js";

/** @typedef {import("./model.js").Model} Model */

export class Regression {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("convolution.pooling.page.regression"), "");
    this.element = this.card.element;
    this.element.classList.add("pool-regression");
    this.plot = new Plot(t("convolution.pooling.page.regression_label"));
    this.slider = el("input", { type: "range", min: 0, max: 96, value: 48, "aria-label": t("convolution.pooling.page.ask_at") });
    this.told = el("output", { class: "caption" });
    this.slider.addEventListener("input", () => this.draw());
    this.plot.svg.addEventListener("click", (event) => {
      const grid = this.model.of("regression/grid");
      const x = this.plot.under(event);
      this.slider.value = String(Math.round((x / (Number(grid[grid.length - 1]) || 1)) * (grid.length - 1)));
      this.draw();
    });
    this.card.body.append(this.plot.svg, el("label", { class: "pool-ask" }, el("span", { class: "caption" }, t("convolution.pooling.page.ask_at")), this.slider), this.told);
  }

  draw() {
    const { model } = this;
    const { scene, stage } = model;
    if (!scene) return;
    const [x, y, grid, truth, fit, weights] = ["x", "y", "grid", "truth", "fit", "weights"].map((name) => model.of(`regression/${name}`));
    const i = Math.min(Number(this.slider.value), grid.length - 1);
    const end = Number(grid[grid.length - 1]);
    const [low, high] = spread([...Array.from(y, Number), ...Array.from(truth, Number)]);
    const dots = Array.from(x, (at, k) => ({ x: Number(at), y: Number(y[k]), r: 1.5 + 7 * Math.sqrt(Number(weights[i * x.length + k])), name: "point" }));
    const average = Number(scene.note.regression.average);
    this.plot.show({
      x: { low: 0, high: end, ticks: ticks(0, end, (v) => num(v, 2)) },
      y: { low, high, ticks: ticks(Math.ceil(low), Math.floor(high), (v) => num(v, 2)) },
      lines: [
        { x: grid, y: truth, name: "truth", dash: "2 3" },
        { x: [0, end], y: [average, average], name: "average", dash: "5 3" },
        { x: grid, y: fit, name: "attention" },
      ],
      dots: [...dots, { x: Number(grid[i]), y: Number(fit[i]), r: 4, name: "asked" }],
      marker: Number(grid[i]),
      height: 132,
    });
    this.card.caption.textContent = stage.t("convolution.pooling.page.regression_caption", { bandwidth: num(scene.note.regression.bandwidth, 3) });
    const most = Math.max(...Array.from({ length: x.length }, (_, k) => Number(weights[i * x.length + k])));
    this.told.textContent = stage.t("convolution.pooling.page.asked", { x: num(grid[i], 3), y: num(fit[i], 3), share: num(100 * most, 2) });
  }
}
