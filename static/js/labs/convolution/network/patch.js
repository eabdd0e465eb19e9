/**
 * What the opened value is made of, as pictures: for each input channel the patch, the kernel, their
 * products; for pooling the window alone. Numbers stand in the cells where there is room.
 */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { cssColour, rangeOf } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Network} Network */

/** Channels that are drawn; the arithmetic at right tells of the rest. */
const MOST = 16;
/** Those that weigh most are seen at once, the others where they are asked for. */
const FIRST = 4;
/** A grid with more columns shows colours only. */
const WITH_NUMBERS = 5;

export class Patch {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.card = card("", "");
    this.element = this.card.element;
    this.element.classList.add("net-patch");
    this.element.hidden = true;
    this.rows = el("ul", { class: "net-rows" });
    this.others = el("ul", { class: "net-rows" });
    this.summary = el("summary", {});
    this.fold = el("details", { class: "fold" }, this.summary, this.others);
    this.card.body.append(this.rows, this.fold);
  }

  /** @param {Record<string, any> | null} note an explanation's */
  show(note) {
    const { t } = this.network.stage;
    const patches = stack(note?.patch);
    const kernels = stack(note?.kernel);
    this.element.hidden = !patches.length;
    if (!patches.length) return;
    const paired = kernels.length > 0;
    this.card.heading.textContent = t(paired ? "convolution.page.patch" : "convolution.page.window");
    const channels = note?.channels ?? patches.map((_, i) => i);
    const more = Math.max(patches.length, Number(note?.of ?? 0)) - Math.min(patches.length, MOST);
    this.card.caption.textContent = more > 0 ? t("convolution.page.patch_more", { count: more }) : "";
    const patchScale = this.#scale(patches);
    const kernelScale = this.#scale(kernels);
    const products = paired ? patches.map((patch, i) => patch.map((row, y) => row.map((value, x) => value * (kernels[i % kernels.length]?.[y]?.[x] ?? NaN)))) : [];
    const productScale = this.#scale(products);
    const sums = products.map((grid) => grid.flat().reduce((total, value) => total + value, 0));
    const order = patches.slice(0, MOST).map((_, i) => i);
    const weight = (/** @type {number} */ i) => Math.abs(sums[i]) || 0;
    if (paired) order.sort((a, b) => weight(b) - weight(a));
    const rows = order.map((i) => {
      const patch = patches[i];
      const label = el("span", { class: "caption" }, t("convolution.page.channel", { channel: channels[i] ?? i }));
      if (!paired) return el("li", {}, label, grid(patch, patchScale, t("convolution.page.window")));
      return el(
        "li",
        {},
        label,
        grid(patch, patchScale, t("convolution.page.patch_of")),
        el("span", { "aria-hidden": "true" }, "×"),
        grid(kernels[i % kernels.length], kernelScale, t("convolution.page.kernel")),
        el("span", { "aria-hidden": "true" }, "→"),
        grid(products[i], productScale, t("convolution.page.products")),
        el("span", { class: "value", "data-exact": exact(sums[i]), tabindex: 0 }, `Σ ${num(sums[i], 3)}`),
      );
    });
    this.rows.replaceChildren(...rows.slice(0, FIRST));
    this.others.replaceChildren(...rows.slice(FIRST));
    this.fold.hidden = rows.length <= FIRST;
    this.summary.textContent = t("convolution.page.patch_others", { count: rows.length - FIRST });
  }

  /** One scale for all grids of a kind: channels compare. @param {number[][][]} grids */
  #scale(grids) {
    const values = grids.flat(2).filter(Number.isFinite);
    const range = rangeOf(Math.min(0, ...values), Math.max(0, ...values));
    const { signed, magnitude } = this.network.colours;
    return { range, colours: range.low < 0 ? signed : magnitude };
  }
}

/**
 * @param {number[][]} rows
 * @param {{range: import("../../../core/tiles.js").Range, colours: Uint32Array}} scale
 * @param {string} name
 */
function grid(rows, { range, colours }, name) {
  const width = rows[0]?.length ?? 0;
  const table = el("span", { class: "net-grid", role: "img", "aria-label": `${name}: ${rows.map((row) => row.map((value) => num(value, 3)).join(" ")).join("; ")}` });
  table.style.gridTemplateColumns = `repeat(${width}, auto)`;
  table.classList.toggle("small", width > WITH_NUMBERS);
  for (const value of rows.flat()) {
    const cell = el("i", { "data-exact": exact(value) }, width > WITH_NUMBERS ? "" : num(value, 2));
    const colour = cssColour(value, range, colours);
    cell.style.background = colour;
    cell.style.color = dark(colour) ? "#fff" : "#16181c";
    table.append(cell);
  }
  return table;
}

/** Whether white text reads better on it. @param {string} colour "rgb(r g b)" */
function dark(colour) {
  const [red, green, blue] = (colour.match(/\d+/g) ?? []).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 140;
}

/** One grid or several, as several; JSON's words for what is no number are numbers again. @param {unknown} value @returns {number[][][]} */
function stack(value) {
  if (!Array.isArray(value) || !value.length) return [];
  const grids = Array.isArray(value[0]?.[0]) ? value : [Array.isArray(value[0]) ? value : [value]];
  return grids.map((rows) => rows.map((/** @type {unknown[]} */ row) => row.map(Number)));
}
