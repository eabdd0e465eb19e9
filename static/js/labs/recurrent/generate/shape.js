/** One to many, unrolled around this step: what a cell puts out is what the next one reads. */

import { card } from "../../../core/dom.js";
import { svg } from "../../../core/svg.js";

/** @typedef {import("../../../core/writing/model.js").Model} Model */

const COLUMNS = 5;
const [ACROSS, WIDE, LEFT] = [62, 38, 8];
const [OUT, CELL, IN] = [20, 62, 104];

export class Shape {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.generate.page.shape"), t("recurrent.generate.page.shape_caption"));
    this.element = made.element;
    const picture = svg("svg", { viewBox: `0 0 ${LEFT + COLUMNS * ACROSS} 124`, class: "generate-shape", role: "img" });
    this.picture = picture;
    const arrow = svg("marker", { id: "generate-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" });
    arrow.append(svg("path", { d: "M0 0 L8 4 L0 8 z", class: "generate-tip" }));
    const defs = svg("defs", {});
    defs.append(arrow);
    picture.append(defs);
    this.columns = Array.from({ length: COLUMNS }, (_, k) => this.#column(picture, k));
    made.body.append(picture);
  }

  /** @param {SVGElement} picture @param {number} k */
  #column(picture, k) {
    const x = LEFT + k * ACROSS + WIDE / 2;
    const line = (/** @type {string} */ d, /** @type {string} */ name) => svg("path", { d, class: name, "marker-end": "url(#generate-arrow)" });
    const group = svg("g", { class: "generate-column" });
    const box = svg("rect", { x: x - WIDE / 2, y: CELL - 13, width: WIDE, height: 26, rx: 6, class: "gates-box" });
    const h = svg("text", { x, y: CELL + 4, class: "gates-number" });
    const out = svg("text", { x, y: OUT, class: "generate-letter" });
    const read = svg("text", { x, y: IN + 8, class: "generate-letter" });
    const up = line(`M${x} ${CELL - 14} V${OUT + 8}`, "gates-edge");
    const below = line(`M${x} ${IN - 8} V${CELL + 16}`, "gates-edge");
    const on = k < COLUMNS - 1 ? line(`M${x + WIDE / 2} ${CELL} H${x + ACROSS - WIDE / 2 - 2}`, "gates-edge") : null;
    const back = k < COLUMNS - 1 ? line(`M${x + 8} ${OUT - 4} C${x + ACROSS * 0.62} ${OUT - 4} ${x + ACROSS * 0.38} ${IN + 3} ${x + ACROSS - 9} ${IN + 3}`, "generate-back") : null;
    group.append(...[box, h, out, read, up, below].filter(Boolean));
    const between = svg("g", {});
    between.append(...[on, back].filter((one) => one !== null));
    picture.append(between, group);
    return { group, out, read, h, back, up, box };
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw({ seq }) {
    const { model } = this;
    const { t } = model.stage;
    // Column k shows the cell that wrote step first + k; those before step 1 read the prompt.
    const first = seq - 3;
    for (const [k, column] of this.columns.entries()) {
      const at = first + k;
      const read = model.written(at - 1);
      const known = at <= seq && read !== "";
      column.group.classList.toggle("future", !known);
      column.read.textContent = known ? model.shown(read) : "";
      column.out.textContent = at >= 1 && at <= seq ? model.shown(model.written(at)) : "";
      column.h.textContent = known ? `h${sub(at)}` : "";
      column.box.classList.toggle("chosen", at === seq && seq > 0);
      column.up.classList.toggle("gone", at < 1 || at > seq);
      column.back?.classList.toggle("gone", at < 1 || at > seq);
    }
    this.picture.setAttribute("aria-label", t("recurrent.generate.page.shape_caption"));
  }
}

/** A step's number, small and low; steps of the prompt count back from 0. @param {number} n */
function sub(n) {
  return String(n).replace(/[-\d]/g, (digit) => (digit === "-" ? "₋" : String.fromCharCode(0x2080 + Number(digit))));
}
