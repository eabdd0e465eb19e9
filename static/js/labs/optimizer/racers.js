/**
 * The form's list of racers: add, remove, duplicate, and open one to set its rule, its hyperparameters,
 * its form and its schedule. Everything about a rule comes from the schema's definitions.
 */

import { el, fill, icon } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { registerWidget } from "../../core/field.js";
import { mark } from "./marks.js";
import { RulePicker } from "./picker.js";
import { RacerEditor } from "./racer.js";
import { defaultsOf, ruleChoices, ruleName, scheduleName, whole } from "./rules.js";

/** @typedef {import("../../core/field.js").WidgetContext} WidgetContext */
/** @typedef {Record<string, any>} RacerParams */

class RacerList {
  /** @param {WidgetContext} context */
  constructor(context) {
    this.context = context;
    this.t = context.t;
    /** @type {RacerParams[]} */
    this.racers = this.#whole(context.value ?? []);
    this.most = context.schema.maxItems ?? 16;
    this.least = context.schema.minItems ?? 1;
    /** Which racers stand open. @type {Set<number>} */
    this.open = new Set();
    /** @type {import("../../core/field.js").Problem[]} */
    this.problems = [];
    this.list = el("ol", { class: "racers" });
    this.count = el("p", { class: "caption racers-count" });
    this.picker = new RulePicker(ruleChoices(context.schema, context.defs), (rule) => this.#add(rule), this.most === 1 ? "optimizer.page.change_rule" : "optimizer.page.add_rule");
    this.element = el("div", { class: "racers-widget" }, this.count, this.list, this.picker.element);
    /** @type {(RacerEditor | null)[]} */
    this.editors = [];
    this.#show();
  }

  /** @param {RacerParams[]} racers */
  set(racers) {
    racers = this.#whole(racers);
    if (JSON.stringify(racers) === JSON.stringify(this.racers)) return;
    const same = racers.length === this.racers.length && racers.every((racer, i) => racer.rule === this.racers[i].rule);
    this.racers = racers;
    if (same) this.#refresh();
    else {
      this.open.clear();
      this.#show();
    }
  }

  /** @param {RacerParams[]} racers */
  #whole(racers) {
    const { schema, defs } = this.context;
    return racers.map((racer) => whole(racer, schema, defs));
  }

  /** Sentences from the server, each under its field. @param {import("../../core/field.js").Problem[]} list */
  errors(list) {
    this.problems = list;
    for (const { path } of list) {
      const r = Number(path[0]);
      if (path.length > 1 && this.racers[r] && !this.open.has(r)) this.#toggle(r);
    }
    this.editors.forEach((editor, r) => editor?.errors(list.filter((one) => Number(one.path[0]) === r).map((one) => ({ path: one.path.slice(1), text: one.text }))));
  }

  /** Draw the whole list. */
  #show() {
    this.editors = this.racers.map(() => null);
    fill(this.list, ...this.racers.map((_, r) => this.#row(r)));
    for (const r of this.open) this.#edit(r);
    this.#tell();
  }

  /** The same racers with other values. */
  #refresh() {
    this.racers.forEach((racer, r) => {
      this.editors[r]?.set(racer);
      this.#gist(r);
    });
  }

  #tell() {
    this.count.textContent = this.t("optimizer.page.racers_count", { count: this.racers.length, most: this.most });
    this.count.hidden = this.most === 1;
    this.picker.allow(this.racers.length < this.most || this.most === 1);
  }

  /** @param {number} r */
  #row(r) {
    const { t } = this;
    const name = this.#name(r);
    const gist = el("span", { class: "racer-gist" });
    const toggle = el(
      "button",
      { type: "button", class: "racer-toggle", "aria-expanded": String(this.open.has(r)), onclick: () => this.#toggle(r) },
      mark(r),
      el("span", { class: "racer-rule" }, name),
      gist,
      icon("down"),
    );
    const action = (/** @type {string} */ shape, /** @type {string} */ id, /** @type {() => void} */ onclick, /** @type {boolean} */ able) =>
      el("button", { type: "button", class: "icon-button", "aria-label": t(id, { racer: name }), title: t(id, { racer: name }), onclick, disabled: !able }, icon(shape));
    const actions = el(
      "div",
      { class: "racer-actions" },
      action("up", "optimizer.page.move_up", () => this.#move(r, -1), r > 0),
      action("copy", "optimizer.page.duplicate", () => this.#duplicate(r), this.racers.length < this.most),
      action("trash", "optimizer.page.remove", () => this.#remove(r), this.racers.length > this.least),
    );
    const body = el("div", { class: "racer-body", hidden: !this.open.has(r) }, actions);
    const row = el("li", { class: "racer", "data-racer": r }, toggle, body);
    queueMicrotask(() => this.#gist(r));
    return row;
  }

  /** The rule's name as the list shows it. @param {number} r */
  #name(r) {
    const { schema, defs } = this.context;
    return ruleName(this.racers[r].rule, schema, defs);
  }

  /** The rate, and whose form and which schedule where they are not the usual. @param {number} r */
  #gist(r) {
    const gist = this.list.children[r]?.querySelector(".racer-gist");
    const racer = this.racers[r];
    if (!gist || !racer) return;
    const kind = racer.schedule?.kind;
    const schedule = kind && kind !== "constant" ? ` · ${scheduleName(kind)}` : "";
    const form = racer.form && racer.form !== "torch" ? ` · ${this.t(`optimizer.hyper.form.${racer.form}`)}` : "";
    gist.textContent = (typeof racer.lr === "number" ? `lr ${num(racer.lr)}` : "") + form + schedule;
  }

  /** @param {number} r */
  #toggle(r) {
    const row = this.list.children[r];
    const open = !this.open.has(r);
    if (open) this.open.add(r);
    else this.open.delete(r);
    row.querySelector(".racer-toggle")?.setAttribute("aria-expanded", String(open));
    const body = /** @type {HTMLElement} */ (row.querySelector(".racer-body"));
    body.hidden = !open;
    if (open && !this.editors[r]) this.#edit(r);
  }

  /** @param {number} r */
  #edit(r) {
    const body = this.list.children[r]?.querySelector(".racer-body");
    if (!body) return;
    const editor = new RacerEditor(this.context, r, this.racers[r], (value, commit) => {
      this.racers = this.racers.map((racer, i) => (i === r ? value : racer));
      this.#gist(r);
      this.context.onInput(this.racers, { commit });
    });
    this.editors[r] = editor;
    body.prepend(editor.element);
    editor.errors(this.problems.filter((one) => Number(one.path[0]) === r).map((one) => ({ path: one.path.slice(1), text: one.text })));
  }

  /** @param {RacerParams[]} racers @param {number} focus the racer that gets the keyboard */
  #replace(racers, focus) {
    this.racers = racers;
    this.problems = [];
    this.#show();
    const toggle = this.list.children[focus]?.querySelector(".racer-toggle");
    if (toggle instanceof HTMLElement) toggle.focus();
    this.context.onInput(this.racers, { commit: true });
  }

  /** @param {string} rule */
  #add(rule) {
    const { schema, defs } = this.context;
    const kept = this.most === 1 ? [] : this.racers; // of a single one another takes the place
    this.#replace([...kept, defaultsOf(rule, schema, defs)], kept.length);
  }

  /** @param {number} r */
  #duplicate(r) {
    const racers = structuredClone(this.racers);
    racers.splice(r + 1, 0, structuredClone(racers[r]));
    this.open = new Set([...this.open].map((i) => (i > r ? i + 1 : i)).concat(r + 1));
    this.#replace(racers, r + 1);
  }

  /** @param {number} r */
  #remove(r) {
    this.open = new Set([...this.open].filter((i) => i !== r).map((i) => (i > r ? i - 1 : i)));
    this.#replace(
      this.racers.filter((_, i) => i !== r),
      Math.max(0, r - 1),
    );
  }

  /** @param {number} r @param {number} by */
  #move(r, by) {
    const racers = [...this.racers];
    racers.splice(r + by, 0, ...racers.splice(r, 1));
    const swap = (/** @type {number} */ i) => (i === r ? r + by : i === r + by ? r : i);
    this.open = new Set([...this.open].map(swap));
    this.#replace(racers, r + by);
  }
}

registerWidget("racers", (context) => {
  const list = new RacerList(context);
  return { element: list.element, set: (value) => list.set(value), errors: (problems) => list.errors(problems) };
});
