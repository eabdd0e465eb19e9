/**
 * The controls of an experiment, made from its JSON schema.
 *
 * What was typed is never thrown away: a field that cannot be read keeps its text and says why, and
 * the form keeps the last good value.
 */

import { el, fill } from "./dom.js";
import { Field, WIDE, pretty } from "./field.js";
import { first, say, t } from "./i18n.js";
import { resolve, widgetOf } from "./schema.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").FieldError} FieldError */
/** @typedef {import("./field.js").Problem} Problem */

export class Form {
  /**
   * @param {HTMLElement} host
   * @param {import("./types.js").Experiment} experiment
   * @param {(params: Params, options: {commit: boolean, live: boolean}) => void} onChange called with whole params when all fields read well;
   *   live: each letter is to be answered
   */
  constructor(host, experiment, onChange) {
    this.host = host;
    this.experiment = experiment;
    this.onChange = onChange;
    this.defs = experiment.schema.$defs ?? {};
    /** @type {Params} */
    this.values = structuredClone(experiment.defaults);
    /** @type {Map<string, Field>} */
    this.fields = new Map();
    /** What the server said of fields that were not changed since. @type {FieldError[]} */
    this.told = [];
    this.build();
  }

  /** Draw every control again, e.g. in another language; typed text and open groups stay. */
  build() {
    const typed = [...this.fields].map(([name, field]) => /** @type {const} */ ([name, field.problem ? field.raw() : null, field.problem]));
    const open = new Set([...this.host.querySelectorAll("details[open]")].map((group) => group.getAttribute("data-group")));
    this.fields.clear();
    fill(this.host, ...this.#groups());
    for (const group of this.host.querySelectorAll("details")) group.open = open.has(group.getAttribute("data-group"));
    for (const [name, text, problem] of typed) if (text !== null) this.fields.get(name)?.restore(text, problem);
    this.errors(this.told);
  }

  /** Whether every field reads well. */
  get ok() {
    return [...this.fields.values()].every((field) => !field.problem);
  }

  /** Show these params; nothing is started. @param {Params} params */
  set(params) {
    this.values = structuredClone({ ...this.experiment.defaults, ...params });
    for (const [name, field] of this.fields) {
      field.widget.set(this.values[name]);
      field.complain("");
    }
    this.errors([]);
    this.#reveal();
  }

  /** Say what empty fields will mean in this run. @param {Record<string, any>} note */
  suggest(note) {
    for (const [name, field] of this.fields) if (name in note) field.widget.suggest?.(note[name]);
  }

  /**
   * Show the server's sentences under their fields; those of no field that is shown come back.
   * @param {FieldError[]} list
   * @returns {FieldError[]}
   */
  errors(list) {
    this.told = list;
    /** @type {FieldError[]} */
    const homeless = [];
    /** @type {Map<string, Problem[]>} */
    const by = new Map();
    for (const error of list) {
      const name = String(error.path[0] ?? "");
      const field = this.fields.get(name);
      if (!field || field.element.hidden) homeless.push(error);
      else by.set(name, [...(by.get(name) ?? []), { path: error.path.slice(1), text: say(error.message) }]);
    }
    for (const [name, field] of this.fields) field.served(by.get(name) ?? []);
    return homeless;
  }

  /**
   * Let fields mend by themselves what the server said of them: a picture it no longer has is sent again.
   * @param {FieldError[]} list
   * @returns {Promise<boolean>} whether a start with the same params will do now
   */
  async mend(list) {
    for (const { path, message } of list) if (await this.fields.get(String(path[0] ?? ""))?.widget.mend?.(message)) return true;
    return false;
  }

  /** Put the keyboard's focus on the first field with an error. */
  focusError() {
    const field = this.host.querySelector('[aria-invalid="true"]');
    if (field instanceof HTMLElement) field.focus();
  }

  /** @returns {HTMLElement[]} */
  #groups() {
    /** @type {Map<string, {plain: Field[], folded: Field[]}>} */
    const groups = new Map();
    for (const [name, raw] of Object.entries(this.experiment.schema.properties ?? {})) {
      const schema = resolve(raw, this.defs);
      if (widgetOf(schema) === "hidden") continue;
      const field = this.#field(name, schema);
      const group = schema.group ?? "";
      if (!groups.has(group)) groups.set(group, { plain: [], folded: [] });
      groups.get(group)?.[schema.folded ? "folded" : "plain"].push(field);
    }
    // Groups stand in the order of their first field that is not folded; those only folded come last.
    const order = [...this.fields.values()];
    const rank = (/** @type {Field[]} */ plain) => (plain.length ? order.indexOf(plain[0]) : Infinity);
    const ordered = [...groups].sort(([, a], [, b]) => rank(a.plain) - rank(b.plain) || 0);
    const cards = ordered.map(([name, { plain, folded }]) => this.#card(name, plain, folded));
    this.#reveal();
    return cards;
  }

  /** @param {string} name @param {Field[]} plain @param {Field[]} folded */
  #card(name, plain, folded) {
    const title = name && first([`${this.prefix}.group.${name}`, `shell.group.${name}`], pretty(name));
    const grid = (/** @type {Field[]} */ fields) => el("div", { class: "fields" }, ...fields.map((field) => field.element));
    const fold = (/** @type {string} */ summary) =>
      el("details", { class: "fold", "data-group": name || "more" }, el("summary", {}, summary), grid(folded));
    if (!plain.length) return el("section", { class: "card group" }, fold(title || t("shell.form.more")));
    const lone = plain.length === 1 && WIDE.has(plain[0].kind);
    return el(
      "section",
      { class: "card group", "aria-label": title || t("shell.form.params") },
      title && !lone ? el("h2", {}, title) : null,
      grid(plain),
      folded.length ? fold(t("shell.form.more")) : null,
    );
  }

  get prefix() {
    return this.experiment.name.replace("/", ".");
  }

  /** @param {string} name @param {Record<string, any>} schema */
  #field(name, schema) {
    const field = new Field({
      schema,
      defs: this.defs,
      value: this.values[name],
      path: [name],
      prefix: this.prefix,
      onInput: (value, commit) => {
        this.values = { ...this.values, [name]: value };
        this.told = this.told.filter((error) => error.path[0] !== name);
        this.#reveal();
        if (this.ok) this.onChange(structuredClone(this.values), { commit, live: Boolean(schema.live) });
      },
    });
    this.fields.set(name, field);
    return field;
  }

  /** A field whose schema names a `when` ({surface: ["ravine"]}) shows only then; an empty list of changes takes no room. */
  #reveal() {
    for (const [name, field] of this.fields) {
      const when = Object.entries(field.when ?? {});
      const meant = when.every(([other, values]) => values.includes(this.values[other]));
      field.element.hidden = !meant || (field.kind === "changes" && !this.values[name]?.length);
    }
    for (const card of this.host.children) {
      const shown = [...card.querySelectorAll(".field")].some((one) => !(/** @type {HTMLElement} */ (one).hidden));
      /** @type {HTMLElement} */ (card).hidden = !shown;
    }
  }
}
