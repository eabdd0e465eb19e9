/**
 * A number within two bounds: slid roughly, typed exactly.
 */

import { el } from "../dom.js";
import { registerWidget } from "../field.js";
import { bounds } from "../schema.js";
import { numberInput, writeNumber } from "./number.js";

const NOTCHES = 1000;

registerWidget("slider", (context) => {
  const { schema, label, onInput } = context;
  const { low, high } = bounds(schema);
  const log = Boolean(schema.log) && low > 0;
  const place = (/** @type {number} */ value) =>
    Math.round(NOTCHES * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
  const valueAt = (/** @type {number} */ notch) => {
    const part = notch / NOTCHES;
    const value = log ? low * (high / low) ** part : low + part * (high - low);
    return schema.type === "integer" ? Math.round(value) : Math.min(high, Math.max(low, Number(value.toPrecision(3))));
  };
  const slide = el("input", { type: "range", min: 0, max: NOTCHES, "aria-label": label });
  const input = numberInput({
    ...context,
    onInput: (value, options) => {
      if (value !== null) slide.value = String(place(value));
      onInput(value, options);
    },
  });
  const show = (/** @type {number | null} */ value) => {
    input.value = writeNumber(value);
    if (value !== null && value !== undefined) slide.value = String(place(value));
    slide.setAttribute("aria-valuetext", input.value);
  };
  for (const kind of ["input", "change"])
    slide.addEventListener(kind, () => {
      const value = valueAt(Number(slide.value));
      input.value = writeNumber(value);
      slide.setAttribute("aria-valuetext", input.value);
      onInput(value, { commit: kind === "change" });
    });
  show(context.value);
  return { element: el("div", { class: "slider" }, slide, input), set: show, raw: () => input.value, setRaw: (text) => void (input.value = text) };
});
