/** The arrows of the unrolled graph: from the input (W), from the step before (U), to the output (V); an LSTM's c goes beside h. */

import { WIDTH } from "./layout.js";
import { svg } from "../../../core/svg.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./layout.js").Layout} Layout */

const HEAD = 5;
/** An arrow shorter than this has no room for its name. */
const LEGIBLE = 14;

/** @param {Model} model @param {Layout} layout @returns {SVGElement[]} */
export function edges(model, layout) {
  const found = [];
  for (let t = 0; t < model.steps; t += 1) {
    found.push(...upwards(model, layout, t));
    found.push(...(model.cell === "jordan" ? feedback(model, layout, t) : alongTime(model, layout, t)));
  }
  return found;
}

/** x to every box and every box to y; past another box they run beside it. @param {Model} model @param {Layout} layout @param {number} t */
function upwards(model, layout, t) {
  const [x, y] = [layout.row("x", 0).y, below(layout)];
  const middle = layout.middle(t);
  const [lower, upper] = [layout.boxes[0], layout.boxes[layout.boxes.length - 1]];
  const found = [arrow([[middle, x], [middle, lower.bottom]]), arrow([[middle, upper.top], [middle, y]])];
  if (model.directions === 2) {
    const [left, right] = [layout.x(t) - 10, layout.x(t) + layout.column + 10];
    const [under, above] = [(x + lower.bottom) / 2 + 2, (lower.top + upper.bottom) / 2];
    const over = (upper.top + y) / 2 - 2;
    found.push(arrow([[middle, under], [left, under], [left, above], [middle, above], [middle, upper.bottom]]));
    found.push(arrow([[middle + 14, lower.top], [middle + 14, above - 3], [right, above - 3], [right, over], [middle, over]], false));
  }
  if (t === 0 && x - lower.bottom > LEGIBLE) found.push(label("W", middle + 7, (x + lower.bottom) / 2 + 4));
  if (t === 0 && upper.top - y > LEGIBLE) found.push(label("V", middle + 7, (upper.top + y) / 2 + 4));
  return found;
}

/** The lower edge of the outputs. @param {Layout} layout */
function below(layout) {
  const { y, lines } = layout.row("y", 0);
  return y + lines * layout.high;
}

/** h (and c) of the step before into the box, in the direction's own order. @param {Model} model @param {Layout} layout @param {number} t */
function alongTime(model, layout, t) {
  const found = [];
  for (let d = 0; d < model.directions; d += 1)
    for (const name of model.cell === "lstm" ? ["h", "c"] : ["h"]) {
      const y = layout.row(name, d).y + layout.high / 2;
      const into = d ? layout.x(t) + layout.column : layout.x(t);
      const first = d ? t === model.steps - 1 : t === 0;
      const width = model.sizes.hidden * WIDTH;
      const initial = d ? layout.initial(1) : layout.initial(0) + width;
      const from = first ? initial : d ? layout.x(t + 1) : layout.x(t - 1) + layout.column;
      found.push(arrow([[from, y], [into, y]]));
      if (first && name === "h") found.push(label("U", (from + into) / 2 - 4, y - 6));
    }
  return found;
}

/** A Jordan network's y of the step before to s, and s is what U reads. @param {Model} model @param {Layout} layout @param {number} t */
function feedback(model, layout, t) {
  if (!t) return [];
  const [y, s] = [layout.row("y", 0).y + layout.high / 2, layout.row("s", 0).y + layout.high / 2];
  const outputs = layout.row("y", 0);
  const from = layout.cell(outputs, t - 1, outputs.width - 1)[0] + WIDTH;
  const into = layout.x(t);
  const between = (layout.x(t - 1) + layout.column + into) / 2;
  return [arrow([[from, y], [between, y], [between, s], [into, s]]), ...(t === 1 ? [label("U", between + 5, (y + s) / 2)] : [])];
}

/** A line with a head at its end. @param {[number, number][]} points @param {boolean} [head] */
function arrow(points, head = true) {
  const [[x0, y0], [x1, y1]] = points.slice(-2);
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  const [u, v] = [(x1 - x0) / length, (y1 - y0) / length];
  const line = points.map(([x, y], i) => `${i ? "L" : "M"}${x} ${y}`).join("");
  const side = (/** @type {number} */ s) => `${x1 - HEAD * u + s * 0.6 * HEAD * v} ${y1 - HEAD * v - s * 0.6 * HEAD * u}`;
  return svg("path", { class: "byhand-edge", d: head ? `${line}M${side(1)}L${x1} ${y1}L${side(-1)}` : line });
}

/** @param {string} text @param {number} x @param {number} y */
function label(text, x, y) {
  return svg("text", { class: "byhand-weight", x, y }, text);
}
