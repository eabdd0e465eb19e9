/**
 * One of several objects, told apart by a name that is chosen first.
 */

import { el, fill } from "../dom.js";
import { choiceAbout, choiceLabel, registerWidget } from "../field.js";
import { t } from "../i18n.js";
import { defaultOf, resolve } from "../schema.js";
import { subform } from "./subform.js";

registerWidget("variant", (context) => {
  const { schema, defs, id, describedby, onInput, prefix, path } = context;
  const tag = schema.discriminator.propertyName;
  /** @type {Map<string, any>} */
  const variants = new Map();
  for (const option of schema.oneOf) {
    const full = resolve(option, defs);
    const names = full.properties[tag].enum ?? [full.properties[tag].const ?? full.properties[tag].default];
    for (const name of names) variants.set(name, full);
  }
  const select = el("select", { id, "aria-describedby": describedby });
  if (schema.nullable) select.append(el("option", { value: "" }, t("shell.form.none")));
  for (const name of variants.keys()) select.append(el("option", { value: name }, choiceLabel(prefix, [...path, tag], name)));
  const about = el("p", { class: "choice-about" });
  const body = el("div");
  /** @type {ReturnType<typeof subform> | null} */
  let inner = null;
  const show = (/** @type {any} */ value) => {
    select.value = value?.[tag] ?? "";
    about.textContent = choiceAbout(prefix, [...path, tag], select.value);
    about.hidden = !about.textContent;
    const variant = variants.get(select.value);
    inner = variant ? subform(context, variant, value) : null;
    fill(body, ...(inner ? [inner.element] : []));
  };
  select.addEventListener("change", () => {
    const variant = variants.get(select.value);
    const value = variant ? { ...defaultOf({ ...bare(variant), nullable: false }, defs), [tag]: select.value } : null;
    show(value);
    onInput(value, { commit: true });
  });
  show(context.value);
  return {
    element: el("div", { class: "variant" }, select, about, body),
    set: (value) => {
      if (inner && value?.[tag] === select.value) inner.set(value);
      else show(value);
    },
    errors: (list) => inner?.errors(list),
  };
});

/** A variant without its own default, so that each field gives its own. @param {Record<string, any>} variant */
function bare(variant) {
  const { default: _default, ...rest } = variant;
  return rest;
}
