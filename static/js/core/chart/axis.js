/** One axis of a small chart: its range, its ticks, a value's place on it. No DOM. */

/** @typedef {{value: number, mantissa: string, exponent: string}} Tick text is mantissa, with exponent raised */

/** What is this near a round number is that number: a float32 of 10^-5 is a little less. */
const NEAR = 1e-6;

/**
 * Round numbers that cover a range in about `count` steps.
 * @param {number} low
 * @param {number} high
 * @param {number} [count]
 * @returns {{low: number, high: number, step: number}}
 */
export function roundRange(low, high, count = 4) {
  if (!(high > low)) {
    const room = Math.abs(low) || 1;
    low -= room / 2;
    high += room / 2;
  }
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((m) => m * power >= rough * 0.999) ?? 10);
  return { low: Math.floor(low / step + 1e-9) * step, high: Math.ceil(high / step - 1e-9) * step, step };
}

/** A linear or logarithmic scale from values to 0..1. */
export class Axis {
  /**
   * @param {number} low
   * @param {number} high
   * @param {boolean} log
   * @param {boolean} [round] widen to round numbers
   */
  constructor(low, high, log, round = true) {
    this.log = log;
    if (log) {
      this.low = round ? Math.floor(Math.log10(low) + NEAR) : Math.log10(low);
      this.high = round ? Math.ceil(Math.log10(high) - NEAR) : Math.log10(high);
      if (this.high <= this.low) this.high = this.low + 1;
      this.step = Math.max(1, Math.ceil((this.high - this.low) / 5));
    } else {
      const nice = roundRange(low, high);
      this.low = round ? nice.low : low;
      this.high = round ? nice.high : high > low ? high : low + 1;
      this.step = nice.step;
    }
  }

  /** @param {number} value @returns {number} 0 at the low end, 1 at the high; at most a little below 0 for what a log axis cannot show */
  place(value) {
    const v = this.log ? (value > 0 ? Math.log10(value) : -Infinity) : value;
    const share = (v - this.low) / (this.high - this.low);
    return share === -Infinity ? -0.01 : share;
  }

  /** @param {number} share @returns {number} the value at a place */
  value(share) {
    const v = this.low + share * (this.high - this.low);
    return this.log ? 10 ** v : v;
  }

  /** @param {number} value Whether the axis shows it. */
  covers(value) {
    const share = this.place(value);
    return share >= -NEAR && share <= 1 + NEAR;
  }

  /** @returns {Tick[]} */
  ticks() {
    /** @type {Tick[]} */
    const ticks = [];
    const first = Math.ceil(this.low / this.step - 1e-9);
    for (let i = first; i * this.step <= this.high + 1e-9 * this.step; i++) {
      const at = i * this.step;
      if (this.log) ticks.push(power(at));
      else ticks.push({ value: at, ...plain(at, this.step) });
    }
    return ticks;
  }
}

/** @param {number} exponent @returns {Tick} */
function power(exponent) {
  const value = 10 ** exponent;
  if (exponent === 0) return { value, mantissa: "1", exponent: "" };
  return { value, mantissa: "10", exponent: signed(String(exponent)) };
}

/**
 * @param {number} value
 * @param {number} step
 * @returns {{mantissa: string, exponent: string}}
 */
function plain(value, step) {
  const size = Math.abs(value);
  if (size < step * 1e-6) return { mantissa: "0", exponent: "" };
  if (size >= 1e5 || step < 1e-3) {
    const e = Math.floor(Math.log10(size) + 1e-9);
    const digits = Math.max(0, e - Math.floor(Math.log10(step) + 1e-9));
    return { mantissa: signed((value / 10 ** e).toFixed(Math.min(digits, 3))) + "·10", exponent: signed(String(e)) };
  }
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  // 2.5 steps need one digit more than their power says.
  const more = Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) > 1e-6 ? 1 : 0;
  return { mantissa: signed(value.toFixed(digits + more)), exponent: "" };
}

/** A true minus sign. @param {string} text */
function signed(text) {
  return text.replace("-", "−");
}
