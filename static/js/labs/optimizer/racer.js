/** One racer opened in the form: a field for each of its rule's settings, made from the schema. */

import { el, fill } from "../../core/dom.js";
import { Field } from "../../core/form.js";
import { t } from "../../core/i18n.js";
import { resolve, widgetOf } from "../../core/schema.js";
import { variantOf } from "./rules.js";

/** @typedef {import("../../core/form.js").WidgetContext} WidgetContext */
/** @typedef {import("../../core/form.js").Problem} Problem */

export class RacerEditor {
  /**
   * @param {WidgetContext} context the list's
   * @param {number} index
   * @param {Record<string, any>} value
   * @param {(value: Record<string, any>, commit: boolean) => void} onInput
   */
  constructor(context, index, value, onInput) {
    this.context = context;
    this.index = index;
    this.value = value;
    this.onInput = onInput;
    /** @type {Map<string, Field>} */
    this.fields = new Map();
    this.element = el("div", { class: "fields racer-fields" });
    this.#build();
  }

  /** @param {Record<string, any>} value of the same rule */
  set(value) {
    this.value = value;
    for (const [name, field] of this.fields) field.widget.set(value[name]);
  }

  /** @param {Problem[]} list paths inside this racer */
  errors(list) {
    for (const [name, field] of this.fields) {
      const own = list.filter((one) => one.path.includes(name));
      field.served(own.map((one) => ({ path: one.path.slice(one.path.indexOf(name) + 1), text: one.text })));
    }
  }

  #build() {
    const { schema, defs } = this.context;
    const variant = variantOf(this.value.rule, schema, defs);
    /** @type {HTMLElement[]} */
    const plain = [];
    /** @type {HTMLElement[]} */
    const folded = [];
    for (const [name, raw] of Object.entries(variant.properties).sort(([a], [b]) => place(a) - place(b))) {
      const full = resolve(raw, defs);
      if (name === "rule" || widgetOf(full) === "hidden") continue;
      const field = this.#field(name, full);
      this.fields.set(name, field);
      (full.folded && name !== "schedule" ? folded : plain).push(field.element);
    }
    const more = el("details", { class: "fold" }, el("summary", {}, t("shell.form.more")), el("div", { class: "fields" }, ...folded));
    fill(this.element, ...plain, ...(folded.length ? [more] : []));
  }

  /** @param {string} name @param {Record<string, any>} schema */
  #field(name, schema) {
    const { defs, prefix, path } = this.context;
    const field = new Field({
      schema,
      defs,
      value: this.value[name],
      path: [...path, this.index, name],
      prefix,
      onInput: (next, commit) => {
        this.value = { ...this.value, [name]: next };
        this.onInput(this.value, commit);
      },
    });
    // A pair of a racer's settings is two betas, not a point.
    field.element.querySelectorAll("[data-axis]").forEach((span, i) => span.setAttribute("data-axis", `β${"₁₂"[i]}`));
    return field;
  }
}

/** The rate first, then the rule's own settings in the schema's order, its form, its schedule. @param {string} name */
function place(name) {
  return { lr: 0, form: 2, schedule: 3 }[name] ?? 1;
}
