/** The whole text, each character coloured by the unit that is looked at (Karpathy's way); a marked passage finds its units. */

import { card, el } from "../../../core/dom.js";
import { css } from "./tape.js";

/** @typedef {import("./model.js").Model} Model */

export class Text {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.gates.page.text"), t("recurrent.gates.page.text_caption"));
    this.element = made.element;
    this.element.classList.add("gates-text");
    this.line = el("p", { class: "gates-line", translate: "no" });
    this.told = el("p", { class: "caption", hidden: true });
    this.from = el("input", { type: "number", min: 1, step: 1, class: "gates-from", "aria-label": t("recurrent.gates.page.from") });
    this.to = el("input", { type: "number", min: 1, step: 1, class: "gates-to", "aria-label": t("recurrent.gates.page.to") });
    this.find = el("button", { type: "button", class: "button small", onclick: () => this.#find() }, t("recurrent.gates.page.find"));
    this.forget = el("button", { type: "button", class: "button small", onclick: () => model.stage.edit({ mark: null }) }, t("recurrent.gates.page.forget"));
    const label = el("span", { class: "caption" }, t("recurrent.gates.page.passage"));
    this.mark = el("div", { class: "gates-mark", hidden: true }, label, this.from, el("span", {}, "–"), this.to, this.find, this.forget);
    made.body.append(this.line, this.told, this.mark);
    /** @type {HTMLElement[]} */
    this.letters = [];
    this.painted = 0;
    this.key = "";
    this.seq = 0;
    this.#listen();
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const mark = model.params.mark;
    const unknown = new Set(model.note.unknown ?? []);
    this.letters = model.tokens.map((token, i) => {
      const shown = token === "\n" ? "⏎\n" : token;
      const inside = mark && i >= mark[0] && i < mark[1];
      return el("span", { class: `${unknown.has(i) ? "unknown" : ""}${inside ? " marked" : ""}`, "data-t": i }, shown);
    });
    this.line.replaceChildren(...this.letters);
    this.key = "";
    for (const input of [this.from, this.to]) input.max = String(model.tokens.length);
    if (mark) [this.from.value, this.to.value] = [String(mark[0] + 1), String(mark[1])];
    else if (!this.from.value) [this.from.value, this.to.value] = ["1", String(Math.min(4, model.tokens.length))];
    this.mark.hidden = false;
    this.forget.hidden = !mark;
    const { unknown: list = [], converted, cut } = model.note;
    const told = [
      cut ? t("recurrent.gates.page.cut", { count: cut, read: model.tokens.length }) : "",
      list.length ? t("recurrent.gates.page.unknown", { count: list.length, some: [...new Set(list.map((/** @type {number} */ i) => model.tokens[i]))].slice(0, 8).join(" ") }) : "",
      converted ? t("recurrent.gates.page.converted", { count: converted }) : "",
    ].filter(Boolean);
    this.told.textContent = told.join(" ");
    this.told.hidden = !told.length;
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const { unit } = model;
    const key = `${unit.name} ${model.row(unit)} ${unit.unit}`;
    if (key !== this.key || seq < this.painted) {
      for (const letter of this.letters.slice(key === this.key ? seq : 0, this.painted)) letter.style.background = "";
      this.painted = key === this.key ? Math.min(this.painted, seq) : 0;
      this.key = key;
    }
    const words = model.palette(unit.name);
    model.column(unit.name, model.row(unit) * model.hidden + unit.unit, this.painted + 1, seq, (at, value) => {
      const level = model.level(unit.name, value);
      const letter = this.letters[at - 1];
      if (letter) letter.style.background = level < 0 ? "" : css(words[level], 0.55);
    });
    this.painted = seq;
    this.letters[this.seq - 1]?.classList.remove("now");
    this.letters[seq - 1]?.classList.add("now");
    this.seq = seq;
  }

  #find() {
    const [first, end] = [Number(this.from.value) - 1, Number(this.to.value)];
    if (first >= 0 && end > first && end <= this.model.tokens.length) this.model.stage.edit({ mark: [first, end] });
    else this.model.stage.announce(this.model.stage.t("recurrent.gates.page.no_passage"));
  }

  #listen() {
    const place = (/** @type {Node | null} */ node) => Number((node instanceof Element ? node : node?.parentElement)?.closest("[data-t]")?.getAttribute("data-t") ?? NaN);
    this.line.addEventListener("click", (event) => {
      const t = place(/** @type {Node} */ (event.target));
      if (!Number.isNaN(t) && (getSelection()?.isCollapsed ?? true)) this.model.stage.player.seek(t + 1);
    });
    this.line.addEventListener("pointerup", () => {
      const selection = getSelection();
      if (!selection || selection.isCollapsed) return;
      const [a, b] = [place(selection.anchorNode), place(selection.focusNode)];
      if (Number.isNaN(a) || Number.isNaN(b)) return;
      this.from.value = String(Math.min(a, b) + 1);
      this.to.value = String(Math.max(a, b) + 1);
    });
  }
}
