/** The open head's map, large: a row a token that asks, a column a token that is looked at; framed where it should look. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const CELL = { least: 8, most: 34 };
/** A letter of a label is so wide. */
const LETTER = 7;
/** The cells' height where there is room, CSS pixels. */
const HIGH = 380;

export class Large {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.heading = el("h3", {});
    this.score = el("button", { type: "button", class: "value forming-score", onclick: () => model.stage.select({ kind: "score", layer: model.layer, head: model.head }) });
    this.gold = el("button", { type: "button", class: "button small", "aria-pressed": "true", onclick: () => this.#toggle() }, t("attention.learning.page.gold"));
    this.cells = new Cells(
      t("attention.learning.page.map"),
      (query, key) => {
        if (model.seen(query, key)) model.stage.select({ kind: "weight", layer: model.layer, head: model.head, query, key });
      },
      model.stage.announce,
    );
    this.rows = el("div", { class: "forming-rows", "aria-hidden": "true" });
    this.columns = el("div", { class: "forming-columns", "aria-hidden": "true" });
    this.about = el("p", { class: "caption" });
    this.grid = el("div", { class: "forming-grid" }, el("span", {}), this.columns, this.rows, this.cells.element);
    this.element = el("div", { class: "forming-large" }, el("div", { class: "forming-top" }, this.heading, this.score, this.gold), this.grid, this.about);
    this.size = CELL.least;
    this.shown = true;
  }

  #toggle() {
    this.shown = !this.shown;
    this.gold.setAttribute("aria-pressed", String(this.shown));
    this.model.changed();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model } = this;
    const { queries, keys } = model;
    const beside = width(queries);
    const over = width(keys);
    const wide = (this.element.clientWidth || 300) - beside - 12;
    this.size = Math.max(CELL.least, Math.min(CELL.most, Math.floor(Math.min(wide / keys.length, HIGH / queries.length))));
    this.grid.style.setProperty("--cell", `${this.size}px`);
    this.grid.style.setProperty("--over", `${over}px`);
    this.grid.classList.toggle("tiny", this.size < 11);
    this.rows.replaceChildren(...queries.map((word) => el("bdi", { title: word }, word)));
    this.columns.replaceChildren(...keys.map((word) => el("bdi", { title: word }, word)));
    this.about.textContent = model.stage.t(model.note.causal ? "attention.learning.page.about_induction" : "attention.learning.page.about_cross");
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { queries, keys, layer, head } = model;
    const { t } = model.stage;
    const map = model.map(frame, layer, head);
    const at = (/** @type {number} */ query, /** @type {number} */ key) => Number(map[query * keys.length + key]);
    const score = model.here(frame, layer, head);
    this.heading.textContent = model.named(layer, head);
    this.score.textContent = t("attention.learning.page.score", { score: num(score, 3) });
    const target = model.stage.selected();
    const open = target && ["weight", "logit"].includes(target.kind) ? target : null;
    const frames = [];
    const mark = getComputedStyle(document.documentElement).getPropertyValue("--forming-gold").trim();
    if (this.shown) for (let row = 0; row < queries.length; row += 1) for (let col = 0; col < keys.length; col += 1) if (model.gold(row, col)) frames.push({ row, col, rows: 1, cols: 1, colour: mark, width: this.size < 14 ? 1 : 2 });
    if (open) frames.push({ row: Number(open.query ?? 0), col: Number(open.key ?? 0), rows: 1, cols: 1, colour: model.inks.accent, width: 3 });
    this.cells.show({
      rows: queries.length,
      cols: keys.length,
      size: this.size,
      range: { low: 0, high: 1 },
      value: (query, key) => (model.seen(query, key) ? at(query, key) : null),
      text: (value) => (value < 0.005 ? "" : value.toFixed(2).replace(/^0/, "")),
      told: (query, key) => t(model.seen(query, key) ? "attention.learning.page.cell" : "attention.learning.page.unseen", { query: queries[query], key: keys[key], value: num(at(query, key)) }),
      frames,
    });
  }
}

/** What the longest word takes, CSS pixels. @param {string[]} words */
function width(words) {
  return 8 + Math.max(...words.map((word) => [...word].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? 13 : LETTER), 0)));
}
