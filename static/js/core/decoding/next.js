/** What the decoder says at this step: the likeliest characters, the one it says and the right one marked. */

import { card, el } from "../dom.js";
import { exact, num } from "../format.js";

/** @typedef {import("./speaker.js").Speaker} Speaker */

const MOST = 8;

export class Next {
  /** @param {Speaker} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("decoding.next"), t("decoding.next_caption"));
    this.element = this.card.element;
    this.list = el("ol", { class: "next-list translate-next" });
    this.empty = el("p", { class: "muted" });
    this.card.body.append(this.list, this.empty);
  }

  /** The run or the language changed. */
  plan() {
    this.list.replaceChildren();
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const { t } = model.stage;
    const p = model.stage.timeline.frame(seq)?.tensors[`${model.row}/p`]?.data;
    const said = model.says(seq, model.row)?.said;
    this.list.hidden = said === undefined || !p;
    this.empty.hidden = !this.list.hidden;
    if (said === undefined || !p) {
      this.empty.textContent = seq > model.read ? t("decoding.over", { row: model.named(model.row) }) : t("decoding.still_reads", { step: model.read + 1 });
      return;
    }
    const right = model.wanted?.[seq - model.read - 1];
    const order = Array.from({ length: p.length }, (_, k) => k).sort((a, b) => Number(p[b]) - Number(p[a]));
    const shown = order.slice(0, MOST);
    for (const token of [said, right]) if (token !== undefined && !shown.includes(token)) shown.push(token);
    this.list.replaceChildren(...shown.map((token) => el("li", {}, this.#row(token, Number(p[token]), token === said, token === right))));
  }

  /** @param {number} token @param {number} value @param {boolean} said @param {boolean} right */
  #row(token, value, said, right) {
    const { model } = this;
    const name = model.shown(token);
    const label = model.stage.t(right ? "decoding.chance_right" : "decoding.chance", { token: name, p: num(100 * value, 3) });
    const bar = el("i", {});
    bar.style.width = `${100 * value}%`;
    return el(
      "button",
      { type: "button", class: said ? "right" : "", "aria-label": label, "data-exact": exact(value), onclick: () => model.stage.select({ kind: "probability", token, row: model.row }) },
      el("span", { class: "value" }, right ? `${name} ✓` : name),
      el("span", { class: "next-bar" }, bar),
      el("span", { class: "value" }, `${num(100 * value, 3)} %`),
    );
  }
}
