/** What was read and what was written, each written character coloured by how little it was expected. */

import { el } from "../../../core/dom.js";
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
    /** @type {HTMLElement[]} */
    this.letters = [];
    this.head = el("span", { class: "writing-prompt" });
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
    this.line.replaceChildren(this.head);
    const told = [
      unknown.length ? t("recurrent.gates.page.unknown", { count: unknown.length, some: [...new Set(unknown.map((/** @type {number} */ i) => model.prompt[i]))].slice(0, 8).join(" ") }) : "",
      converted ? t("recurrent.gates.page.converted", { count: converted }) : "",
    ].filter(Boolean);
    this.told.textContent = told.join(" ");
    this.told.hidden = !told.length;
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw({ seq }) {
    const { model } = this;
    for (const letter of this.letters.splice(seq)) letter.remove();
    const fresh = [];
    while (this.letters.length < seq) {
      const at = this.letters.length + 1;
      const frame = model.stage.timeline.frame(at);
      if (!frame) break;
      const token = String(frame.note.token);
      const letter = el("span", { "data-t": at, class: Number.isNaN(Number(frame.tensors.u.data[0])) ? "chosen" : null }, token === "\n" ? "⏎\n" : token);
      letter.style.background = model.tint(Number(frame.tensors.surprise.data[0]));
      this.letters.push(letter);
      fresh.push(letter);
    }
    this.line.append(...fresh);
    this.line.querySelector(".now")?.classList.remove("now");
    this.letters[seq - 1]?.classList.add("now");
    if (fresh.length) this.line.scrollTop = this.line.scrollHeight;
  }
}
