/** The kernel of one input channel for the output channel at hand, the products under it, and their sum. */

import { el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Kernel {
  /** @param {Model} model @param {number} channel of the input */
  constructor(model, channel) {
    this.model = model;
    this.channel = channel;
    /** The output channel whose kernel is shown. */
    this.o = 0;
    const { stage } = model;
    const { t } = stage;
    this.weights = new Cells(
      t("convolution.sliding.page.kernel_grid", { channel }),
      (y, x) => stage.select({ kind: "weight", out: this.o, in: this.i, y, x }),
      stage.announce,
      (y, x, value) => model.editWeight(this.o, this.i, y, x, value),
    );
    this.products = new Cells(t("convolution.sliding.page.products_grid", { channel }), () => stage.select({ kind: "output" }), stage.announce);
    this.sum = el("span", { class: "value" });
    this.element = el(
      "div",
      { class: "slide-kernel" },
      el("span", { class: "slide-sign", "aria-hidden": "true" }, "×"),
      el("div", {}, el("span", { class: "caption" }, t("convolution.sliding.page.kernel")), this.weights.element),
      el("span", { class: "slide-sign", "aria-hidden": "true" }, "="),
      el("div", {}, el("span", { class: "caption" }, t("convolution.sliding.page.products")), this.products.element, el("p", { class: "caption" }, t("convolution.sliding.page.sum"), " ", this.sum)),
    );
  }

  /** Its place among the kernels of the output channel. */
  get i() {
    return this.channel - this.model.first(this.o);
  }

  /** @param {FrameView} frame @param {number} size of a cell */
  draw(frame, size) {
    const { model } = this;
    const { t } = model.stage;
    this.o = model.at(frame.seq)?.[0] ?? 0;
    const mine = this.i >= 0 && this.i < model.each;
    this.element.classList.toggle("unused", !mine);
    if (!mine) return;
    const [rows, cols] = model.kernel;
    const { text } = model.stage.plots.colors();
    const target = model.stage.selected();
    const opened = target?.kind === "weight" && target.out === this.o && target.in === this.i;
    this.weights.show({
      rows,
      cols,
      size,
      range: model.weights,
      text: (v) => num(v, 3).replace(/^(−?)0\./, "$1."),
      value: (y, x) => model.weight(this.o, this.i, y, x),
      told: (y, x) => t("convolution.sliding.page.weight", { row: y, column: x, value: num(model.weight(this.o, this.i, y, x)) }),
      corner: (y, x) => this.#colour(y, x),
      frames: opened ? [{ row: target.y, col: target.x, rows: 1, cols: 1, colour: text, dash: true }] : [],
    });
    const data = frame.tensors.products.data;
    const product = (/** @type {number} */ y, /** @type {number} */ x) => (frame.seq ? Number(data[(this.i * rows + y) * cols + x]) : NaN);
    const all = Array.from({ length: rows * cols }, (_, k) => product(Math.floor(k / cols), k % cols)).filter((v) => !Number.isNaN(v));
    this.products.show({
      rows,
      cols,
      size,
      range: { low: Math.min(0, ...all), high: Math.max(1e-9, ...all) },
      text: (v) => num(v, 3),
      value: product,
      told: (y, x) => t("convolution.sliding.page.product", { row: y, column: x, value: num(product(y, x)) }),
      frames: [],
    });
    const sum = frame.seq ? Number(frame.tensors.sums.data[this.i]) : NaN;
    this.sum.textContent = frame.seq ? num(sum) : "·";
    this.sum.setAttribute("data-exact", frame.seq ? exact(sum) : "");
  }

  /** The colour that this weight has in the matrix. @param {number} y @param {number} x */
  #colour(y, x) {
    const { model } = this;
    return model.hue(model.index(this.o, this.i, y, x), model.of("weight").length);
  }
}
