/** The measurement in numbers and in words: every racer's medians, what was measured, who stopped, and each seed of the selected. */

import { card, el, fill } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { mark } from "../marks.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {{cell: HTMLElement, tensor: string, at: number}} Cell */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card("");
    this.card.body.classList.add("race-table", "train-table");
    this.headings = el("tr");
    this.body = el("tbody");
    this.said = el("div", { class: "train-said", role: "status" });
    this.left = el("div", { class: "leavers", hidden: true });
    this.summary = el("summary");
    this.seeds = el("table");
    this.fold = el("details", { class: "fold race-numbers" }, this.summary, this.seeds);
    this.card.body.append(el("table", {}, el("thead", {}, this.headings), this.body), el("h3", {}, t("optimizer.training.page.measured")), this.said, this.left, this.fold);
    /** @type {Cell[]} */
    this.cells = [];
    /** @type {HTMLElement[]} */
    this.rows = [];
  }

  /** The run, the selection or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.cells = [];
    const shown = ["train_loss", "test_loss", ...(model.classes ? ["test_accuracy"] : [])];
    const head = (/** @type {string} */ id) => el("th", { scope: "col", title: t(`optimizer.training.name.${id}`) }, t(`optimizer.training.page.column.${id}`));
    fill(this.headings, el("th", { scope: "col" }, el("span", { class: "unseen" }, t("optimizer.training.racers"))), head("lr"), ...shown.map(head));
    this.rows = model.racers.map((racer, r) => {
      const open = (/** @type {string} */ name) => this.#button(name, 3 * r + 1, name, racer.label, () => model.stage.select({ kind: "band", name, racer: r, quantile: 1 }));
      const tuned = Number(model.params.tuning) > 0;
      const rate = tuned ? this.#button("chosen", r, "lr", racer.label, () => model.stage.select({ kind: "tuned", racer: r })) : open("lr");
      const name = el("button", { type: "button", class: "racer-name", onclick: () => model.stage.select({ kind: "band", name: "test_loss", racer: r, quantile: 1 }) }, mark(r), el("span", { title: racer.label }, racer.label));
      const row = el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, rate), ...shown.map((one) => el("td", {}, open(one))));
      row.classList.toggle("chosen", r === model.chosen);
      return row;
    });
    fill(this.body, ...this.rows);
    this.#seeds(shown);
  }

  /** @param {string[]} shown */
  #seeds(shown) {
    const { model } = this;
    const { t } = model.stage;
    const racer = model.racers[model.chosen];
    if (!racer) return;
    this.summary.textContent = t("optimizer.training.page.seeds_of", { racer: racer.label });
    const heads = el("tr", {}, el("th", { scope: "col" }, t("optimizer.training.page.seed")), ...shown.map((id) => el("th", { scope: "col" }, t(`optimizer.training.page.column.${id}`))));
    const rows = model.seeds.map((seed, s) => {
      const at = model.chosen * model.seeds.length + s;
      const cells = shown.map((name) => el("td", {}, this.#button(`seeds/${name}`, at, name, `${racer.label}, ${t("optimizer.training.page.seed")} ${seed}`, () => model.stage.select({ kind: "value", name, racer: model.chosen, seed: s }))));
      return el("tr", {}, el("th", { scope: "row" }, String(seed)), ...cells);
    });
    fill(this.seeds, el("thead", {}, heads), el("tbody", {}, ...rows));
  }

  /** @param {string} tensor @param {number} at @param {string} name @param {string} who @param {() => void} onclick */
  #button(tensor, at, name, who, onclick) {
    const { t } = this.model.stage;
    const what = t(`optimizer.training.name.${name}`);
    const cell = el("button", { type: "button", class: "value", "aria-label": t("optimizer.page.open", { what, racer: who }), onclick });
    this.cells.push({ cell, tensor, at });
    return cell;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("optimizer.training.page.after", { epoch: num(frame.note.epoch) });
    for (const { cell, tensor, at } of this.cells) {
      const value = Number(tensor === "chosen" ? frame.note.chosen[at] : frame.tensors[tensor].data[at]);
      cell.textContent = Number.isNaN(value) ? "—" : tensor.endsWith("accuracy") ? `${num(100 * value, 3)} %` : num(value, Math.abs(value) < 1e-3 ? 2 : 3);
      cell.setAttribute("data-exact", Number.isNaN(value) ? "" : exact(value));
    }
    this.rows.forEach((row, r) => row.classList.toggle("chosen", r === model.chosen));
    const said = (frame.note.said ?? []).map((/** @type {any} */ message) => sentence(t, message));
    if (!said.length) said.push(t("optimizer.training.page.before"));
    if (said.join() !== [...this.said.children].map((one) => one.textContent).join()) fill(this.said, ...said.map((/** @type {string} */ text) => el("p", {}, text)));
    this.#tell(frame.seq);
  }

  /** Who has stopped by now. @param {number} seq */
  #tell(seq) {
    const { t, timeline } = this.model.stage;
    /** @type {string[]} */
    const told = [];
    for (const block of timeline.blocks(0, seq)) for (const note of Object.values(block.notes)) for (const message of note.left ?? []) told.push(sentence(t, message));
    this.left.hidden = told.length === 0;
    if (told.join() !== [...this.left.children].map((one) => one.textContent).join()) fill(this.left, ...told.map((text) => el("p", {}, text)));
  }
}

/** A message whose values may be messages. @param {(id: string, values?: Record<string, unknown>) => string} t @param {any} message @returns {string} */
function sentence(t, message) {
  const values = Object.entries(message.values ?? {}).map(([name, value]) => [name, value && typeof value === "object" ? sentence(t, value) : value]);
  return t(message.id, Object.fromEntries(values));
}
