/**
 * A field of a form: a label (with its unit and bounds), a control, help behind a button, and the place
 * for its error sentence. The controls are widgets, known by the names that schemas use.
 */

import { el, freshId } from "./dom.js";
import { num } from "./format.js";
import { first, has, t } from "./i18n.js";
import { bounds, widgetOf } from "./schema.js";

/** @typedef {(string | number)[]} Path */
/** @typedef {{path: Path, text: string}} Problem      an error below a widget: where in its value, and the sentence */
/** @typedef {{commit?: boolean, problem?: string}} InputOptions   commit: the user is done; problem: it cannot be read */
/**
 * @typedef {object} WidgetContext
 * @property {Record<string, any>} schema      the field's, references followed
 * @property {Record<string, any>} defs        the schema's $defs
 * @property {any} value
 * @property {(value: any, options?: InputOptions) => void} onInput
 * @property {typeof t} t
 * @property {Path} path
 * @property {string} prefix                   message ids of this experiment begin so: "LAB.NAME"
 * @property {string} id                       the control's element id, which its label names
 * @property {string} describedby              ids of the help and the error sentence
 * @property {string} label
 */
/**
 * @typedef {object} Widget
 * @property {HTMLElement} element
 * @property {(value: any) => void} set
 * @property {(list: Problem[]) => void} [errors]      shows them itself; else the field does
 * @property {(message: import("./types.js").Message) => Promise<boolean>} [mend]   what the server said of it: whether it mended that itself
 * @property {(value: any) => void} [suggest]          what an empty field will mean
 * @property {(() => string) | undefined} [raw]        the text as typed
 * @property {((text: string) => void) | undefined} [setRaw]
 */
/** @typedef {(context: WidgetContext) => Widget} WidgetFactory */

/** @type {Map<string, WidgetFactory>} */
const widgets = new Map();

/** Fields that stand two in a row. */
const NARROW = new Set(["number"]);
/** Widgets that bring their own heading and take the whole card. */
export const WIDE = new Set(["racers", "changes", "object", "variant", "mask", "image"]);

/**
 * Make a control known under the name that schemas use.
 * @param {string} name
 * @param {WidgetFactory} factory
 */
export function registerWidget(name, factory) {
  widgets.set(name, factory);
}

/** A label, a control, its help and its error sentence. */
export class Field {
  /**
   * @param {{schema: Record<string, any>, defs: Record<string, any>, value: any, path: Path, prefix: string,
   *   onInput: (value: any, commit: boolean) => void}} options
   */
  constructor({ schema, defs, value, path, prefix, onInput }) {
    this.kind = widgetOf(schema);
    /** @type {Record<string, unknown[]> | undefined} */
    this.when = schema.when;
    this.problem = "";
    const id = freshId("field");
    const name = String(path.at(-1));
    const ids = messageIds(prefix, path);
    const label = first(ids, schema.title ?? pretty(name));
    const helpId = ids.map((one) => `${one}.help`).find(has);
    this.error = el("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true });
    this.help = helpId ? el("p", { class: "field-help", id: `${id}-help`, hidden: true }, t(helpId)) : null;
    const factory = widgets.get(this.kind) ?? widgets.get("code");
    if (!factory) throw new Error(`no widget "${this.kind}"`);
    this.widget = factory({
      schema,
      defs,
      value,
      t,
      path,
      prefix,
      id,
      label,
      describedby: `${id}-error${helpId ? ` ${id}-help` : ""}`,
      onInput: (next, { commit = true, problem = "" } = {}) => {
        this.complain(problem);
        if (!problem) onInput(next, commit);
      },
    });
    const wide = WIDE.has(this.kind);
    const unit = schema.unit ? el("span", { class: "unit" }, schema.unit) : null;
    const heading = wide ? el("h2", { id: `${id}-label` }, label) : el("label", { for: id, id: `${id}-label` }, label);
    const head = el("div", { class: "field-head" }, heading, unit, this.#helpButton(label), wide ? null : range(schema));
    this.element = el(
      "div",
      { class: `field field-${this.kind}${NARROW.has(this.kind) ? " narrow" : ""}`, "data-field": path.join(".") },
      head,
      this.help,
      this.widget.element,
      this.error,
    );
  }

  /** Show or take away this page's own complaint. @param {string} sentence */
  complain(sentence) {
    this.problem = sentence;
    this.#show(sentence);
  }

  /** The server's sentences, unfolded where they were folded. @param {Problem[]} list */
  served(list) {
    const inside = this.widget.errors ? list.filter((one) => one.path.length) : [];
    const own = list.filter((one) => !inside.includes(one));
    if (!this.problem) this.#show(own.map((one) => one.text).join(" "));
    this.widget.errors?.(inside);
    for (let fold = list.length ? this.element.closest("details") : null; fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
  }

  raw() {
    return this.widget.raw?.() ?? null;
  }

  /** Put typed text back after the form was drawn again. @param {string} text @param {string} problem */
  restore(text, problem) {
    this.widget.setRaw?.(text);
    this.complain(problem);
  }

  /** @param {string} sentence */
  #show(sentence) {
    this.error.textContent = sentence;
    this.error.hidden = !sentence;
    for (const control of this.element.querySelectorAll("input, select, textarea"))
      if (sentence) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
  }

  /** @param {string} label */
  #helpButton(label) {
    const help = this.help;
    if (!help) return null;
    const name = t("shell.form.help", { field: label });
    const button = el("button", { type: "button", class: "help", "aria-expanded": "false", "aria-controls": help.id, "aria-label": name, title: name }, "?");
    button.addEventListener("click", () => {
      help.hidden = !help.hidden;
      button.setAttribute("aria-expanded", String(!help.hidden));
    });
    return button;
  }
}

/**
 * Message ids that may name a field, most particular first.
 * @param {string} prefix @param {Path} path
 */
export function messageIds(prefix, path) {
  const names = path.filter((part) => typeof part === "string");
  const last = String(names.at(-1));
  const lab = prefix.split(".")[0];
  const whole = names.join(".");
  return [`${prefix}.${whole}`, `${prefix}.${last}`, `${lab}.${whole}`, `${lab}.hyper.${last}`, `${lab}.${last}`, `shell.field.${last}`];
}

/**
 * What a choice is called.
 * @param {string} prefix @param {Path} path @param {unknown} choice
 */
export function choiceLabel(prefix, path, choice) {
  return first(choiceIds(prefix, path, choice), pretty(String(choice)));
}

/**
 * A sentence about a choice where there is one, to stand under it.
 * @param {string} prefix @param {Path} path @param {unknown} choice
 */
export function choiceAbout(prefix, path, choice) {
  const ids = choiceIds(prefix, path, choice).map((id) => `${id}.about`);
  return first(ids, "");
}

/** @param {string} prefix @param {Path} path @param {unknown} choice */
function choiceIds(prefix, path, choice) {
  const parent = path.slice(0, -1); // the kinds of a schedule may be named after "schedule" itself
  const ids = [...messageIds(prefix, path), ...(parent.length ? messageIds(prefix, parent) : [])];
  return ids.map((id) => `${id}.${choice}`);
}

/** The bounds, in grey. @param {Record<string, any>} schema */
function range(schema) {
  if (schema.type !== "integer" && schema.type !== "number") return null;
  const { low, high, openLow, openHigh } = bounds(schema);
  const isLow = Number.isFinite(low);
  const isHigh = Number.isFinite(high);
  if (!isLow && !isHigh) return null;
  const short = (/** @type {number} */ value) => num(value, 3);
  let text = `${openHigh ? "<" : "≤"} ${short(high)}`;
  if (isLow && isHigh) text = `${openLow ? "> " : ""}${short(low)} – ${openHigh ? "< " : ""}${short(high)}`;
  else if (isLow) text = `${openLow ? ">" : "≥"} ${short(low)}`;
  return el("span", { class: "bounds" }, text);
}

/** "cycle_momentum" as "cycle momentum". @param {string} name */
export function pretty(name) {
  const words = name.replaceAll(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
