/** A small chart drawn as SVG: axes with a few ticks, lines, points, a marker. Its colours are the page's own. */

const SVG = "http://www.w3.org/2000/svg";
const PAD = { left: 34, right: 10, top: 8, bottom: 20 };

/** @typedef {{low: number, high: number, log?: boolean, ticks: [number, string][]}} Axis */
/** @typedef {{x: ArrayLike<number>, y: ArrayLike<number>, name: string, dash?: string}} Line   `name`: its CSS class */
/** @typedef {{x: number, y: number, r: number, name: string}} Dot */

export class Plot {
  /** @param {string} label */
  constructor(label) {
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "pool-plot");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", label);
    /** @type {Axis} */
    this.x = { low: 0, high: 1, ticks: [] };
    /** @type {Axis} */
    this.y = { low: 0, high: 1, ticks: [] };
    this.width = 240;
    this.height = 110;
  }

  /**
   * @param {{x: Axis, y: Axis, lines: Line[], dots?: Dot[], marker?: number | null, height?: number}} what
   */
  show({ x, y, lines, dots = [], marker = null, height = 110 }) {
    this.x = x;
    this.y = y;
    this.width = Math.max(160, this.svg.parentElement?.clientWidth ?? 240);
    this.height = height;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.svg.setAttribute("width", String(this.width));
    this.svg.setAttribute("height", String(height));
    this.svg.replaceChildren(...this.#axes(), ...lines.map((line) => this.#line(line)), ...dots.map((dot) => this.#dot(dot)), ...this.#marker(marker));
  }

  /** Where a value of x stands, and back. @param {number} value */
  across(value) {
    return PAD.left + share(this.x, value) * (this.width - PAD.left - PAD.right);
  }

  /** @param {number} value */
  down(value) {
    return this.height - PAD.bottom - share(this.y, value) * (this.height - PAD.top - PAD.bottom);
  }

  /** The value of x under a pointer. @param {PointerEvent | MouseEvent} event */
  under(event) {
    const box = this.svg.getBoundingClientRect();
    const at = (event.clientX - box.left - PAD.left) / (this.width - PAD.left - PAD.right);
    const { low, high, log } = this.x;
    const place = Math.max(0, Math.min(1, at));
    return log ? low * (high / low) ** place : low + place * (high - low);
  }

  #axes() {
    const found = [];
    for (const [value, text] of this.x.ticks) {
      const at = this.across(value);
      found.push(node("line", { x1: at, x2: at, y1: PAD.top, y2: this.height - PAD.bottom, class: "tick" }));
      found.push(node("text", { x: at, y: this.height - 6, "text-anchor": "middle" }, text));
    }
    for (const [value, text] of this.y.ticks) {
      const at = this.down(value);
      found.push(node("line", { x1: PAD.left, x2: this.width - PAD.right, y1: at, y2: at, class: "tick" }));
      found.push(node("text", { x: PAD.left - 5, y: at + 3.5, "text-anchor": "end" }, text));
    }
    return found;
  }

  /** @param {Line} line */
  #line({ x, y, name, dash }) {
    const points = [];
    for (let i = 0; i < x.length; i += 1) if (Number.isFinite(Number(y[i]))) points.push(`${this.across(Number(x[i])).toFixed(1)},${this.down(Number(y[i])).toFixed(1)}`);
    return node("polyline", { points: points.join(" "), class: `line ${name}`, ...(dash ? { "stroke-dasharray": dash } : {}) });
  }

  /** @param {Dot} dot */
  #dot({ x, y, r, name }) {
    return node("circle", { cx: this.across(x).toFixed(1), cy: this.down(y).toFixed(1), r: r.toFixed(1), class: `dot ${name}` });
  }

  /** @param {number | null} value */
  #marker(value) {
    if (value === null) return [];
    const at = this.across(value);
    return [node("line", { x1: at, x2: at, y1: PAD.top - 4, y2: this.height - PAD.bottom, class: "marker" })];
  }
}

/** @param {Axis} axis @param {number} value */
function share({ low, high, log }, value) {
  const at = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low || 1);
  return Math.max(-0.02, Math.min(1.02, at));
}

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function node(tag, attributes, text = "") {
  const one = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, String(value));
  one.textContent = text;
  return one;
}

/** Three round numbers from low to high, as ticks. @param {number} low @param {number} high @param {(value: number) => string} text @returns {[number, string][]} */
export function ticks(low, high, text) {
  return [low, (low + high) / 2, high].map((value) => [value, text(value)]);
}
