/** What may come: of each token what the model says and what is drawn from; another one can be written instead. */

import { card, el, icon } from "../dom.js";
import { exact, num } from "../format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../types.js").FrameView} FrameView */

const MOST = 12;

export class Chances {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("writing.page.chances"), t("writing.page.chances_caption"));
    this.element = made.element;
    this.element.classList.add("writing-chances");
    this.rows = Array.from({ length: MOST + 1 }, () => this.#row());
    this.list = el("ol", { class: "next-list" }, ...this.rows.map(({ item }) => item));
    this.empty = el("p", { class: "muted" }, t("writing.page.none_yet"));
    this.cut = el("p", { class: "caption" });
    made.body.append(this.list, this.cut, this.empty);
    this.seq = 0;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.seq = frame.seq;
    const none = frame.seq === 0;
    this.list.hidden = none;
    this.cut.hidden = none;
    this.empty.hidden = !none;
    if (none) return;
    const { ids, probabilities, drawn_from: drawnFrom, written, kept } = frame.tensors;
    const id = Number(frame.note.id);
    const shown = Array.from({ length: Math.min(MOST, ids.data.length) }, (_, k) => ({ token: Number(ids.data[k]), p: Number(probabilities.data[k]), q: Number(drawnFrom.data[k]) }));
    if (!shown.some(({ token }) => token === id)) shown.push({ token: id, p: Number(written.data[0]), q: Number(written.data[2]) });
    for (const [k, row] of this.rows.entries()) {
      const one = shown[k];
      row.item.hidden = !one;
      if (!one) continue;
      const { token, p, q } = one;
      const name = model.name(token);
      row.token = token;
      row.open.classList.toggle("right", token === id);
      row.open.classList.toggle("cut", q === 0);
      row.open.setAttribute("aria-label", t(token === id ? "writing.page.chance_written" : "writing.page.chance", { token: name, p: num(100 * p, 3), q: num(100 * q, 3) }));
      row.open.setAttribute("data-exact", exact(q));
      row.name.textContent = name;
      row.share.textContent = q === 0 ? t("writing.page.cut") : `${num(100 * q, 3)} %`;
      row.bar.style.width = `${100 * q}%`;
      row.own.style.width = `${100 * p}%`;
      row.write.setAttribute("aria-label", t("writing.page.write", { token: name }));
      row.write.title = t("writing.page.write", { token: name });
      row.write.style.visibility = token === id || model.note.never.includes(token) ? "hidden" : "";
    }
    const all = model.note.vocabulary.length;
    this.cut.textContent = t("writing.page.kept", { kept: Number(kept.data[0]), all });
  }

  #row() {
    const { stage } = this.model;
    const [name, share] = [el("span", { class: "value" }), el("span", { class: "value" })];
    const [bar, own] = [el("i", {}), el("b", {})];
    const open = el("button", { type: "button", onclick: () => stage.select({ kind: "drawn_from", token: row.token }) }, name, el("span", { class: "next-bar" }, bar, own), share);
    const write = el("button", { type: "button", class: "writing-instead", onclick: () => this.model.choose(this.seq, row.token) }, icon("branch"));
    const row = { token: 0, name, share, bar, own, open, write, item: el("li", { class: "writing-row" }, open, write) };
    return row;
  }
}
