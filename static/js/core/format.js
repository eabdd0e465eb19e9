/**
 * Numbers as people read them: four significant digits, a true minus sign, every digit when asked.
 */

const MINUS = "\u2212";

/**
 * A number in `digits` significant digits: 0.0310, −2.811, 1.8e−10, 12,000.
 * @param {number | bigint | null | undefined} value
 * @param {number} [digits]
 * @returns {string}
 */
export function num(value, digits = 4) {
  if (value === null || value === undefined) return "·";
  const number = Number(value);
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : `${MINUS}∞`;
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (Number.isInteger(number) && size < 10 ** Math.max(digits, 6)) return signed(grouped(String(number)));
  if (size < 1e-3 || size >= 10 ** Math.max(digits, 6)) {
    const [mantissa, exponent] = number.toExponential(Math.max(0, digits - 1)).split("e");
    return signed(`${tidy(number / 10 ** Number(exponent), mantissa)}e${Number(exponent)}`);
  }
  return signed(size >= 10 ** digits ? grouped(number.toFixed(0)) : tidy(number, number.toPrecision(digits)));
}

/**
 * Every digit that the number has: the shortest text that reads back as the same double.
 * @param {number | bigint | null | undefined} value
 * @returns {string}
 */
export function exact(value) {
  if (value === null || value === undefined) return "·";
  if (typeof value === "number" && !Number.isFinite(value)) return num(value);
  return signed(String(value).replace("e+", "e"));
}

/**
 * The same as LaTeX: 1.8 \times 10^{-10}, -2.811, \text{NaN}.
 * @param {number | null | undefined} value
 * @param {number} [digits]
 * @returns {string}
 */
export function latex(value, digits = 4) {
  const text = num(value, digits).replaceAll(MINUS, "-");
  if (text === "NaN" || text === "·") return `\\text{${text}}`;
  if (text.includes("∞")) return text.replace("∞", "\\infty");
  const [mantissa, exponent] = text.replaceAll(",", "{,}").split("e");
  return exponent === undefined ? mantissa : `${mantissa}{\\times}10^{${exponent}}`;
}

/**
 * Seconds left, for people: "3 s", "2 min".
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 1) return "1 s";
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** 12,000: from five digits on. @param {string} text */
function grouped(text) {
  return text.replace("-", "").length < 5 ? text : text.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** What a float32 may be away from the decimal that was meant, relative. */
const FLOAT32 = 1.2e-7;

/**
 * Without zeros at the end where the short text is the number (0.004), with them where it was rounded (3.000).
 * @param {number} number @param {string} text
 */
function tidy(number, text) {
  const short = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return Math.abs(Number(short) - number) <= FLOAT32 * Math.abs(number) ? short : text;
}

/** @param {string} text */
function signed(text) {
  return text.replaceAll("-", MINUS);
}
