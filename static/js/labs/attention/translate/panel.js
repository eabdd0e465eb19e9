/** A map with its name, what is under the pointer, and all heads of all layers as tiles to choose from, their mean last. */

import { el } from "../../../core/dom.js";
import { paint } from "../../../core/tiles.js";
import { num } from "../../../core/format.js";
import { HeadMap } from "./map.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").MapName} MapName */

const TILE = { width: 40, height: 30 };

export class Panel {
  /** @param {Model} model @param {MapName} name */
  constructor(model, name) {
    this.model = model;
    this.name = name;
    const { t } = model.stage;
    this.heading = el("h3", {}, t(`attention.translate.map.${name}`));
    this.which = el("p", { class: "caption tr-which" });
    this.told = el("p", { class: "caption tr-told", role: "status" });
    this.map = new HeadMap(model, name, () => this.point());
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.buttons = el("div", { class: "tr-tiles" });
    this.tiles = el("div", { class: "tr-heads", role: "group", "aria-label": t("attention.translate.page.heads", { map: t(`attention.translate.map.${name}`) }) }, this.canvas, this.buttons);
    this.element = el("section", { class: `tr-panel tr-${name}` }, this.heading, this.which, this.map.element, this.told, this.tiles);
    this.seq = 0;
  }

  /** The run or the room changed. @param {number} width @param {number} height */
  plan(width, height) {
    const { model, name } = this;
    this.map.plan(width, height);
    this.tile = Math.max(26, Math.min(TILE.width, Math.floor(width / (model.heads + 1))));
    const made = [];
    for (let layer = 0; layer < model.layers; layer += 1)
      for (let head = 0; head <= model.heads; head += 1) made.push(el("button", { type: "button", onclick: () => model.opened.choose(name, layer, head) }, el("span", {})));
    this.buttons.style.gridTemplateColumns = `repeat(${model.heads + 1}, ${this.tile}px)`;
    this.buttons.style.gridAutoRows = `${TILE.height}px`;
    this.buttons.replaceChildren(...made);
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, name } = this;
    this.seq = seq;
    const place = model.opened.place(name, seq);
    this.which.textContent = `${model.headNamed(place.layer, place.head)}${name === "cross" ? this.#score(seq, place.layer, place.head) : ""}`;
    this.map.draw(seq);
    this.#tell();
    this.#tiles(seq);
  }

  /** The share of words that a map finds. @param {number} seq @param {number} layer @param {number} head */
  #score(seq, layer, head) {
    const { model } = this;
    const share = model.share(seq, layer, head);
    return Number.isNaN(share) ? "" : ` · ${model.stage.t("attention.translate.page.on_gold", { share: num(100 * share, 3) })}`;
  }

  /** Another cell is under the pointer. */
  point() {
    this.map.draw(this.seq);
    this.#tell();
  }

  #tell() {
    const { map, model, name } = this;
    const place = model.opened.place(name, this.seq);
    const told = map.pointer ? map.told(map.pointer.row, map.pointer.column) : map.told(place.row, place.column);
    const over = name !== "encoder" && this.seq > model.read;
    this.told.textContent = told || (over ? model.stage.t("decoding.over", { row: model.named(model.row) }) : model.stage.t(`attention.translate.page.empty_${name}`));
  }

  /** @param {number} seq */
  #tiles(seq) {
    const { model, name, tile = TILE.width } = this;
    const { layers, heads } = model;
    const all = [...Array(layers * (heads + 1)).keys()].map((at) => model.weights(name, Math.floor(at / (heads + 1)), at % (heads + 1), seq));
    const { rows, columns } = all[0];
    const values = new Float32Array(all.length * rows * columns);
    all.forEach((one, at) => values.set(one.values, at * rows * columns));
    paint(this.canvas, { count: all.length, height: rows, width: columns, values }, { columns: heads + 1, rows: layers, width: tile, height: TILE.height, gap: 3 }, { low: 0, high: 1 }, model.palettes.magnitude);
    const place = model.opened.place(name, seq);
    [...this.buttons.children].forEach((button, at) => {
      const [layer, head] = [Math.floor(at / (heads + 1)), at % (heads + 1)];
      button.setAttribute("aria-pressed", String(layer === place.layer && head === place.head));
      const label = `${model.headNamed(layer, head)}${name === "cross" ? this.#score(seq, layer, head) : ""}`;
      button.setAttribute("aria-label", label);
      button.setAttribute("title", label);
      const share = name === "cross" ? model.share(seq, layer, head) : NaN;
      /** @type {HTMLElement} */ (button.firstElementChild).textContent = Number.isNaN(share) ? "" : String(Math.round(100 * share));
    });
  }
}
