/** One channel changed: what that does to the outputs of each channel, pool by pool, measured. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */

/** What the maps of differences have room for side by side, and the most that one takes; CSS pixels. */
const ROOM = 70;
const SIDE = 46;

export class Change {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("convolution.pooling.page.change"), "");
    this.element = this.card.element;
    this.element.classList.add("pool-change");
  }

  /** The run changed. */
  plan() {
    const { scene, stage, channels } = this.model;
    if (!scene) return;
    const { t } = stage;
    const { channel, value } = scene.note.changed;
    this.card.caption.textContent = t("convolution.pooling.page.change_caption", { channel, value: num(value) });
    const head = (/** @type {string} */ text, /** @type {string} */ title = "") => el("th", { scope: "col", title: title || null }, text);
    const maps = Array.from({ length: channels }, (_, c) => head(t("convolution.pooling.page.channel", { channel: c }), c === channel ? t("convolution.pooling.page.changed_one") : ""));
    maps[channel]?.classList.add("changed");
    const headings = el("tr", {}, el("th", {}, el("span", { class: "unseen" }, t("convolution.pooling.page.pool"))), ...maps, head(t("convolution.pooling.page.others"), t("convolution.pooling.page.others_help")), head(t("convolution.pooling.page.weights_moved"), t("convolution.pooling.page.weights_moved_help")));
    const rows = scene.note.changes.map((/** @type {any} */ one) => this.#row(one));
    const lone = channels < 2 ? el("p", { class: "caption" }, t("convolution.pooling.page.lone_channel")) : null;
    this.card.body.replaceChildren(el("table", {}, el("thead", {}, headings), el("tbody", {}, ...rows)), ...(lone ? [lone] : []));
  }

  /** @param {{pool: string, own: number | null, others: number | null, weights: number | null}} one */
  #row({ pool, others, weights }) {
    const { model } = this;
    const tensor = model.scene?.tensors[`changed/${pool}`];
    const [channels, height, width] = tensor?.shape ?? [0, 1, 1];
    const data = Array.from(/** @type {Iterable<number>} */ (tensor?.data ?? []), Number);
    const most = Math.max(...data.filter(Number.isFinite).map(Math.abs), 1e-9);
    const maps = Array.from({ length: channels }, (_, c) => {
      const cells = new Cells(`${model.label(pool)} ${c}`, null, model.stage.announce);
      cells.element.title = model.stage.t("convolution.pooling.page.difference", { pool: model.label(pool), channel: c });
      const value = (/** @type {number} */ y, /** @type {number} */ x) => data[(c * height + y) * width + x];
      cells.show({ rows: height, cols: width, size: Math.max(3, Math.min(14, Math.floor(Math.min(SIDE, ROOM / channels - 7) / Math.max(height, width)))), range: { low: -most, high: most }, text: () => "", value, told: () => "", frames: [] });
      return el("td", {}, cells.element);
    });
    return el("tr", {}, el("th", { scope: "row" }, mark(model, pool), el("span", {}, model.label(pool))), ...maps, this.#number(others), this.#number(weights));
  }

  /** @param {number | null} value */
  #number(value) {
    const text = value === 0 ? "0" : num(value, this.model.channels > 2 ? 2 : 3);
    return el("td", {}, el("span", { class: value ? "value moved" : "value", "data-exact": exact(value), tabindex: 0 }, text));
  }
}

/** A pool's colour as a small square. @param {Model} model @param {string} pool */
export function mark(model, pool) {
  const square = el("span", { class: "pool-mark", "aria-hidden": "true" });
  square.style.background = model.colour(pool);
  return square;
}
