/** Every number that the selected racer has at this step, each a button that opens its arithmetic. */

import { el, fill } from "../../core/dom.js";
import { exact, num } from "../../core/format.js";
import { typeset } from "../../core/math.js";

/** @typedef {import("./model.js").Race} Race */
/** @typedef {import("../../core/types.js").Target} Target */
/** @typedef {{tensor: string, column: number, button: HTMLButtonElement}} Cell */

/** Quantities in the order in which a step makes them; pairs have an x and a y. */
const PAIRS = ["gradient", "update", "position", "effective_lr"];
const LONE = ["loss", "lr", "momentum", "angle"];

export class Numbers {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    this.summary = el("summary");
    this.body = el("tbody");
    this.element = el("details", { class: "fold race-numbers", hidden: true }, this.summary, el("table", {}, this.body));
    this.element.addEventListener("toggle", () => this.draw(race.stage.player.seq));
    /** @type {Cell[]} */
    this.cells = [];
  }

  /** The run, the selection or the language changed. */
  plan() {
    const { race } = this;
    const { t } = race.stage;
    const racer = race.racers[race.chosen];
    if (!racer) return;
    const r = race.chosen;
    this.element.hidden = false;
    this.summary.textContent = t("optimizer.page.all_numbers", { racer: racer.label });
    this.cells = [];
    const rows = [];
    for (const name of PAIRS) rows.push(this.#row(t(`optimizer.page.${name}`), "", name, [2 * r, 2 * r + 1], (c) => ({ kind: name, racer: r, coordinate: c })));
    for (const name of LONE) rows.push(this.#row(t(`optimizer.page.${name}`), "", name, [r], () => ({ kind: name, racer: r, coordinate: 0 })));
    rows.push(this.#curvature(r));
    for (const { name, latex, shape } of racer.state) {
      const columns = shape.reduce((product, n) => product * n, 1) > 1 ? [0, 1] : [0];
      rows.push(this.#row(name, latex, `state/${r}/${name}`, columns, (c) => ({ kind: "state", racer: r, name, coordinate: c })));
    }
    fill(this.body, ...rows);
  }

  /** @param {number} seq */
  draw(seq) {
    if (!this.element.open) return;
    const frame = this.race.stage.timeline.frame(seq);
    for (const { tensor, column, button } of this.cells) {
      const part = frame?.tensors[tensor];
      const value = part ? Number(part.data[column]) : NaN;
      button.disabled = !part || Number.isNaN(value);
      button.textContent = part && !Number.isNaN(value) ? num(value, 4) : "·";
      button.setAttribute("data-exact", exact(value));
    }
  }

  /** No frame holds it: it is worked out where it is opened. @param {number} r */
  #curvature(r) {
    const { stage } = this.race;
    const what = stage.t("optimizer.page.curvature");
    const button = el("button", { type: "button", class: "value", "aria-label": stage.t("optimizer.page.open_number", { what }), onclick: () => stage.select({ kind: "curvature", racer: r }) }, stage.t("optimizer.page.open_curvature"));
    return el("tr", {}, el("th", { scope: "row" }, what), el("td", { colspan: 2 }, button));
  }

  /**
   * @param {string} name
   * @param {string} latex typeset instead of the name, which it then explains
   * @param {string} tensor
   * @param {number[]} columns one, or x and y
   * @param {(coordinate: number) => Target} target
   */
  #row(name, latex, tensor, columns, target) {
    const { stage } = this.race;
    const label = el("th", { scope: "row", title: latex ? name : null }, name);
    if (latex) void typeset(label, latex);
    const cells = columns.map((column, coordinate) => {
      const what = columns.length > 1 ? `${name} ${"xy"[coordinate]}` : name;
      const button = el("button", { type: "button", class: "value", "aria-label": stage.t("optimizer.page.open_number", { what }), onclick: () => stage.select(target(coordinate)) });
      this.cells.push({ tensor, column, button });
      return el("td", { colspan: columns.length > 1 ? null : 2 }, button);
    });
    return el("tr", {}, label, ...cells);
  }
}
