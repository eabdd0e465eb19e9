/** What each line of a chart is: a piece of it and its name, pressed to open the number. */

import { el } from "../dom.js";
import { context, segment } from "./ink.js";

/** @typedef {{name: string, colour: string, dash: number[], width: number}} Line */

/** @param {Line} line @param {(() => void) | null} onclick */
export function entry(line, onclick) {
  const swatch = el("canvas", { class: "line-swatch", width: 44, height: 16, "aria-hidden": "true" });
  const ctx = context(swatch);
  ctx.scale(2, 2);
  ctx.strokeStyle = line.colour;
  ctx.lineWidth = Math.max(2, line.width);
  ctx.setLineDash(line.dash);
  segment(ctx, 0, 4, 22, 4);
  return el("li", {}, onclick ? el("button", { type: "button", class: "chart-line", onclick }, swatch, line.name) : el("span", { class: "chart-line" }, swatch, line.name));
}
