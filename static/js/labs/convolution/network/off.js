/** What is switched off in this run, each with its way back. */

import { el, icon } from "../../../core/dom.js";

/** @typedef {import("./model.js").Network} Network */

export class Off {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.element = el("div", { class: "net-offs", hidden: true });
  }

  /** The run, or the language, is another. */
  plan() {
    const { network } = this;
    const { t } = network.stage;
    const { off } = network;
    this.element.hidden = !off.length;
    this.element.replaceChildren(
      el("span", { class: "caption" }, t("convolution.page.off")),
      ...off.map(({ layer, channel }) => {
        const text = t("convolution.page.off_one", { layer, channel });
        return el("button", { type: "button", class: "button small", "aria-label": t("convolution.page.off_undo", { what: text }), onclick: () => network.toggle(layer, channel) }, text, icon("close"));
      }),
      ...(off.length > 1 ? [el("button", { type: "button", class: "button small", onclick: () => network.stage.edit({ ablate: [] }) }, t("convolution.page.off_none"))] : []),
    );
  }
}
