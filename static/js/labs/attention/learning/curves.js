/** The loss, what is right, the heads' scores or the gradient over the checkpoints. */

import { Curves as Lines } from "../../../core/curves.js";
import { num } from "../../../core/format.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("./model.js").Model} Model */

/** A tensor's columns. @type {Record<string, string[]>} */
const LINES = { loss: ["trained", "tested"], accuracy: ["tokens", "exact"], gradient: ["norm"] };
/** The layers of a network by their stroke. */
const DASHES = [[2, 3], [], [7, 3]];

export class Curves extends Lines {
  /** @param {Model} model @param {string} what */
  constructor(model, what) {
    super(model, model.stage.t(`attention.learning.page.${what}`));
    this.model = model;
    this.what = what;
  }

  /** @returns {import("../../../core/chart/series.js").Series[]} */
  #lines() {
    const { model, what } = this;
    const { t } = model.stage;
    if (what !== "scores") return LINES[what].map((id, column) => ({ tensor: what, column, name: t(`attention.learning.page.${id}`), colour: racerColor([1, 4][column]), dash: [], width: 2 }));
    return Array.from({ length: model.layers * model.heads }, (_, column) => {
      const [layer, head] = [Math.floor(column / model.heads), column % model.heads];
      return { tensor: what, column, name: `${layer + 1}·${head + 1}`, colour: racerColor(head), dash: model.layers === 1 ? [] : DASHES[layer], width: 1.8 };
    });
  }

  plan() {
    const { model, what } = this;
    this.card.caption.textContent = model.stage.t(`attention.learning.page.${what}.about`, { tested: model.note.tested, chance: num(model.chance, 2) });
    const looks = (/** @type {number} */ column) => () => model.look(Math.floor(column / model.heads), column % model.heads);
    const last = Math.ceil(Number(model.params.steps ?? 0) / Number(model.params.every ?? 1));
    this.show(this.#lines(), last, { log: what === "loss", ...(what === "scores" ? { opens: looks } : {}) });
  }
}
