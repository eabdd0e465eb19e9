/**
 * The text so far, token by token: coloured by where the open head looks from the token that asks, or by how little each was
 * expected. What followed earlier occurrences of the asking token is underlined: there an induction head looks.
 */

import { el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { Switcher } from "../../../core/switcher.js";
import { STRONGEST } from "../../../core/writing/model.js";

/** @typedef {import("./model.js").Model} Model */

/** The widest letter, CSS pixels, and the lines that are seen at most. */
const WIDE = 15;
const MOST = 3;

export class Text {
  /** @param {Model} model @param {() => void} again */
  constructor(model, again) {
    this.model = model;
    const { t } = model.stage;
    this.line = el("p", { class: "gen-line", translate: "no", role: "group", "aria-label": t("attention.generate.page.text") });
    this.by = new Switcher(t("attention.generate.page.colour"), [["weights", t("attention.generate.page.by_weights")], ["surprise", t("attention.generate.page.by_surprise")]], "weights", again);
    this.legend = el("p", { class: "caption" });
    this.notes = el("p", { class: "caption", hidden: true });
    this.element = el("div", { class: "gen-text" }, this.line, el("div", { class: "gen-by" }, this.by.element, this.legend), this.notes);
    /** @type {HTMLElement[]} */
    this.letters = [];
    this.line.addEventListener("click", (event) => {
      const at = place(event.target);
      if (at >= 0) this.#go(at);
    });
    this.line.addEventListener("pointermove", (event) => {
      const at = place(event.target);
      model.point(-1, at <= model.row ? at : -1);
    });
    this.line.addEventListener("pointerleave", () => model.point(-1));
    this.line.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      const at = place(event.target);
      if (!move || at < 0) return;
      this.letters[Math.max(0, Math.min(this.letters.length - 1, at + move))].focus();
      event.preventDefault();
    });
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.letters = [];
    this.line.replaceChildren();
    const ends = model.prompt.filter((token) => token === "\n").length;
    this.line.style.setProperty("--lines", String(Math.min(MOST, ends + Math.ceil((model.size * WIDE) / (this.element.clientWidth || 1)))));
    const { unknown = [], converted, left_out: leftOut } = model.note;
    const told = [
      unknown.length ? t("attention.generate.page.unknown", { count: unknown.length, some: [...new Set(unknown.map((/** @type {number} */ i) => model.prompt[i]))].slice(0, 8).join(" ") }) : "",
      converted ? t("attention.generate.page.converted", { count: converted }) : "",
      leftOut ? t("attention.generate.page.left_out", { count: leftOut }) : "",
    ].filter(Boolean);
    this.notes.textContent = told.join(" ");
    this.notes.hidden = !told.length;
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw({ seq }) {
    const { model } = this;
    const { t } = model.stage;
    const count = model.prompt.length + seq;
    for (const letter of this.letters.splice(count)) letter.remove();
    while (this.letters.length < count) {
      const at = this.letters.length;
      const token = model.token(at);
      const letter = el("button", { type: "button", class: `gen-letter${at < model.prompt.length ? " prompt" : ""}`, "data-place": at, "data-arrows": true, tabindex: -1 }, token === "\n" ? "⏎" : token);
      const end = token === "\n" ? el("br", {}) : null;
      this.letters.push(letter);
      this.line.append(letter, ...(end ? [end] : []));
      if (end) letter.remove = () => { end.remove(); Element.prototype.remove.call(letter); };
    }
    const byWeight = this.by.value === "weights";
    const shares = model.shares(model.layer, model.head);
    const follows = new Set(model.follows(model.row));
    for (const [at, letter] of this.letters.entries()) {
      const weight = shares.at(model.row, at);
      const frame = at >= model.prompt.length ? model.stage.timeline.frame(at - model.prompt.length + 1) : null;
      const nats = Number(frame?.tensors.surprise.data[0] ?? NaN);
      if (byWeight) letter.style.background = Number.isNaN(weight) ? "none" : `color-mix(in srgb, var(--accent) ${Math.round(75 * Math.sqrt(weight))}%, transparent)`;
      else letter.style.background = Number.isNaN(nats) ? "none" : model.tint(nats);
      letter.classList.toggle("row", at === model.row);
      letter.classList.toggle("column", at === (model.link.column >= 0 ? model.link.column : model.column));
      letter.classList.toggle("follows", byWeight && follows.has(at));
      letter.classList.toggle("now", seq > 0 && at === count - 1);
      letter.classList.toggle("chosen", frame !== null && Number.isNaN(Number(frame?.tensors.u.data[0])));
      letter.tabIndex = at === count - 1 ? 0 : -1;
      letter.title = byWeight ? (Number.isNaN(weight) ? "" : exact(weight)) : Number.isNaN(nats) ? "" : exact(nats);
    }
    const query = model.label(model.row);
    this.legend.textContent = byWeight ? t("attention.generate.page.legend_weights", { query, key: model.label(model.column), value: num(shares.at(model.row, model.column), 3) }) : t("attention.generate.page.legend_surprise", { nats: STRONGEST });
    this.line.scrollTop = this.line.scrollHeight;
  }

  /** To the step that wrote a token; of the prompt: what it looks at. @param {number} at */
  #go(at) {
    const { model } = this;
    if (at >= model.prompt.length) model.stage.player.seek(at - model.prompt.length + 1);
    else {
      const shares = model.shares(model.layer, model.head);
      let best = 0;
      for (let column = 1; column <= at; column += 1) if (shares.at(at, column) > shares.at(at, best)) best = column;
      if (model.stage.player.seq !== 0) model.stage.player.seek(0);
      model.stage.select({ kind: "weight", layer: model.layer, head: model.head, query: at, key: best });
    }
  }
}

/** @param {EventTarget | null} target */
function place(target) {
  return Number((target instanceof Element ? target.closest("[data-place]") : null)?.getAttribute("data-place") ?? -1);
}
