/** The translator's whole world: every word that it can read; one that is pressed is added to the text. */

import { card, el } from "../../../core/dom.js";

/** @typedef {import("./model.js").Model} Model */

export class World {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("attention.translate.page.world"), t("attention.translate.page.world_caption"));
    this.element = this.card.element;
    this.element.classList.add("tr-wide");
    this.list = el("div", { class: "tr-world", translate: "no" });
    this.card.body.append(this.list);
    this.key = "";
  }

  /** The run changed. */
  plan() {
    const { model } = this;
    const { task, known = [] } = model.note;
    if (task === this.key) return;
    this.key = task;
    const joined = task.startsWith("english") ? " " : "";
    const words = known.filter((/** @type {string} */ word) => !["。", "."].includes(word) || task === "dates");
    this.list.replaceChildren(...words.map((/** @type {string} */ word) => el("button", { type: "button", class: "enc-word", onclick: () => model.stage.edit({ text: `${String(model.stage.params().text).replace(/\s*[.。]\s*$/u, "")}${joined}${word}` }) }, word === " " ? "␣" : word)));
  }
}
