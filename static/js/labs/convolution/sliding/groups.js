/** From standard to depthwise: weights and multiplications for every number of groups; a button chooses one. */

import { card, el } from "../../../core/dom.js";

/** @typedef {import("./model.js").Model} Model */

export class Groups {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("convolution.sliding.page.cost"), t("convolution.sliding.page.cost_caption"));
    this.element = this.card.element;
    this.element.classList.add("slide-groups");
  }

  /** The run changed. */
  plan() {
    const { stage, note, shape, out } = this.model;
    const { t } = stage;
    const head = ["groups", "weights", "macs"].map((name) => el("th", { scope: "col", title: name === "macs" ? t("convolution.sliding.page.macs_help") : null }, t(`convolution.sliding.page.${name}`)));
    const rows = note.grouped.map((/** @type {{groups: number, weights: number, macs: number}} */ one) => {
      const chosen = one.groups === note.groups;
      const words = one.groups === 1 ? "standard" : one.groups === shape[0] ? "depthwise" : "grouped";
      // Typed kernels fit one number of groups only.
      const fixed = this.model.params.kernel === "custom" && !chosen;
      const name = t(`convolution.sliding.page.${words}`, { groups: one.groups });
      const button = el("button", { type: "button", class: "button small", "aria-pressed": String(chosen), disabled: fixed, title: fixed ? t("convolution.sliding.page.typed_groups") : null, onclick: () => stage.edit({ groups: one.groups }) }, name);
      return el("tr", { class: chosen ? "chosen" : null }, el("td", {}, button), el("td", {}, el("span", { class: "value" }, one.weights.toLocaleString("en"))), el("td", {}, el("span", { class: "value" }, one.macs.toLocaleString("en"))));
    });
    const biases = note.counts.bias ? t("convolution.sliding.page.biases", { count: note.counts.bias }) : t("convolution.sliding.page.no_bias");
    const shapes = t("convolution.sliding.page.shapes", { input: shape.join(" × "), output: out.join(" × ") });
    this.card.body.replaceChildren(el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)), el("p", { class: "caption" }, `${shapes} ${biases}`));
  }
}
