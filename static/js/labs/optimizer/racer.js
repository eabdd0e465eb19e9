/** One racer opened in the form: a field for each of its rule's settings, made from the schema. */

import { el, fill } from "../../core/dom.js";
import { Field } from "../../core/field.js";
import { t } from "../../core/i18n.js";
import { resolve, widgetOf } from "../../core/schema.js";
import { variantOf } from "./rules.js";

/** @typedef {import("../../core/field.js").WidgetContext} WidgetContext */
/** @typedef {import("../../core/field.js").Problem} Problem */

/** The rate's slider: notches on either side of the rule's usual rate, and the decades they span. */
const NOTCHES = 100;
const DECADES = 2;

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
    /** The rate was set elsewhere: move its slider. */
    this.moved = () => {};
    this.element = el("div", { class: "fields racer-fields" });
    this.#build();
  }

  /** @param {Record<string, any>} value of the same rule */
  set(value) {
    this.value = value;
    for (const [name, field] of this.fields) field.widget.set(value[name]);
    this.moved();
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
      // A linear slider from 0 to 1,000 finds no rate: a number, and a slider of its own.
      const field = this.#field(name, name === "lr" ? { ...full, widget: "number" } : full);
      this.fields.set(name, field);
      if (name === "lr") this.#slide(field, full.default);
      (full.folded && name !== "schedule" ? folded : plain).push(field.element);
    }
    const more = el("details", { class: "fold" }, el("summary", {}, t("shell.form.more")), el("div", { class: "fields" }, ...folded));
    fill(this.element, ...plain, ...(folded.length ? [more] : []));
  }

  /** A logarithmic slider over four decades around the rule's usual rate. @param {Field} field @param {number} usual */
  #slide(field, usual) {
    const at = (/** @type {number} */ rate) => String(Math.round((NOTCHES * Math.log10(rate / usual)) / DECADES));
    const slide = el("input", { type: "range", min: -NOTCHES, max: NOTCHES, "aria-label": `${t("optimizer.page.lr")} (log)` });
    slide.value = at(this.value.lr);
    for (const kind of ["input", "change"])
      slide.addEventListener(kind, () => {
        const rate = Number((usual * 10 ** ((DECADES * Number(slide.value)) / NOTCHES)).toPrecision(2));
        field.widget.set(rate);
        this.value = { ...this.value, lr: rate };
        this.onInput(this.value, kind === "change");
      });
    this.moved = () => void (slide.value = at(this.value.lr));
    const box = el("div", { class: "slider" });
    field.widget.element.replaceWith(box);
    box.append(slide, field.widget.element);
    field.element.classList.remove("narrow");
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
        if (name === "lr") this.moved();
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
