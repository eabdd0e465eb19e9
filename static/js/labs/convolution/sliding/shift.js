/** The image moved by a pixel: what that changes in the map, and in the map after pooling. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */

/** Side of one small map. */
const SIDE = 66;

export class Shift {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("convolution.sliding.page.shift"), "");
    this.element = this.card.element;
    this.element.classList.add("slide-shift");
  }

  /** The run or the theme changed. */
  plan() {
    const { stage, note } = this.model;
    const { t } = stage;
    const { by, pool, along, before, after } = note.shift;
    this.card.caption.textContent = t("convolution.sliding.page.shift_caption", { down: by[0], right: by[1] });
    const maps = [this.#map("shift/moved", "moved", this.model.range), this.#map("shift/before", "before"), this.#map("shift/after", "after")].filter((map) => map !== null);
    const share = (/** @type {number} */ value) => `${num(100 * value, 3)} %`;
    const lines = [t("convolution.sliding.page.changed_before", { share: share(before) })];
    if (after !== null) lines.push(t("convolution.sliding.page.changed_after", { share: share(after), pool: t(`convolution.sliding.shift_pool.${pool}`) }));
    if (along !== null) lines.push(t("convolution.sliding.page.along", { difference: num(along, 2) }));
    this.card.body.replaceChildren(el("div", { class: "slide-maps" }, ...maps), ...lines.map((line) => el("p", { class: "caption" }, line)));
  }

  /** The first channel of a tensor; null where there is none. @param {string} name @param {string} word @param {{low: number, high: number}} [range] */
  #map(name, word, range) {
    const { model } = this;
    const tensor = model.scene?.tensors[name];
    if (!tensor) return null;
    const { t } = model.stage;
    const [, rows, cols] = tensor.shape;
    const data = Array.from(/** @type {Iterable<number>} */ (tensor.data), Number).slice(0, rows * cols);
    const most = Math.max(...data.map(Math.abs), 1e-9);
    const label = t(`convolution.sliding.page.${word}`);
    const cells = new Cells(label, null, model.stage.announce);
    cells.show({
      rows,
      cols,
      size: Math.max(3, Math.min(18, Math.floor(SIDE / Math.max(rows, cols)))),
      range: range ?? { low: -most, high: most },
      text: () => "",
      value: (y, x) => data[y * cols + x],
      told: () => "",
      frames: [],
    });
    return el("figure", {}, cells.element, el("figcaption", { class: "caption" }, label));
  }
}
