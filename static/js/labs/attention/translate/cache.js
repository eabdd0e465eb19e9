/** The cache: which keys and values were kept, which this step computed, what that spares, and that it changes nothing. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";

/** @typedef {import("./model.js").Model} Model */

export class Cache {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("attention.translate.page.cache"), t("attention.translate.page.cache_caption"));
    this.element = this.card.element;
    this.element.classList.add("tr-cache");
    this.own = el("div", { class: "tr-keys", role: "group", "aria-label": t("attention.translate.map.self") });
    this.cross = el("div", { class: "tr-keys", role: "group", "aria-label": t("attention.translate.map.cross") });
    this.signs = el("p", { class: "tr-signs" }, ...["kept", "made", "coming"].map((id) => el("span", {}, el("i", { class: `tr-key ${id}` }), t(`attention.translate.page.key_${id}`))));
    this.numbers = el("p", {});
    this.bars = el("div", { class: "tr-bars" });
    this.check = el("p", { class: "parity" });
    this.empty = el("p", { class: "muted" }, t("attention.translate.page.cache_empty"));
    this.shown = el("div", {}, el("h3", {}, t("attention.translate.page.cache_self")), this.own, el("h3", {}, t("attention.translate.page.cache_cross")), this.cross, this.signs, this.numbers, this.bars, this.check);
    this.card.body.append(this.shown, this.empty);
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    const { t } = model.stage;
    const says = model.says(seq, model.row);
    this.shown.hidden = !says;
    this.empty.hidden = Boolean(says);
    if (!says) return;
    const step = seq - model.read;
    const place = { self: model.opened.place("self", seq), cross: model.opened.place("cross", seq) };
    const key = (/** @type {"self" | "cross"} */ map, /** @type {number} */ at, /** @type {string} */ how) =>
      el("button", { type: "button", class: `tr-key ${how}`, disabled: how === "coming", title: t(`attention.translate.page.key_${how}`), onclick: () => model.stage.select({ kind: "k", map, row: model.row, layer: place[map].layer, head: Math.min(place[map].head, model.heads - 1), token: at, column: 0 }) }, el("bdi", {}, model.columnOf(map, at) || "…"));
    this.own.replaceChildren(...[...Array(model.said).keys()].map((at) => key("self", at, at < step - 1 ? "kept" : at === step - 1 ? "made" : "coming")));
    this.cross.replaceChildren(...model.tokens.map((_, at) => key("cross", at, step > 1 ? "kept" : "made")));
    const { now, without, now_total, without_total } = says.cached;
    this.numbers.replaceChildren(
      t("attention.translate.page.spared", { now: num(now, 8), without: num(without, 8) }),
      " ",
      el("button", { type: "button", class: "value enc-open", "data-exact": exact(1 - now / without), onclick: () => model.stage.select({ kind: "spared", row: model.row }) }, `${num(100 * (1 - now / without), 3)} %`),
      " ",
      t("attention.translate.page.spared_total", { share: num(100 * (1 - now_total / without_total), 3) }),
    );
    const bar = (/** @type {string} */ name, /** @type {number} */ value) => el("div", { class: "enc-bar", style: `--share:${(100 * value) / without_total}%` }, el("span", {}, t(`attention.translate.page.${name}`)), el("span", { class: "value" }, num(value, 8)));
    this.bars.replaceChildren(bar("with_cache", now_total), bar("without_cache", without_total));
    const apart = Number(model.stage.timeline.frame(seq)?.tensors.parity?.data[2] ?? NaN);
    this.check.textContent = t("attention.translate.page.cached_equals", { difference: num(apart, 2) });
    this.check.classList.toggle("good", apart < 1e-4);
    this.check.classList.toggle("bad", apart >= 1e-4);
  }
}
