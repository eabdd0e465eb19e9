/**
 * What pictures on Plotly's axes share: its layout, nearer and further, other colours, a press that is no drag, what is read out beside
 * the pointer.
 */

import { el, iconButton } from "../../core/dom.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/layer.js").Layer} Layer */
/** @typedef {HTMLElement} Figure */

/** A press that moved less than this is a click, not a zoom. */
const STILL = 4;
/** Pixels between the pointer and what is read out. */
const BESIDE = 14;

/** Empty axes over a view. @param {Stage} stage @param {Figure} figure @param {number[]} view x0, x1, y0, y1 @param {[string, string]} titles */
export function drawAxes({ plots }, figure, [x0, x1, y0, y1], titles) {
  const axis = (/** @type {string} */ text, /** @type {number[]} */ range) => ({ range, title: { text, standoff: 4 }, showgrid: false, zeroline: false, ticks: "outside", automargin: false });
  const layout = {
    margin: { l: 44, r: 8, t: 6, b: 36 },
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
    xaxis: axis(titles[0], [x0, x1]),
    yaxis: axis(titles[1], [y0, y1]),
  };
  return plots.newPlot(figure, [{ x: [], y: [], type: "scatter", hoverinfo: "skip" }], layout, { doubleClick: false, showTips: false });
}

/** Buttons for the card's head: nearer, further, the whole view. @param {Stage} stage @param {Figure} figure @param {() => number[]} whole */
export function zoomButtons(stage, figure, whole) {
  const { t } = stage;
  const button = (/** @type {string} */ text, /** @type {string} */ id, /** @type {number} */ factor) =>
    el("button", { type: "button", class: "icon-button", "aria-label": t(id), title: t(id), onclick: () => zoom(stage, figure, factor) }, text);
  return [
    button("+", "optimizer.page.zoom_in", 0.5),
    button("−", "optimizer.page.zoom_out", 2),
    iconButton("fit", t("shell.plot.reset"), () => void show(stage, figure, whole())),
  ];
}

/** The axes' ranges; null: not drawn yet. @param {Figure} figure @returns {[number[], number[]] | null} */
export function ranges(figure) {
  const full = /** @type {any} */ (figure)._fullLayout;
  return full ? [full.xaxis.range.map(Number), full.yaxis.range.map(Number)] : null;
}

/** @param {Stage} stage @param {Figure} figure @param {number} factor above 1: further */
function zoom(stage, figure, factor) {
  const now = ranges(figure);
  if (now) void show(stage, figure, now.flatMap(([low, high]) => [(low + high) / 2 - ((high - low) / 2) * factor, (low + high) / 2 + ((high - low) / 2) * factor]));
}

/** Another view. @param {Stage} stage @param {Figure} figure @param {number[]} view x0, x1, y0, y1 */
export function show({ plots }, figure, [x0, x1, y0, y1]) {
  return plots.relayout(figure, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
}

/** The theme's colours. @param {Stage} stage @param {Figure} figure */
export function recolour({ plots }, figure) {
  const colours = plots.colors();
  /** @type {Record<string, any>} */
  const update = { "font.color": colours.text };
  for (const name of ["xaxis", "yaxis"]) {
    update[`${name}.tickfont.color`] = colours.muted;
    update[`${name}.title.font.color`] = colours.muted;
    update[`${name}.tickcolor`] = colours.line;
    update[`${name}.linecolor`] = colours.line;
  }
  return plots.relayout(figure, update);
}

/**
 * Clicks and what the pointer is over.
 * @param {Figure} figure @param {HTMLElement} tip
 * @param {{click: (event: PointerEvent) => void, hover: (event: PointerEvent) => void, busy: () => boolean}} acts busy: something else is dragged
 * @returns {() => void} stops listening
 */
export function listen(figure, tip, { click, hover, busy }) {
  /** @type {{left: number, top: number} | null} */
  let pressed = null;
  figure.addEventListener("pointerdown", (event) => {
    pressed = event.button === 0 ? { left: event.clientX, top: event.clientY } : null;
    tip.hidden = true;
  });
  // Plotly covers the page while a button is down: the release is heard on the window.
  const release = (/** @type {PointerEvent} */ event) => {
    const still = pressed && Math.hypot(event.clientX - pressed.left, event.clientY - pressed.top) < STILL;
    pressed = null;
    if (still) click(event);
  };
  window.addEventListener("pointerup", release);
  figure.addEventListener("pointermove", (event) => !pressed && !busy() && hover(event));
  figure.addEventListener("pointerleave", () => (tip.hidden = true));
  return () => window.removeEventListener("pointerup", release);
}

/** A line of what is read out. @param {string} name @param {string} value */
export function line(name, value) {
  return el("div", {}, el("span", {}, name), el("b", {}, value));
}

/** Beside the pointer, where there is room. @param {HTMLElement} tip @param {Figure} figure @param {Layer} layer @param {number} left @param {number} top inside the layer */
export function beside(tip, figure, { box }, left, top) {
  const right = left > box.width / 2;
  const below = top > box.height / 2;
  tip.style.left = right ? "" : `${box.left + left + BESIDE}px`;
  tip.style.right = right ? `${figure.clientWidth - box.left - left + BESIDE}px` : "";
  tip.style.top = below ? "" : `${box.top + top + BESIDE}px`;
  tip.style.bottom = below ? `${figure.clientHeight - box.top - top + BESIDE}px` : "";
}
