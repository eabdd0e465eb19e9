/**
 * A number that is typed, nudged with the arrow keys, and checked against its schema.
 */

import { el } from "../dom.js";
import { exact, num } from "../format.js";
import { registerWidget } from "../field.js";
import { t } from "../i18n.js";
import { bounds } from "../schema.js";

/**
 * A number as typed: "-0.3", "−0.3", "1e-8", "1,000"; or the sentence that says what is wrong.
 * @param {string} text
 * @param {Record<string, any>} schema
 * @returns {{value: number | null, problem: string}}
 */
export function readNumber(text, schema) {
  const clean = text.trim().replaceAll("−", "-").replaceAll(/,(?=\d{3}\b)/g, "").replaceAll("_", "");
  if (clean === "") return schema.nullable ? { value: null, problem: "" } : { value: null, problem: t("shell.error.empty") };
  const value = Number(clean);
  const whole = schema.type === "integer";
  if (!Number.isFinite(value)) return { value: null, problem: t("shell.error.number", { got: text.trim() }) };
  if (whole && !Number.isInteger(value)) return { value: null, problem: t("shell.error.integer", { got: text.trim() }) };
  const { low, high, openLow, openHigh } = bounds(schema);
  const got = exact(value);
  if (value < low || (openLow && value === low))
    return { value: null, problem: t(openLow ? "shell.error.above" : "shell.error.atleast", { low: exact(low), got }) };
  if (value > high || (openHigh && value === high))
    return { value: null, problem: t(openHigh ? "shell.error.below" : "shell.error.atmost", { high: exact(high), got }) };
  return { value, problem: "" };
}

/**
 * The text a number field shows: every digit, but an ASCII minus so that it can be edited anywhere.
 * @param {number | null | undefined} value
 */
export function writeNumber(value) {
  return value === null || value === undefined ? "" : String(value);
}

/**
 * One more or one less in the second significant digit (integers: by one).
 * @param {number} value @param {number} direction @param {boolean} whole
 */
function nudged(value, direction, whole) {
  const unit = whole ? 1 : value === 0 ? 0.01 : 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return Number((value + direction * unit).toPrecision(12));
}

/**
 * An input that reads a number; arrow keys nudge it.
 * @param {{schema: Record<string, any>, value: any, id?: string, describedby?: string, label?: string,
 *   onInput: (value: number | null, options: import("../field.js").InputOptions) => void}} options
 */
export function numberInput({ schema, value, id, describedby, label, onInput }) {
  const input = el("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-describedby": describedby });
  if (label) input.setAttribute("aria-label", label);
  input.value = writeNumber(value);
  let told = input.value;
  const read = (/** @type {boolean} */ commit) => {
    const result = readNumber(input.value, schema);
    if (commit && input.value === told) return;
    if (commit) told = input.value;
    onInput(result.value, { commit, problem: result.problem });
  };
  input.addEventListener("input", () => read(false));
  input.addEventListener("change", () => read(true));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const { value: now } = readNumber(input.value, schema);
    if (now === null) return;
    event.preventDefault();
    const next = nudged(now, event.key === "ArrowUp" ? 1 : -1, schema.type === "integer");
    if (readNumber(String(next), schema).problem) return;
    input.value = writeNumber(next);
    read(false);
  });
  return input;
}

registerWidget("number", (context) => {
  const input = numberInput(context);
  return {
    element: input,
    set: (value) => void (input.value = writeNumber(value)),
    suggest: (value) => void (input.placeholder = typeof value === "number" ? num(value) : ""),
    raw: () => input.value,
    setRaw: (text) => void (input.value = text),
  };
});
