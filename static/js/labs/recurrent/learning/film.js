/** Every gate and state of the example at this checkpoint: a grid each, a row a unit, a column a step. They fill the room that there is. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Gates open between 0 and 1; candidates and states lie on both sides of 0. */
const OPENS = new Set(["i", "f", "o", "r", "z"]);
const GAP = 12;
/** Below this width a band has no room for its name, pixels. */
const NARROW = 150;
/** A band's name above it, and the room around its cells. */
const HEAD = 28;
const EDGES = 4;
/** A cell's sides, pixels. */
const LEAST = 2;
const MOST = 17;
/** A cell is at most so many times as wide as it is tall, or as tall as it is wide. */
const STRETCH = 3;

export class Film {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.element = el("div", { class: "learn-film" });
    /** @type {{name: string, d: number, cells: Cells}[]} */
    this.bands = [];
    this.wide = LEAST;
    this.tall = LEAST;
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const names = model.names.filter((name) => name !== "s");
    const directions = Number(model.note.directions ?? 1);
    this.bands = Array.from({ length: directions }, (_, d) => names.map((name) => ({ name, d, cells: this.#cells(name, d) }))).flat();
    const hidden = Number(model.note.hidden);
    const { clientWidth, clientHeight } = this.element.parentElement ?? this.element;
    const [width, height] = [Math.max(clientWidth, 240), window.innerWidth <= 720 ? window.innerHeight : Math.max(clientHeight, 200)];
    const count = this.bands.length;
    const most = Math.max(1, Math.min(count, Math.floor((width + GAP) / (NARROW + GAP))));
    const plans = Array.from({ length: most }, (_, k) => {
      const down = Math.ceil(count / (k + 1));
      const wide = ((width + GAP) / (k + 1) - GAP - EDGES) / model.steps;
      const tall = ((height + GAP) / down - GAP - HEAD) / hidden;
      return { across: Math.ceil(count / down), wide: Math.min(wide, MOST, STRETCH * tall), tall: Math.min(tall, MOST, STRETCH * wide) };
    });
    const area = (/** @type {{wide: number, tall: number}} */ { wide, tall }) => Math.max(0, wide) * Math.max(0, tall);
    const best = plans.reduce((best, plan) => (area(plan) > area(best) ? plan : best));
    // Whole pixels a grid, not a cell.
    this.wide = Math.floor(Math.max(LEAST, best.wide) * model.steps) / model.steps;
    this.tall = Math.floor(Math.max(LEAST, best.tall) * hidden) / hidden;
    this.element.style.gridTemplateColumns = `repeat(${best.across}, minmax(max-content, 1fr))`;
    this.element.replaceChildren(
      ...this.bands.map(({ name, d, cells }) => {
        const title = directions === 2 ? t(d ? "recurrent.learning.page.backward" : "recurrent.learning.page.forward", { name }) : name;
        return el("div", { class: "learn-band" }, el("p", { class: "learn-name" }, el("b", {}, title), " ", el("span", { class: "caption" }, t(`recurrent.learning.name.${name}`))), cells.element);
      }),
    );
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const target = model.stage.selected();
    const hidden = Number(model.note.hidden);
    const directions = Number(model.note.directions);
    for (const { name, d, cells } of this.bands) {
      const data = frame.tensors[name].data;
      const value = (/** @type {number} */ u, /** @type {number} */ t) => Number(data[(t * directions + d) * hidden + u]);
      let most = 1;
      if (name === "c") for (let i = 0; i < data.length; i += 1) most = Math.max(most, Math.abs(Number(data[i])));
      const open = target?.kind === "value" && target.name === name && Number(target.direction ?? 0) === d;
      cells.show({
        rows: hidden,
        cols: model.steps,
        size: this.tall,
        wide: this.wide,
        range: OPENS.has(name) ? { low: 0, high: 1 } : { low: -most, high: most },
        value,
        text: (one) => num(one, 2),
        told: (u, t) => model.stage.t("recurrent.learning.page.cell", { name, unit: u + 1, step: t + 1, symbol: model.read(t), value: num(value(u, t)) }),
        frames: open ? [{ row: Number(target.unit ?? 0), col: Number(target.step ?? model.steps) - 1, rows: 1, cols: 1, colour: model.inks.ink, width: 2 }] : [],
      });
    }
  }

  /** @param {string} name @param {number} d */
  #cells(name, d) {
    const { stage } = this.model;
    return new Cells(stage.t("recurrent.learning.page.grid", { name }), (u, t) => stage.select({ kind: "value", name, direction: d, step: t + 1, unit: u }), stage.announce);
  }
}
