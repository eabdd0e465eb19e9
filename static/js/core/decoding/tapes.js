/** The decoder's characters, a column a step: what is right, what each row is given and says; the step where they part is marked. */

import { card, el } from "../dom.js";
import { exact, num } from "../format.js";

/** @typedef {import("./speaker.js").Speaker} Speaker */

export class Tapes {
  /** @param {Speaker} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.element = this.card.element;
    this.element.classList.add("translate-wide");
    this.told = el("p", { class: "translate-told", role: "status" });
    this.signs = el("p", { class: "caption" });
    this.body = el("tbody", {});
    this.card.body.append(el("div", { class: "translate-scroll" }, el("table", { class: "translate-tapes" }, this.body)), this.told, this.signs);
    /** @type {Map<string, HTMLElement[]>} */
    this.cells = new Map();
    this.painted = 0;
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const two = model.rows.length > 1;
    this.card.heading.textContent = t(two ? "decoding.tapes" : "decoding.tapes_one");
    this.card.caption.textContent = t("decoding.tapes_caption");
    this.signs.textContent = t("decoding.signs");
    const who = (/** @type {string} */ row) => model.named(row);
    const rows = /** @type {[string, string][]} */ ([
      ["step", t("decoding.step")],
      ...(model.wanted ? [["right", t("decoding.right")]] : []),
      ...model.rows.flatMap((row) => [
        [`${row}/given`, t("decoding.given", { row: who(row) })],
        [`${row}/said`, t("decoding.says", { row: who(row) })],
      ]),
      ...(two ? [["apart", t("decoding.apart")]] : []),
    ]);
    this.cells.clear();
    this.body.replaceChildren(
      ...rows.map(([key, name]) => {
        const cells = Array.from({ length: model.said }, (_, k) => (key.endsWith("said") ? this.#button(key.split("/")[0], k + 1) : el(key === "step" ? "th" : "td", key === "step" ? { scope: "col" } : {})));
        this.cells.set(key, cells);
        const places = key.endsWith("said") ? cells.map((button) => el("td", {}, button)) : cells;
        return el("tr", { class: `translate-${key.replace("/", "-")}` }, el("th", { scope: "row" }, name), ...places);
      }),
    );
    for (const [k, cell] of (this.cells.get("step") ?? []).entries()) cell.textContent = String(k + 1);
    this.painted = -1;
  }

  /** @param {string} row @param {number} step */
  #button(row, step) {
    return el("button", { type: "button", disabled: true, onclick: () => this.#open(row, step) });
  }

  /** @param {string} row @param {number} step */
  #open(row, step) {
    const { model } = this;
    const token = model.says(model.read + step, row)?.said;
    if (token !== undefined) model.open(step, { kind: "probability", token, row });
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const now = seq - model.read;
    for (let step = 1; step <= model.said; step += 1) this.#column(step, step <= now, step === now);
    this.#sentence(seq);
  }

  /** @param {number} step @param {boolean} shown @param {boolean} now */
  #column(step, shown, now) {
    const { model } = this;
    const frame = shown ? model.stage.timeline.frame(model.read + step) : null;
    const right = model.wanted?.[step - 1];
    const parted = Boolean(frame) && frame?.note.diverged === step;
    for (const [key, cells] of this.cells) {
      const cell = cells[step - 1];
      const place = cell.tagName === "BUTTON" ? /** @type {HTMLElement} */ (cell.parentElement) : cell;
      place.classList.toggle("now", now);
      place.classList.toggle("parted", parted);
      const [row, what] = key.split("/");
      if (row === "right") cell.textContent = model.shown(right);
      else if (what) {
        const tokens = frame?.note[row];
        cell.textContent = tokens ? model.shown(tokens[what]) : "";
        if (what !== "said") continue;
        cell.toggleAttribute("disabled", !tokens);
        cell.classList.toggle("wrong", Boolean(tokens) && right !== undefined && tokens.said !== right);
      } else if (row === "apart") {
        const value = Number(frame?.tensors.apart?.data[0] ?? NaN);
        cell.textContent = Number.isNaN(value) ? "" : num(value, 2);
        cell.setAttribute("data-exact", Number.isNaN(value) ? "" : exact(value));
        cell.style.setProperty("--apart", Number.isNaN(value) ? "0" : String(Math.min(1, value / 2)));
      }
    }
  }

  /** @param {number} seq */
  #sentence(seq) {
    const { model } = this;
    const { t } = model.stage;
    const note = model.stage.timeline.frame(seq)?.note ?? {};
    if (seq <= model.read) this.told.textContent = t("decoding.still_reads", { step: model.read + 1 });
    else if (!model.wanted) this.told.textContent = model.noTarget;
    else if (model.rows.length < 2) this.told.textContent = "";
    else if (note.diverged) this.told.textContent = t("decoding.diverged", { step: note.diverged, said: model.shown(model.says(model.read + note.diverged, "free")?.said), right: model.shown(model.wanted[note.diverged - 1]) });
    else this.told.textContent = t("decoding.same");
  }
}
