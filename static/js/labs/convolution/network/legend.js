/** A colour scale's bar with its ends; zero is marked where it is inside. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { cssColour } from "../../../core/tiles.js";

const STOPS = 12;

export class Legend {
  constructor() {
    this.low = el("span", { class: "value" });
    this.bar = el("i", { class: "net-bar" });
    this.high = el("span", { class: "value" });
    this.text = el("span", { class: "caption" });
    this.element = el("div", { class: "net-legend" }, this.low, this.bar, this.high, this.text);
  }

  /**
   * @param {import("../../../core/tiles.js").Range | null} range null: each map has its own
   * @param {Uint32Array} colours
   * @param {string} otherwise what is said instead of the ends
   */
  show(range, colours, otherwise) {
    const unit = range ?? { low: 0, high: 1 };
    const stops = Array.from({ length: STOPS + 1 }, (_, i) => cssColour(unit.low + (i / STOPS) * (unit.high - unit.low), unit, colours));
    this.bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
    this.low.textContent = range ? num(range.low, 3) : "";
    this.high.textContent = range ? num(range.high, 3) : "";
    this.text.textContent = range ? "" : otherwise;
  }
}
