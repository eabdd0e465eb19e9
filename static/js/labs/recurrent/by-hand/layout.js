/** Where everything of the unrolled graph lies: columns are time steps, rows go from the inputs up to the outputs. */

/** @typedef {import("./model.js").Model} Model */
/** @typedef {{name: string, d: number, alone: boolean, y: number, width: number, lines: number}} Row   y: the top of its cells, which stand in `lines` where they do not fit beside each other */
/** @typedef {{d: number, top: number, bottom: number}} Box   a direction's cell: the same in every column */

export const WIDTH = 44;
/** A cell's height: the largest with which all fits. */
const HEIGHT = { least: 20, most: 26 };
/** Around the cells of a box, and at both ends. */
const BOX = 8;
const SIDE = 8;
/** Between columns. */
const BETWEEN = { least: 26, most: 64 };
/** Between the boxes of two directions, where lines turn. */
const ROUTES = 34;
/** Between rows. */
const ROOM = { least: 7, most: 46 };

export class Layout {
  /** @param {Model} model @param {number} width @param {number} height that is there */
  constructor(model, width, height) {
    const rows = [
      { name: "y", d: 0, alone: true },
      { name: "y", d: 0, alone: false },
      ...Array.from({ length: model.directions }, (_, i) => model.directions - 1 - i).flatMap((d) => [...model.rows].reverse().map((name) => ({ name, d, alone: false }))),
      { name: "x", d: 0, alone: false },
    ];
    this.steps = model.steps;
    /** Initial states stand at one end or at both. */
    const ends = model.cell === "jordan" ? 0 : model.directions;
    const gaps = Math.max(1, model.steps - 1 + ends);
    const room = (/** @type {number} */ units) => (width - 2 * SIDE - model.steps * (units * WIDTH + 2 * BOX) - ends * model.sizes.hidden * WIDTH) / gaps;
    /** Cells beside each other: all of the widest row, or where that is too wide those of the box. */
    const widest = Math.max(model.sizes.inputs, model.sizes.hidden, model.sizes.outputs);
    this.units = room(widest) >= BETWEEN.least ? widest : Math.max(...model.rows.map((name) => model.width(name)));
    this.column = this.units * WIDTH + 2 * BOX;
    this.between = Math.max(BETWEEN.least, Math.min(BETWEEN.most, room(this.units)));
    const lines = (/** @type {string} */ name) => Math.ceil(model.width(name) / this.units);
    /** Between two boxes and what is around them there is twice as much room. */
    const breaks = model.directions + 2;
    const every = rows.reduce((sum, { name }) => sum + lines(name), 0);
    const rooms = rows.length - 1 + breaks;
    const high = Math.floor((height - 30 - rooms * ROOM.least) / every);
    this.high = Math.max(HEIGHT.least, Math.min(HEIGHT.most, high));
    const gap = Math.max(ROOM.least, Math.min(ROOM.most, (height - 30 - every * this.high) / rooms));
    this.stride = this.column + this.between;
    this.start = ends ? model.sizes.hidden * WIDTH + this.between : 0;
    this.left = SIDE + this.start;
    this.width = this.left + model.steps * this.stride - this.between + (ends === 2 ? this.start : 0) + SIDE;
    const apart = Math.max(2 * gap, model.directions === 2 ? ROUTES : 0);
    /** @type {Row[]} */
    this.rows = [];
    /** @type {Box[]} */
    this.boxes = [];
    let y = 4;
    rows.forEach((row, i) => {
      const next = rows[i + 1];
      const height = lines(row.name) * this.high;
      this.rows.push({ ...row, y, width: model.width(row.name), lines: lines(row.name) });
      const inside = (/** @type {{name: string} | undefined} */ one) => one !== undefined && one.name !== "x" && one.name !== "y";
      const same = next && inside(row) && inside(next) && row.d === next.d;
      y += height + (same || (row.alone && next) ? gap : apart);
    });
    for (let d = 0; d < model.directions; d += 1) {
      const mine = this.rows.filter((row) => row.name !== "x" && row.name !== "y" && row.d === d);
      this.boxes.push({ d, top: mine[0].y - BOX, bottom: mine[mine.length - 1].y + this.high + BOX });
    }
    const lowest = this.rows[this.rows.length - 1];
    this.times = lowest.y + lowest.lines * this.high + 16;
    this.height = this.times + 6;
  }

  /** The left edge of a column's box. @param {number} t */
  x(t) {
    return this.left + t * this.stride;
  }

  /** The middle of a column. @param {number} t */
  middle(t) {
    return this.x(t) + this.column / 2;
  }

  /** The left and top edge of a cell. @param {Row} row @param {number} t @param {number} k @returns {[number, number]} */
  cell(row, t, k) {
    const beside = Math.ceil(row.width / row.lines);
    const line = Math.floor(k / beside);
    const here = Math.min(beside, row.width - line * beside);
    return [this.middle(t) + ((k % beside) - here / 2) * WIDTH, row.y + line * this.high];
  }

  /** @param {string} name @param {number} d @param {boolean} [alone] */
  row(name, d, alone = false) {
    const found = this.rows.find((row) => row.name === name && row.d === d && row.alone === alone);
    if (!found) throw new Error(`the graph has no row ${name}`);
    return found;
  }

  /** The left edge of the cells of the initial state: before the first column, for the reverse direction after the last. @param {number} d */
  initial(d) {
    return d ? this.x(this.steps) : this.left - this.start;
  }
}
