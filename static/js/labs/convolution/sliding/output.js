/** One output channel filling in. A click goes to the step that computes the cell. */

import { num } from "../../../core/format.js";
import { Cells } from "../../../core/cells.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Output {
  /** @param {Model} model @param {number} channel */
  constructor(model, channel) {
    this.model = model;
    this.channel = channel;
    const { stage } = model;
    this.cells = new Cells(stage.t("convolution.sliding.page.output_grid", { channel }), (y, x) => this.#go(y, x), stage.announce);
    this.element = this.cells.element;
  }

  /** @param {FrameView} frame @param {number} size of a cell */
  draw(frame, size) {
    const { model, channel } = this;
    const { t } = model.stage;
    const { accent, text } = model.stage.plots.colors();
    const [, rows, cols] = model.out;
    const data = frame.tensors.output.data;
    const value = (/** @type {number} */ y, /** @type {number} */ x) => Number(data[(channel * rows + y) * cols + x]);
    /** @type {import("../../../core/cells.js").Frame[]} */
    const frames = [];
    const at = model.at(frame.seq);
    if (at?.[0] === channel) frames.push({ row: at[1], col: at[2], rows: 1, cols: 1, colour: accent, width: 3 });
    const marked = model.mark.at;
    if (marked?.[0] === channel && JSON.stringify(marked) !== JSON.stringify(at)) frames.push({ row: marked[1], col: marked[2], rows: 1, cols: 1, colour: text, dash: true });
    this.cells.show({
      rows,
      cols,
      size,
      range: { low: model.note.low, high: model.note.high },
      text: (v) => num(v, 3),
      value,
      told: (y, x) => {
        const v = value(y, x);
        const step = model.step([channel, y, x]);
        return t(Number.isNaN(v) ? "convolution.sliding.page.to_come" : "convolution.sliding.page.output", { channel, y, x, step, value: num(v) });
      },
      frames,
    });
  }

  /** @param {number} y @param {number} x */
  #go(y, x) {
    this.model.stage.select({ kind: "output" });
    this.model.stage.player.seek(this.model.step([this.channel, y, x]));
  }
}
