/**
 * Attention over the temperature, for the window shown: how even its weights are, and where its output lies between the average and the
 * largest cell. A click sets the temperature.
 */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Plot, ticks } from "./plot.js";

/** @typedef {import("./model.js").Model} Model */

export class Temperature {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("convolution.pooling.page.temperature"), t("convolution.pooling.page.temperature_caption"));
    this.element = this.card.element;
    this.element.classList.add("pool-temperature");
    this.even = new Plot(t("convolution.pooling.page.even_label"));
    this.output = new Plot(t("convolution.pooling.page.output_label"));
    for (const plot of [this.even, this.output])
      plot.svg.addEventListener("click", (event) => model.stage.edit({ temperature: Number(plot.under(event).toPrecision(2)) }));
    this.evenness = el("p", { class: "caption" });
    this.between = el("p", { class: "caption" });
    this.card.body.append(this.evenness, this.even.svg, this.between, this.output.svg);
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const { common, scene, stage } = model;
    if (!common || !scene) return;
    const [y, x] = model.at(common, seq) ?? [0, 0];
    const tau = model.of("morph/temperature");
    const windows = common.size[0] * common.size[1];
    const w = y * common.size[1] + x;
    const c = model.channel;
    const column = (/** @type {string} */ name, /** @type {number} */ stride, /** @type {number} */ from) => {
      const all = model.of(name);
      return Array.from({ length: tau.length }, (_, i) => Number(all[i * stride + from]));
    };
    const across = { low: Number(tau[0]), high: Number(tau[tau.length - 1]), log: true, ticks: /** @type {[number, string][]} */ ([[1e-3, "10⁻³"], [1e-1, "0.1"], [1, "1"], [10, "10"], [1e3, "10³"]]) };
    const marker = Number(scene.note.temperature);
    const entropy = column("morph/entropy", windows, w);
    this.even.show({ x: across, y: { low: 0, high: 1, ticks: ticks(0, 1, (v) => num(v, 2)) }, lines: [{ x: tau, y: entropy, name: "attention" }], marker, height: 92 });
    const mixed = column("morph/output", model.channels * windows, c * windows + w);
    const average = Number(model.of("morph/average")[c * windows + w]);
    const most = Number(model.of("morph/maximum")[c * windows + w]);
    const [low, high] = spread([...mixed, average, most]);
    const flat = (/** @type {number} */ v) => [v, v];
    this.output.show({
      x: across,
      y: { low, high, ticks: [[average, num(average, 3)], [most, num(most, 3)]] },
      lines: [
        { x: [across.low, across.high], y: flat(average), name: "average", dash: "5 3" },
        { x: [across.low, across.high], y: flat(most), name: "max", dash: "2 3" },
        { x: tau, y: mixed, name: "attention" },
      ],
      marker,
      height: 92,
    });
    this.evenness.textContent = stage.t("convolution.pooling.page.even", { y, x });
    this.between.textContent = stage.t("convolution.pooling.page.between", { channel: c });
  }
}

/** Least and greatest, with room above and below. @param {number[]} values @returns {[number, number]} */
export function spread(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  return [low - room, high + room];
}
