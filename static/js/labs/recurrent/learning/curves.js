/** The loss or the accuracy over the checkpoints. */

import { Curves as Lines } from "../../../core/curves.js";
import { num } from "../../../core/format.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("./model.js").Model} Model */

const LINES = { loss: ["trained", "tested"], accuracy: ["answers", "whole", "macro"] };

export class Curves extends Lines {
  /** @param {Model} model @param {"loss" | "accuracy"} what */
  constructor(model, what) {
    super(model, model.stage.t(`recurrent.learning.page.${what}`));
    this.model = model;
    this.what = what;
  }

  plan() {
    const { model, what } = this;
    const { t } = model.stage;
    const classes = model.classes.length > 0;
    const lines = LINES[what].flatMap((id, i) => (id === "macro" && !classes ? [] : [{ tensor: what, column: i, name: t(`recurrent.learning.page.${id}`), colour: racerColor([1, 4, 5][i]), dash: i === 2 ? [5, 3] : [], width: 2 }]));
    // Of one answer a sequence both shares are the same.
    const shown = what === "accuracy" && !model.note.every_step ? lines.filter((_, i) => i !== 1) : lines;
    const chance = Number(model.note.chance);
    this.card.caption.textContent = what === "accuracy" ? (classes ? t("recurrent.learning.page.chance", { chance: num(100 * chance, 3) }) : t("recurrent.learning.page.near")) : classes ? t("recurrent.learning.page.nats") : t("recurrent.learning.page.squared", { chance: num(chance, 3) });
    this.show(shown, Math.ceil(Number(model.params.steps ?? 0) / Number(model.params.every ?? 1)), { log: what === "loss" });
  }
}
