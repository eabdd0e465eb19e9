/** The cell as the code computes it, read back from one of its steps: what goes in at left, h at right, the unit's numbers in it. */

import { card } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { svg } from "../../../core/svg.js";
import { css } from "./tape.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {{name: string, what: string, of: string[], column: number, row: number}} Node */

const SIGNS = /** @type {Record<string, string>} */ ({ linear: "W·", sigmoid: "σ", tanh: "tanh", relu: "relu", softmax: "soft", add: "+", mul: "×", one_minus: "1−", input: "" });
const [WIDE, TALL, ACROSS, DOWN] = [34, 22, 44, 52];

export class Diagram {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.gates.page.cell_title"), t("recurrent.gates.page.cell_caption"));
    this.element = made.element;
    this.element.classList.add("gates-diagram");
    this.host = made.body;
    /** @type {Map<string, {box: SVGElement, value: SVGElement}>} */
    this.parts = new Map();
  }

  /** The run, the theme or the language changed. */
  plan() {
    const nodes = placed(this.model.note.diagram ?? []);
    const by = new Map(nodes.map((node) => [node.name, node]));
    const columns = Math.max(...nodes.map(({ column }) => column)) + 1;
    const rows = Math.max(...nodes.map(({ row }) => row)) + 1;
    this.parts.clear();
    const x = (/** @type {Node} */ node) => 2 + node.column * ACROSS;
    const y = (/** @type {Node} */ node) => 18 + node.row * DOWN;
    const edges = nodes.flatMap((node) =>
      node.of.flatMap((from) => {
        const start = by.get(from);
        if (!start) return [];
        const [x0, y0, x1, y1] = [x(start) + WIDE, y(start) + TALL / 2, x(node), y(node) + TALL / 2];
        return [svg("path", { d: `M${x0} ${y0} C${x0 + 8} ${y0} ${x1 - 8} ${y1} ${x1} ${y1}`, class: "gates-edge" })];
      }),
    );
    const boxes = nodes.map((node) => this.#node(node, x(node), y(node)));
    const [width, height] = [columns * ACROSS - 6, 18 + rows * DOWN];
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "gates-cell", role: "group", "aria-label": this.model.stage.t("recurrent.gates.page.cell_title") });
    picture.append(...edges, ...boxes);
    this.host.replaceChildren(picture);
  }

  /** @param {Node} node @param {number} x @param {number} y */
  #node({ name, what }, x, y) {
    const { model } = this;
    const named = !/^\d+$/.test(name) && !name.startsWith("a_");
    const opens = model.names.includes(name);
    const box = svg("rect", { x, y, width: WIDE, height: TALL, rx: 6, class: opens ? "gates-box opens" : "gates-box" });
    const value = svg("text", { x: x + WIDE / 2, y: y + TALL + 12, class: "gates-number" });
    const sign = svg("text", { x: x + WIDE / 2, y: y + TALL / 2 + 4, class: "gates-sign" }, what === "input" ? name.replace("'", "′") : SIGNS[what]);
    const label = svg("text", { x: x + WIDE / 2, y: y - 4, class: "gates-name" }, named && what !== "input" ? name : "");
    if (named) this.parts.set(name, { box, value });
    const group = svg("g", opens ? { role: "button", tabindex: 0, "aria-label": model.stage.t("recurrent.gates.page.open_name", { name, what: model.stage.t(`recurrent.gates.name.${name}`) }) } : {});
    group.append(box, sign, label, value);
    if (!opens) return group;
    group.addEventListener("click", () => model.select({ name }));
    group.addEventListener("keydown", (event) => {
      const { key } = /** @type {KeyboardEvent} */ (event);
      if (key !== "Enter" && key !== " ") return;
      event.preventDefault();
      model.select({ name });
    });
    return group;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const at = model.row(model.unit) * model.hidden + model.unit.unit;
    const before = frame.seq ? model.stage.timeline.frame(frame.seq - 1) : undefined;
    for (const [name, { box, value }] of this.parts) {
      const plain = name.replace("'", "");
      const tensor = (name.endsWith("'") ? before : frame)?.tensors[plain];
      const number = tensor && model.names.includes(plain) ? Number(tensor.data[at]) : NaN;
      value.textContent = Number.isNaN(number) ? "" : num(number, 2);
      const level = Number.isNaN(number) ? -1 : model.level(plain, number);
      box.style.fill = level < 0 ? "" : css(model.palette(plain)[level], 0.55);
      box.classList.toggle("chosen", name === model.unit.name);
    }
  }
}

/**
 * Every node one column after the last of what it needs, beside what it needs.
 * @param {[string, string, string[]][]} list in the order of computing
 * @returns {Node[]}
 */
function placed(list) {
  /** @type {Map<string, Node>} */
  const found = new Map();
  /** @type {Set<string>} */
  const taken = new Set();
  for (const [name, what, of] of list) {
    const from = of.flatMap((one) => found.get(one) ?? []);
    const column = from.length ? Math.max(...from.map((one) => one.column)) + 1 : 0;
    const wanted = what === "linear" || !from.length ? 0 : Math.round(from.reduce((sum, one) => sum + one.row, 0) / from.length);
    let row = wanted;
    while (taken.has(`${column} ${row}`)) row += 1;
    taken.add(`${column} ${row}`);
    found.set(name, { name, what, of, column, row });
  }
  return [...found.values()];
}
