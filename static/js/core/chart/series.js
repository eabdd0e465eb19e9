/** What a chart draws: columns of tensors over time. */

/** @typedef {import("../timeline.js").Timeline} Timeline */

/**
 * @typedef {object} Series  one column of a tensor over time
 * @property {string} tensor
 * @property {number} column
 * @property {string} name        said on hover
 * @property {string} colour
 * @property {number[]} dash
 * @property {number} width
 * @property {number} [shift]     taken off each value before drawing (the least loss, for a log axis)
 * @property {boolean} [root]     draw the square root
 * @property {boolean} [floor]    on a log axis zero stands at the foot (a loss that reached its minimum); else it is a gap
 * @property {Timeline} [timeline] another run's, for a pinned one
 */

/**
 * @typedef {object} Plan  what a chart draws
 * @property {Series[]} series
 * @property {{lower: number, upper: number, colour: string}[]} [bands]  between two series, by index
 * @property {boolean} log
 * @property {"step" | "samples" | "lr"} x  steps, or the tensor of this name, a column a racer; rates stand on a logarithmic axis
 * @property {number} last            the run's last step, 0 when it is not known
 * @property {number} racer           whose samples (or rate) the play head follows
 * @property {(number | null)[]} [marks]  seqs with a vertical mark
 * @property {[number, number]} [window]  the steps that are shown, not all
 * @property {number} [decades]      that a logarithmic axis shows at most
 * @property {number} [cap]           leave out of the range what exceeds the first frame's greatest value so many times
 */

/**
 * What is drawn of frame `f` of a block.
 * @param {import("../types.js").Stacked} part
 * @param {number} f
 * @param {Series} series
 */
export function valueOf(part, f, series) {
  const value = Number(part.data[f * part.size + series.column]) - (series.shift ?? 0);
  return series.root ? Math.sqrt(value) : value;
}

/** What a block's frames are placed by along the x axis; nothing: their steps. @param {import("../types.js").Block} block @param {Plan} plan */
export function placing(block, plan) {
  return plan.x === "step" ? undefined : block.tensor(plan.x);
}

/**
 * Where frame `f` of a block stands along the x axis.
 * @param {import("../types.js").Block} block
 * @param {import("../types.js").Stacked | undefined} places
 * @param {number} f
 * @param {number} column a racer's
 */
export function along(block, places, f, column) {
  return places ? Number(places.data[f * places.size + column]) : block.steps[f];
}

/** The column of `samples` that belongs to a series: its own racer's. @param {Series} series @param {Plan} plan */
export function sampleColumn(series, plan) {
  return series.tensor === "loss" ? series.column : plan.racer;
}
