/** The outputs of this run over the steps, beside those of the memoryless network and of what else the run is compared with. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** A scene's tensor and the message that names its rows; the run's own first. */
const KINDS = /** @type {[string, string][]} */ ([
  ["y", "run"],
  ["alone/y", "without"],
  ["untouched/y", "untouched"],
  ["other/y", "other"],
]);

export class Compare {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.by-hand.page.compare"), t("recurrent.by-hand.page.compare_caption"));
    this.element = made.element;
    this.table = el("table", {});
    made.body.append(el("div", { class: "byhand-wide" }, this.table));
    this.element.classList.add("byhand-compare");
    /** @type {{name: string, o: number, cells: HTMLElement[], row: HTMLElement}[]} */
    this.rows = [];
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const steps = Array.from({ length: model.steps }, (_, s) => s);
    const head = el("tr", {}, el("th", { scope: "col" }, el("span", { class: "unseen" }, t("recurrent.by-hand.page.network"))), ...steps.map((s) => el("th", { scope: "col" }, `t = ${s + 1}`)));
    this.rows = [];
    const bodies = KINDS.filter(([name]) => name === "y" || model.scene?.tensors[name]).map(([name, id]) => {
      const reset = model.note.reset === "after" ? "before" : "after";
      const title = el("tr", { class: "byhand-kind" }, el("th", { scope: "colgroup", colspan: model.steps + 1 }, t(id === "other" ? `recurrent.by-hand.page.other_${reset}` : `recurrent.by-hand.page.${id}`)));
      const rows = Array.from({ length: model.sizes.outputs }, (_, o) => {
        const cells = steps.map((s) => this.#cell(name, s, o));
        const row = el("tr", {}, el("th", { scope: "row" }, "y", el("sub", {}, String(o + 1))), ...cells.map((cell) => el("td", {}, cell)));
        this.rows.push({ name, o, cells, row });
        return row;
      });
      return el("tbody", {}, title, ...rows);
    });
    this.table.replaceChildren(el("thead", {}, head), ...bodies);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    for (const { name, o, cells } of this.rows)
      cells.forEach((cell, s) => {
        const data = (name === "y" ? frame : model.scene)?.tensors[name]?.data ?? [];
        const known = model.known("y", s, 0) <= frame.seq;
        const value = known ? Number(data[s * model.sizes.outputs + o]) : NaN;
        cell.textContent = known ? num(value) : "·";
        cell.setAttribute("data-exact", known ? exact(value) : "");
        if (cell instanceof HTMLButtonElement) cell.disabled = !known;
        cell.parentElement?.classList.toggle("now", model.at(frame.seq, 0) === s);
      });
  }

  /** A number that opens where it is of this run or of the memoryless network. @param {string} name @param {number} t @param {number} k */
  #cell(name, t, k) {
    if (name !== "y" && name !== "alone/y") return el("span", { class: "value", tabindex: 0 });
    return el("button", { type: "button", class: "value", onclick: () => this.model.open({ name: "y", t, d: 0, k, alone: name === "alone/y" }) });
  }
}
