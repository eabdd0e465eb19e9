/** The pixels that the middle unit of a small stack sees, with and without pooling: each pixel was raised in turn, and the unit watched. */

import { card, el } from "../../../core/dom.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */

const CELL = 3;

export class Receptive {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("convolution.pooling.page.receptive"), t("convolution.pooling.page.receptive_caption"));
    this.element = this.card.element;
    this.element.classList.add("pool-receptive");
    this.list = el("ul", {});
    this.card.body.append(this.list);
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { scene, stage } = this.model;
    if (!scene) return;
    const items = scene.note.receptive.map((/** @type {{name: string, size: [number, number]}} */ field) => {
      const [height, width] = scene.tensors[`receptive/${field.name}`].shape;
      const data = this.model.of(`receptive/${field.name}`);
      const most = Math.max(...Array.from(data, Number));
      const words = { stack: field.name.replaceAll("-", " → "), height: field.size[0], width: field.size[1] };
      const cells = new Cells(stage.t("convolution.pooling.page.field", words), null, stage.announce);
      // Every pixel that counts is to be seen, however little: the root lifts the faint ones.
      const value = (/** @type {number} */ y, /** @type {number} */ x) => Math.sqrt(Math.max(0, Number(data[y * width + x])) / most) || null;
      cells.show({ rows: height, cols: width, size: CELL, range: { low: 0, high: 1 }, text: () => "", value: (y, x) => value(y, x) ?? NaN, told: () => "", frames: [] });
      return el("li", {}, cells.element, el("span", { class: "caption" }, words.stack), el("b", {}, `${field.size[0]} × ${field.size[1]}`));
    });
    this.list.replaceChildren(...items);
  }
}
