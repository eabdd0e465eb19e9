/** What was read and what was written, each written character coloured by how little it was expected; below it the pinned text. */

import { card, el } from "../../../core/dom.js";
import { STRONGEST } from "../../../core/writing/model.js";

/** @typedef {import("../../../core/writing/model.js").Model} Model */

export class Text {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.line = el("p", { class: "generate-line", translate: "no" });
    this.told = el("p", { class: "caption", hidden: true });
    const scale = el("span", { class: "generate-scale", "aria-hidden": "true" }, ...Array.from({ length: 7 }, () => el("i", {})));
    for (const [k, swatch] of [...scale.children].entries()) /** @type {HTMLElement} */ (swatch).style.background = model.tint((STRONGEST * k) / 6);
    this.legend = el("p", { class: "caption generate-legend" }, t("writing.page.expected"), scale, t("writing.page.surprising", { nats: STRONGEST }));
    this.element = el("div", { class: "generate-text" }, this.line, this.legend, this.told);
    const kept = card(t("recurrent.generate.page.pinned"), t("recurrent.generate.page.pinned_caption"));
    this.kept = kept.element;
    this.kept.hidden = true;
    this.kept.classList.add("generate-pinned");
    this.keptLine = el("p", { class: "generate-line", translate: "no" });
    kept.body.append(this.keptLine);
    /** What the pinned run wrote, and from where on this one wrote something else. @type {string[]} */
    this.before = [];
    this.other = -1;
    /** @type {string[]} */
    this.tokens = [];
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** @type {HTMLElement[]} */
    this.letters = [];
    this.head = el("span", { class: "generate-prompt" });
    this.line.addEventListener("click", (event) => {
      const letter = event.target instanceof Element ? event.target.closest("[data-t]") : null;
      if (letter) model.stage.player.seek(Number(letter.getAttribute("data-t")));
    });
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const { unknown = [], converted } = model.note;
    this.head.textContent = model.prompt.join("");
    this.letters = [];
    this.tokens = [];
    this.line.replaceChildren(this.head);
    const told = [
      unknown.length ? t("recurrent.gates.page.unknown", { count: unknown.length, some: [...new Set(unknown.map((/** @type {number} */ i) => model.prompt[i]))].slice(0, 8).join(" ") }) : "",
      converted ? t("recurrent.gates.page.converted", { count: converted }) : "",
    ].filter(Boolean);
    this.told.textContent = told.join(" ");
    this.told.hidden = !told.length;
    const { pinned } = this;
    this.kept.hidden = !pinned;
    this.other = -1;
    this.before = Array.from({ length: pinned?.timeline.last ?? 0 }, (_, k) => String(pinned?.timeline.frame(k + 1)?.note.token ?? ""));
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    for (const letter of this.letters.splice(seq)) letter.remove();
    this.tokens.length = this.letters.length;
    const fresh = [];
    while (this.letters.length < seq) {
      const at = this.letters.length + 1;
      const frame = model.stage.timeline.frame(at);
      if (!frame) break;
      const token = String(frame.note.token);
      const letter = el("span", { "data-t": at, class: Number.isNaN(Number(frame.tensors.u.data[0])) ? "chosen" : null }, token === "\n" ? "⏎\n" : token);
      letter.style.background = model.tint(Number(frame.tensors.surprise.data[0]));
      this.letters.push(letter);
      this.tokens.push(token);
      fresh.push(letter);
    }
    this.line.append(...fresh);
    this.line.querySelector(".now")?.classList.remove("now");
    this.letters[seq - 1]?.classList.add("now");
    if (fresh.length) this.line.scrollTop = this.line.scrollHeight;
    if (this.pinned) this.#compare();
  }

  /** The text of the pinned run, marked from the first character on that this run wrote otherwise. */
  #compare() {
    const end = Math.min(this.before.length, this.letters.length);
    let at = 0;
    while (at < end && this.before[at] === this.tokens[at]) at += 1;
    const other = at < end ? at : this.before.length;
    if (other === this.other) return;
    this.other = other;
    const prompt = (this.pinned?.scene.note.prompt ?? []).join("");
    this.keptLine.replaceChildren(el("span", { class: "generate-prompt" }, prompt), this.before.slice(0, other).join(""), el("mark", {}, this.before.slice(other).join("")));
  }
}
