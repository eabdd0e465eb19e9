/** Every head's map of the sentence, small, with its score: a row a layer. Press one to see it large. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { paint, palettes } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** The least and largest side of a small map, CSS pixels, and the room between two. */
const SIDE = { least: 30, most: 60 };
const GAP = 6;
/** Below this width the parts stand under one another. */
const PHONE = 720;

export class Heads {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.element = el("div", { class: "forming-heads", role: "group", "aria-label": model.stage.t("attention.learning.page.heads") });
    /** @type {{layer: number, head: number, canvas: HTMLCanvasElement, score: HTMLElement, button: HTMLElement}[]} */
    this.tiles = [];
    this.side = SIDE.least;
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model } = this;
    const room = this.element.parentElement?.clientWidth ?? 600;
    const free = window.innerWidth <= PHONE ? room : room * 0.42;
    this.side = Math.max(SIDE.least, Math.min(SIDE.most, Math.floor(free / model.heads) - GAP));
    this.tiles = [];
    const rows = Array.from({ length: model.layers }, (_, layer) => {
      const heads = Array.from({ length: model.heads }, (_, head) => {
        const canvas = el("canvas", { "aria-hidden": "true", width: this.side, height: this.side });
        const score = el("span", { class: "value" });
        const button = el("button", { type: "button", class: "forming-tile", onclick: () => model.look(layer, head) }, canvas, score);
        this.tiles.push({ layer, head, canvas, score, button });
        return button;
      });
      return el("div", { class: "forming-layer" }, el("p", { class: "caption" }, model.stage.t("attention.learning.page.layer", { layer: layer + 1 })), el("div", { class: "forming-row" }, ...heads));
    });
    this.element.replaceChildren(...rows, el("p", { class: "caption" }, model.stage.t("attention.learning.page.small")));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model, side } = this;
    const [height, width] = [model.queries.length, model.keys.length];
    const grid = { columns: 1, rows: 1, width: side, height: side, gap: 0 };
    const { magnitude } = palettes();
    for (const { layer, head, canvas, score, button } of this.tiles) {
      paint(canvas, { count: 1, height, width, values: model.map(frame, layer, head) }, grid, { low: 0, high: 1 }, magnitude);
      const value = model.here(frame, layer, head);
      score.textContent = num(value, 2);
      button.setAttribute("aria-pressed", String(layer === model.layer && head === model.head));
      button.setAttribute("aria-label", model.stage.t("attention.learning.page.tile", { layer: layer + 1, head: head + 1, score: num(value, 3) }));
    }
  }
}
