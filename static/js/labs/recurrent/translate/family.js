/** nn.RNNBase and what descends from it, as torch itself tells: the options of each, and who has a forward. */

import { card, el } from "../../../core/dom.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {[string, string | null]} Option  its name and its default; null: it must be given */
/** @typedef {{name: string, options: Option[], forward: boolean, answers?: string, parent?: string}} Relative */

export class Family {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.translate.page.family"), t("recurrent.translate.page.family_caption"));
    this.element = made.element;
    this.element.classList.add("translate-wide");
    this.list = el("div", { class: "translate-family" });
    made.body.append(this.list);
  }

  /** The run or the language changed. */
  plan() {
    const { base, subclasses = [], raises } = this.model.note.family ?? {};
    if (!base) return;
    const shared = new Map(/** @type {Option[]} */ (base.options));
    const children = subclasses.map((/** @type {Relative} */ one) => this.#relative(one, "", one.options.filter(([name]) => !subclasses.every((/** @type {Relative} */ other) => other.options.some(([theirs]) => theirs === name)))));
    const { t } = this.model.stage;
    const root = this.#relative(base, t("recurrent.translate.page.no_forward", { error: raises }), [...shared].filter(([name]) => subclasses.every((/** @type {Relative} */ one) => !one.options.some(([theirs]) => theirs === name))).map(([name, value]) => /** @type {Option} */ ([name, value])));
    this.list.replaceChildren(root, el("div", { class: "translate-children" }, ...children));
  }

  draw() {}

  /** @param {Relative} one @param {string} lacks @param {Option[]} own options that its relatives do not have */
  #relative(one, lacks, own) {
    const { model } = this;
    const { t } = model.stage;
    const names = new Set(own.map(([name]) => name));
    const head = one.parent ? t("recurrent.translate.page.parent", { name: `nn.${one.name}`, parent: one.parent }) : `nn.${one.name}`;
    const forward = one.forward ? t("recurrent.translate.page.forward", { signature: one.answers ?? "" }) : lacks;
    return el(
      "section",
      { class: `translate-relative${one.forward ? "" : " bare"}` },
      el("h3", {}, head, model.note.torch === one.name ? el("span", { class: "translate-here" }, t("recurrent.translate.page.runs_here")) : null),
      el("ul", {}, ...one.options.map(([name, value]) => el("li", { class: names.has(name) ? "only" : "", title: names.has(name) ? t("recurrent.translate.page.only") : value === null ? t("recurrent.translate.page.needed") : null }, value === null ? el("b", {}, name) : `${name}=${value}`))),
      el("p", { class: one.forward ? "translate-forward" : "translate-lacks" }, forward),
    );
  }
}
