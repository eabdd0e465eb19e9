/**
 * The mark of each racer, so that colour never tells them apart alone: the same shape at the head of
 * its path, in the table and in the form.
 */

import { racerColor, racerDashArray, racerSymbol } from "../../core/plots.js";

/** @typedef {import("../../core/chart/pens.js").Stroke} Stroke */

/** Shapes of about the same weight inside the square -1..1, by Plotly's names of them. @type {Record<string, string>} */
const SHAPES = {
  circle: "M-.9,0a.9,.9 0 1,0 1.8,0a.9,.9 0 1,0 -1.8,0z",
  square: "M-.8,-.8h1.6v1.6h-1.6z",
  diamond: "M0,-1.1L1.1,0L0,1.1L-1.1,0z",
  "triangle-up": "M0,-1.05L1.05,.8H-1.05z",
  cross: "M-.35,-1H.35V-.35H1V.35H.35V1H-.35V.35H-1V-.35H-.35z",
  x: "M-1,-.55L-.55,-1L0,-.45L.55,-1L1,-.55L.45,0L1,.55L.55,1L0,.45L-.55,1L-1,.55L-.45,0z",
  star: "M0,-1.15L.33,-.4L1.1,-.34L.52,.17L.7,.95L0,.53L-.7,.95L-.52,.17L-1.1,-.34L-.33,-.4z",
  hexagon: "M0,-1L.87,-.5V.5L0,1L-.87,.5V-.5z",
};

/** @type {Map<string, Path2D>} */
const paths = new Map();

/** @param {string} symbol */
function pathOf(symbol) {
  let path = paths.get(symbol);
  if (!path) {
    path = new Path2D(SHAPES[symbol] ?? SHAPES.circle);
    paths.set(symbol, path);
  }
  return path;
}

/**
 * Paint a racer's mark. `hollow`: it stopped, or its place lies outside the picture.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} index the racer's
 * @param {number} left
 * @param {number} top
 * @param {number} size half its height in pixels
 * @param {string} ground what surrounds it
 * @param {boolean} [hollow]
 */
export function paintMark(ctx, index, left, top, size, ground, hollow = false) {
  const path = pathOf(racerSymbol(index));
  const colour = racerColor(index);
  ctx.save();
  ctx.translate(left, top);
  ctx.scale(size, size);
  ctx.lineJoin = "round";
  ctx.lineWidth = 3.5 / size;
  ctx.strokeStyle = ground;
  ctx.stroke(path);
  ctx.fillStyle = hollow ? ground : colour;
  ctx.fill(path);
  if (hollow) {
    ctx.lineWidth = 1.6 / size;
    ctx.strokeStyle = colour;
    ctx.stroke(path);
  }
  ctx.restore();
}

/** The same mark as an element. @param {number} index @returns {SVGSVGElement} */
export function mark(index) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-1.3 -1.3 2.6 2.6");
  svg.setAttribute("class", "racer-mark");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[racerSymbol(index)] ?? SHAPES.circle);
  path.setAttribute("fill", racerColor(index));
  svg.append(path);
  return svg;
}

/**
 * How a racer's lines are drawn; a pinned run's are thinner and always dashed.
 * @param {number} index
 * @param {{selected?: boolean, pinned?: boolean}} [how]
 * @returns {Stroke}
 */
export function strokeOf(index, { selected = false, pinned = false } = {}) {
  if (pinned) return { colour: racerColor(index), dash: [3, 4], width: 1.25 };
  return { colour: racerColor(index), dash: racerDashArray(index), width: selected ? 3 : 2 };
}
