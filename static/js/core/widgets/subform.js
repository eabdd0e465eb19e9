/**
 * Fields within a field: what an object and a variant are made of.
 */

import { el } from "../dom.js";
import { Field } from "../field.js";
import { resolve } from "../schema.js";

/** @typedef {import("../field.js").WidgetContext} WidgetContext */

/**
 * The fields of an object, one under another.
 * @param {WidgetContext} context
 * @param {Record<string, any>} schema
 * @param {Record<string, any>} start
 * @returns {{fields: Map<string, Field>, element: HTMLElement, set: (value: any) => void, errors: (list: import("../field.js").Problem[]) => void}}
 */
export function subform({ defs, path, prefix, onInput }, schema, start) {
  let values = { ...start };
  /** @type {Map<string, Field>} */
  const fields = new Map();
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const full = resolve(raw, defs);
    if (full.const !== undefined) continue;
    fields.set(
      name,
      new Field({
        schema: full,
        defs,
        value: values[name],
        path: [...path, name],
        prefix,
        onInput: (value, commit) => {
          values = { ...values, [name]: value };
          onInput(values, { commit });
        },
      }),
    );
  }
  return {
    fields,
    element: el("div", { class: "fields" }, ...[...fields.values()].map((field) => field.element)),
    set: (value) => {
      values = { ...value };
      for (const [name, field] of fields) field.widget.set(values[name]);
    },
    errors: (list) => {
      for (const [name, field] of fields) {
        const own = list.filter((one) => one.path.includes(name));
        field.served(own.map((one) => ({ path: one.path.slice(one.path.indexOf(name) + 1), text: one.text })));
      }
    },
  };
}
