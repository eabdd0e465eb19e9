/** The sentence over the head: the row's word outlined, the others coloured by what it gives them; every word can be pressed. */

import { el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Shares} Shares */

export class Words {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.line = el("div", { class: "enc-words", role: "group", translate: "no", "aria-label": model.stage.t("attention.encoder.page.words") });
    this.notes = el("p", { class: "caption enc-notes" });
    this.element = el("div", {}, this.line, this.notes);
    /** @type {HTMLElement[]} */
    this.buttons = [];
    /** The word that was scrolled to. */
    this.shown = -1;
    this.line.addEventListener("pointermove", (event) => this.#hover(event.target));
    this.line.addEventListener("pointerleave", () => model.point(-1));
    this.line.addEventListener("click", (event) => {
      const at = place(event.target);
      if (at >= 0) this.#pick(at);
    });
    this.line.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const at = place(event.target);
      if (!move || at < 0) return;
      this.buttons[Math.max(0, Math.min(this.buttons.length - 1, at + move))].focus();
      event.preventDefault();
    });
  }

  /** The run or the language is another. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const focused = place(document.activeElement);
    this.buttons = model.units.map((unit, at) => {
      const label = el("bdi", {}, unit.label);
      return el("button", { type: "button", class: `enc-word${unit.special ? " special" : ""}${unit.type ? " second" : ""}`, "data-unit": at, tabindex: -1, "data-arrows": true }, label);
    });
    this.line.replaceChildren(...this.buttons);
    if (focused >= 0) this.buttons[focused]?.focus();
    const { unknown = [], left_out, pieces, merge, special, turned } = model.note;
    const some = [...new Set(/** @type {string[]} */ (unknown))].slice(0, 8).map((one) => (one.length > 12 ? `${one.slice(0, 12)}…` : one));
    const told = [
      model.reader,
      turned ? t("attention.encoder.page.turned", { count: turned }) : "",
      unknown.length ? t("attention.encoder.page.unknown", { count: unknown.length, some: some.join(" ") }) : "",
      left_out ? t("attention.encoder.page.left_out", { count: left_out, most: model.note.tokens.length }) : "",
      merge && pieces ? t("attention.encoder.page.merged", { count: pieces }) : "",
      special ? "" : t("attention.encoder.page.hidden"),
    ].filter(Boolean);
    this.notes.textContent = told.join(" ");
  }

  /** @param {Shares | null} shares of the head shown */
  draw(shares) {
    const { model } = this;
    const { asking, link } = model;
    this.buttons.forEach((button, at) => {
      const value = shares ? shares.at(asking, at) : NaN;
      button.style.setProperty("--share", Number.isNaN(value) ? "0%" : `${Math.round(85 * Math.sqrt(Math.min(1, value)))}%`);
      button.classList.toggle("row", at === asking);
      button.classList.toggle("column", at === (link.column >= 0 ? link.column : model.column) && at !== asking);
      button.setAttribute("aria-pressed", String(at === model.row));
      button.tabIndex = at === model.row ? 0 : -1;
      if (shares?.exact) button.title = exact(value);
    });
    const here = this.buttons[model.row];
    if (here && this.line.scrollHeight > this.line.clientHeight && this.shown !== model.row) this.line.scrollTop = here.offsetTop - this.line.offsetTop - 24;
    this.shown = model.row;
  }

  /** @param {EventTarget | null} target */
  #hover(target) {
    const at = place(target);
    this.model.point(at);
  }

  /** Ask for another word: its largest weight opens. @param {number} row */
  #pick(row) {
    const { model } = this;
    const frame = model.frame(model.stage.player.seq - 1);
    const shares = frame && model.shares(frame, model.head);
    let [column, most] = [0, -1];
    for (let at = 0; shares && at < shares.n; at += 1) if (shares.at(row, at) > most) [column, most] = [at, shares.at(row, at)];
    model.open(row, column);
    model.stage.announce(model.stage.t("attention.encoder.page.told", { query: model.units[row].label, key: model.units[column]?.label ?? "", value: num(Math.max(0, most)) }));
  }
}

/** @param {EventTarget | null} target */
function place(target) {
  return Number((target instanceof Element ? target.closest("[data-unit]") : null)?.getAttribute("data-unit") ?? -1);
}
