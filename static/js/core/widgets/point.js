/**
 * A point: a number an axis, each of which may be left to what the empty field means.
 */

import { el } from "../dom.js";
import { num } from "../format.js";
import { registerWidget } from "../field.js";
import { resolve } from "../schema.js";
import { numberInput, writeNumber } from "./number.js";

const AXES = ["x", "y", "z"];

registerWidget("point", ({ schema, defs, value, id, describedby, onInput, label }) => {
  /** @type {string[]} */
  const axes = schema.axes ?? AXES;
  const parts = schema.prefixItems ?? Array.from({ length: schema.minItems ?? 2 }, () => schema.items ?? { type: "number" });
  /** @type {(number | null)[]} */
  let now = value ?? parts.map(() => null);
  /** @type {any[] | null} */
  let hint = null;
  const inputs = parts.map((/** @type {any} */ part, /** @type {number} */ index) =>
    numberInput({
      schema: { ...resolve(part, defs), nullable: true },
      value: now[index],
      id: index === 0 ? id : undefined,
      describedby,
      label: `${label} ${axes[index]}`,
      onInput: (next, { commit, problem }) => {
        now = now.map((old, place) => (place === index ? next : old));
        const empty = now.every((one) => one === null);
        // A half-given point takes the other half from what the empty field meant.
        const whole = now.map((one, place) => one ?? hint?.[place] ?? 0);
        onInput(empty && schema.nullable ? null : whole, { commit, problem });
      },
    }),
  );
  const set = (/** @type {any} */ next) => {
    now = next ?? parts.map(() => null);
    inputs.forEach((/** @type {HTMLInputElement} */ input, /** @type {number} */ index) => {
      if (document.activeElement !== input || Number(input.value) !== now[index]) input.value = writeNumber(round(now[index]));
    });
  };
  const element = el("div", { class: "point" }, ...inputs.map((/** @type {HTMLElement} */ input, /** @type {number} */ index) => el("span", { class: "axis", "data-axis": axes[index] }, input)));
  return {
    element,
    set,
    suggest: (next) => {
      hint = Array.isArray(next) ? next : null;
      inputs.forEach((/** @type {HTMLInputElement} */ input, /** @type {number} */ index) => void (input.placeholder = hint ? num(hint[index]) : ""));
    },
  };
});

/** A dragged point has more digits than anyone reads. @param {number | null} value */
function round(value) {
  return value === null ? null : Number(value.toPrecision(6));
}
