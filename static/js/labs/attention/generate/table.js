/** The step in numbers; where the open head looks; what it follows; how near the whole text read at once, and torch's function, are. */

import { el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { rewrite } from "../../../core/rewrite.js";
import { Table as Numbers } from "../../../core/writing/table.js";
import { Output } from "./output.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const NEAR = 1e-4;
/** Keys that are listed. */
const MOST = 5;

export class Table extends Numbers {
  /** @param {Model} model */
  constructor(model) {
    super(model);
    this.own = model;
    this.gives = el("p", { class: "gen-gives" });
    this.keys = el("ol", { class: "enc-rank" });
    this.output = new Output(model);
    this.scores = el("ul", { class: "enc-scores" });
    this.cached = el("p", { class: "parity" });
    this.parity = el("p", { class: "parity" });
    this.above = el("p", { class: "parity" });
    this.about.before(this.gives, this.keys, this.output.element, this.scores, this.cached, this.parity, this.above);
    // A button under the pointer stays while its row is drawn again, so that a press is not lost: they are heard here.
    const column = (/** @type {Event} */ { target }) => Number(/** @type {Element} */ (target).closest("[data-column]")?.getAttribute("data-column") ?? NaN);
    this.keys.addEventListener("click", (event) => Number.isNaN(column(event)) || model.open(model.row, column(event)));
    this.keys.addEventListener("pointerover", (event) => Number.isNaN(column(event)) || model.point(-1, column(event)));
    this.keys.addEventListener("pointerleave", () => model.point(-1));
    this.scores.addEventListener("click", ({ target }) => {
      const pattern = /** @type {Element} */ (target).closest("[data-pattern]")?.getAttribute("data-pattern");
      if (pattern) model.stage.select({ kind: "pattern", layer: model.layer, head: model.head, pattern });
    });
  }

  plan() {
    const { told = {}, layers, heads } = this.model.note;
    const { t } = this.model.stage;
    const values = { layers, heads, parameters: num(Number(told.parameters), 7) };
    this.about.textContent = told.nats === undefined ? t("attention.generate.page.card_induction", values) : t("attention.generate.page.card", { ...values, data: String(told.data), nats: num(Number(told.nats)) });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    super.draw(frame);
    const { own: model } = this;
    const { t } = model.stage;
    const { layer, head, row } = model;
    const shares = model.shares(layer, head);
    this.gives.textContent = t("attention.generate.page.gives", { head: model.named(layer, head), query: model.label(row) });
    const order = Array.from({ length: row + 1 }, (_, at) => at).sort((a, b) => shares.at(row, b) - shares.at(row, a)).slice(0, MOST);
    rewrite(this.keys, ...order.map((column) => this.#key(shares.at(row, column), column)));
    this.output.draw(frame);
    rewrite(this.scores, ...model.patterns.map((name, at) => this.#score(frame, name, at)).filter((one) => one !== null));
    const [cached, above] = ["cached", "above"].map((name) => Number(frame.tensors[name].data[0]));
    const [parity, rounding] = [...frame.tensors.parity.data].map(Number);
    this.#check(this.cached, cached <= NEAR, "attention.generate.page.cached", { difference: num(cached, 2), count: row + 1 });
    this.#check(this.parity, parity <= rounding, "attention.encoder.page.parity", { difference: num(parity, 2), rounding: num(rounding, 2) });
    this.#check(this.above, above === 0, "attention.generate.page.above", { weight: num(above, 2) });
  }

  /** @param {HTMLElement} line @param {boolean} good @param {string} id @param {Record<string, unknown>} values */
  #check(line, good, id, values) {
    line.classList.toggle("good", good);
    line.classList.toggle("bad", !good);
    line.textContent = this.own.stage.t(id, values);
  }

  /** @param {number} value @param {number} column */
  #key(value, column) {
    const { own: model } = this;
    const target = model.stage.selected();
    const open = target?.kind === "weight" && model.column === column;
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: `enc-bar${open ? " open" : ""}`, style: `--share:${Math.min(100, 100 * value)}%`, "data-column": column },
        el("span", {}, el("bdi", {}, model.label(column)), el("small", {}, ` ${model.stage.t("attention.generate.page.place", { place: column + 1 })}`)),
        el("span", { class: "value", "data-exact": exact(value) }, num(value, 3)),
      ),
    );
  }

  /** @param {FrameView} frame @param {string} name @param {number} at */
  #score(frame, name, at) {
    const { own: model } = this;
    const { stage, layer, head } = model;
    const score = model.scores(frame, layer, head)[at];
    if (Number.isNaN(score)) return null;
    const target = stage.selected();
    const open = target?.kind === "pattern" && target.pattern === name;
    const chance = Number(frame.tensors.chance.data[at]);
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: `enc-bar${open ? " open" : ""}`, style: `--share:${Math.min(100, 100 * score)}%;--chance:${Math.min(100, 100 * chance)}%`, title: stage.t("attention.encoder.page.chance", { chance: num(chance, 3) }), "data-pattern": name },
        el("span", {}, stage.t(`attention.generate.pattern.${name}`)),
        el("span", { class: "value", "data-exact": exact(score) }, num(score, 3)),
      ),
    );
  }
}
