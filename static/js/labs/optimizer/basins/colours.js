/**
 * What a pixel's colour says: which minimum its path reached, its loss, its steps, or how it ended. No DOM.
 */

import { palettes } from "../../../core/tiles.js";
import { DIVERGED, NEVER, NO_MINIMUM, STOPPED } from "./map.js";

/** @typedef {import("./map.js").PixelMap} PixelMap */
/** @typedef {"minimum" | "loss" | "steps" | "ending"} Kind */
/** @typedef {{colour: string, name: string, id?: string, values?: Record<string, unknown>, is: (pixel: number) => boolean}} Class */
/**
 * @typedef {object} Scheme
 * @property {(pixel: number) => number} word      RGBA as the canvas has it
 * @property {Class[]} classes                     what is told apart by name; empty: only a scale
 * @property {{low: number, high: number, log: boolean} | null} scale  of the magnitude, in the numbers shown
 */

/** Minima with a colour of their own; the rest share one. */
export const NAMED = 7;
/** A loss this far above the minimum is as good as there. */
const FLOOR = 1e-12;

const GREYS = {
  light: { nowhere: "#c3c9d1", diverged: "#3b4149", stopped: "#7d5ba6", others: "#8f97a3", empty: "#eceef1" },
  dark: { nowhere: "#454c56", diverged: "#07090b", stopped: "#b794e0", others: "#79828f", empty: "#1b1f25" },
};

/**
 * @param {Kind} kind
 * @param {PixelMap} map
 * @param {Record<string, any>} note the scene's
 * @param {{theme: "light" | "dark", colour: (index: number) => string, steps: [number, number], range: [number, number]}} look
 *   steps: the fewest and the most to the tolerance; range: of log10 of the loss above the minimum, or of the loss where there is none
 * @returns {Scheme}
 */
export function scheme(kind, map, note, { theme, colour, steps, range }) {
  const grey = GREYS[theme];
  const lost = (/** @type {number} */ pixel) => map.status[pixel] >= DIVERGED;
  const diverged = { colour: grey.diverged, name: "diverged", is: (/** @type {number} */ p) => map.status[p] === DIVERGED };
  const stopped = { colour: grey.stopped, name: "stopped", is: (/** @type {number} */ p) => map.status[p] === STOPPED };
  if (kind === "minimum") {
    const minima = /** @type {[number, number, number][]} */ (note.minima);
    const named = minima.slice(0, minima.length > NAMED + 1 ? NAMED : NAMED + 1);
    /** @type {Class[]} */
    const classes = named.map(([x, y], k) => ({
      colour: colour(k),
      name: "minimum",
      values: { number: k + 1, x, y },
      is: (p) => map.minimum[p] === k && !lost(p),
    }));
    const others = minima.length - named.length;
    const isOther = (/** @type {number} */ p) => map.minimum[p] >= named.length && map.minimum[p] !== NO_MINIMUM && !lost(p);
    if (others) classes.push({ colour: grey.others, name: "others", values: { count: others }, is: isOther });
    classes.push({ colour: grey.nowhere, name: "nowhere", is: (p) => map.minimum[p] === NO_MINIMUM && !lost(p) }, diverged, stopped);
    const told = byClass(classes);
    // The others share a name; their colours come again, paler, so that neighbours are told apart.
    const pale = Array.from({ length: NAMED }, (_, k) => wordOf(mixed(colour(k), grey.nowhere)));
    return { ...told, word: (p) => (isOther(p) ? pale[map.minimum[p] % NAMED] : told.word(p)) };
  }
  if (kind === "ending") {
    const within = { colour: colour(5), name: "arrived", is: (/** @type {number} */ p) => map.steps[p] !== NEVER && !lost(p) };
    const elsewhere = { colour: grey.nowhere, name: "elsewhere", is: (/** @type {number} */ p) => map.steps[p] === NEVER && !lost(p) };
    return byClass(note.minimum === null ? [elsewhere, diverged, stopped] : [within, elsewhere, diverged, stopped]);
  }
  const { magnitude } = palettes();
  const from = (/** @type {number} */ share) => magnitude[Math.round(255 * Math.min(1, Math.max(0, share)))];
  if (kind === "steps") {
    // Few steps are bright: the eye goes to what is fast. On a logarithmic scale, as a rate's effect is.
    const never = { colour: grey.nowhere, name: "never", is: (/** @type {number} */ p) => map.steps[p] === NEVER && !lost(p) };
    const greys = byClass([never, diverged, stopped]);
    const [least, most] = steps[1] > steps[0] ? [Math.max(steps[0], 1), steps[1]] : [1, 2];
    const share = (/** @type {number} */ t) => 1 - Math.log(Math.max(t, 1) / least) / Math.log(most / least);
    const word = (/** @type {number} */ p) => (map.steps[p] === NEVER || lost(p) ? greys.word(p) : from(share(map.steps[p])));
    return { word, classes: greys.classes, scale: { low: most, high: least, log: true } };
  }
  const [low, high] = range;
  const log = note.minimum !== null;
  const greys = byClass([diverged, stopped]);
  const word = (/** @type {number} */ p) => (lost(p) ? greys.word(p) : from((height(map.loss[p], note.minimum) - low) / (high - low)));
  const shown = (/** @type {number} */ value) => (log ? 10 ** value : value);
  return { word, classes: greys.classes, scale: { low: shown(low), high: shown(high), log } };
}

/** What a loss is on the scale: log10 above the minimum, or itself where no minimum is known. @param {number} loss @param {number | null} least */
export function height(loss, least) {
  if (least === null) return loss;
  return Math.log10(Math.max(loss - least, FLOOR));
}

/** The colour of what is not computed yet. @param {"light" | "dark"} theme */
export function emptyWord(theme) {
  return wordOf(GREYS[theme].empty);
}

/** The magnitude's colours as a CSS gradient, from its low end up. */
export function gradient() {
  const { magnitude } = palettes();
  const css = (/** @type {number} */ w) => `rgb(${w & 255} ${(w >> 8) & 255} ${(w >> 16) & 255})`;
  return `linear-gradient(to right, ${Array.from({ length: 9 }, (_, i) => css(magnitude[Math.round((255 * i) / 8)])).join(", ")})`;
}

/** @param {Class[]} classes @returns {Scheme} */
function byClass(classes) {
  const words = classes.map((one) => wordOf(one.colour));
  return {
    word: (pixel) => {
      const at = classes.findIndex((one) => one.is(pixel));
      return words[at < 0 ? 0 : at];
    },
    classes,
    scale: null,
  };
}

/** Halfway between two colours. @param {string} a @param {string} b */
function mixed(a, b) {
  const half = [1, 3, 5].map((i) => Math.round((parseInt(a.slice(i, i + 2), 16) + parseInt(b.slice(i, i + 2), 16)) / 2));
  return `#${half.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** "#rrggbb" as the canvas has it. @param {string} hex */
function wordOf(hex) {
  const [red, green, blue] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
