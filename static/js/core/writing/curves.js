/** The nats of each written character, and the entropy of what it was drawn from. */

import { Curves as Lines } from "../curves.js";
import { racerColor } from "../plots.js";

/** @typedef {import("./model.js").Model} Model */

export class Curves extends Lines {
  /** @param {Model} model */
  constructor(model) {
    super(model, model.stage.t("writing.page.curves"), model.stage.t("writing.page.curves_caption"));
    this.model = model;
  }

  plan() {
    const { model } = this;
    const lines = ["surprise", "entropy"].map((tensor, k) => ({ tensor, column: 0, name: model.stage.t(`writing.page.${tensor}`), colour: racerColor([1, 4][k]), dash: k ? [5, 3] : [], width: k ? 2 : 1.3 }));
    this.show(lines, Number(model.params.count ?? 0), { beside: lines.slice(1) });
  }
}
