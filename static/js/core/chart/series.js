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
 * @property {"step" | "samples"} x
 * @property {number} last            the run's last step, 0 when it is not known
 * @property {number} racer           whose samples the play head follows
 * @property {(number | null)[]} [marks]  seqs with a vertical mark
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

/** The column of `samples` that belongs to a series: its own racer's. @param {Series} series @param {Plan} plan */
export function sampleColumn(series, plan) {
  return series.tensor === "loss" ? series.column : plan.racer;
}
