/**
 * "Add a rule": a search field over the rules in their groups, driven by the pointer or the keyboard
 * (the combobox pattern: arrows move, Enter adds, Escape closes).
 */

import { el, fill, freshId, icon } from "../../core/dom.js";
import { t } from "../../core/i18n.js";

/** @typedef {{rule: string, name: string, about: string, group: string}} Choice */

export class RulePicker {
  /**
   * @param {Choice[]} choices in the order of their groups
   * @param {(rule: string) => void} onPick
   * @param {string} name what the button says, its message's id
   */
  constructor(choices, onPick, name) {
    this.choices = choices;
    this.onPick = onPick;
    /** @type {Choice[]} */
    this.found = [];
    this.active = 0;
    const id = freshId("rules");
    this.button = el("button", { type: "button", class: "button add-rule", "aria-expanded": "false", onclick: () => this.#toggle() }, icon("add"), el("span", {}, t(name)));
    this.input = el("input", {
      type: "search",
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": id,
      "aria-autocomplete": "list",
      "aria-label": t("optimizer.page.search_rule"),
      placeholder: t("optimizer.page.search_rule"),
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.#search(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.options = el("ul", { class: "rule-options", id, role: "listbox", "aria-label": t(name) });
    this.panel = el("div", { class: "rule-panel", hidden: true }, this.input, this.options);
    this.element = el("div", { class: "rule-picker" }, this.button, this.panel);
    this.element.addEventListener("focusout", (event) => {
      const to = /** @type {Node | null} */ (event.relatedTarget);
      if (to && !this.element.contains(to)) this.#close(false);
    });
  }

  /** @param {boolean} able whether another racer may join */
  allow(able) {
    this.button.disabled = !able;
    this.button.title = able ? "" : t("optimizer.page.full");
    if (!able) this.#close(false);
  }

  #toggle() {
    if (!this.panel.hidden) return this.#close(true);
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    this.input.value = "";
    this.#search();
    this.input.focus();
    this.panel.scrollIntoView({ block: "nearest" });
  }

  /** @param {boolean} refocus */
  #close(refocus) {
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (refocus) this.button.focus();
  }

  #search() {
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (/** @type {Choice} */ c) => `${c.rule} ${c.name} ${c.about} ${c.group}`.toLowerCase();
    this.found = this.choices.filter((choice) => words.every((word) => text(choice).includes(word)));
    this.active = 0;
    this.#show();
  }

  #show() {
    let group = "";
    /** @type {HTMLElement[]} */
    const items = [];
    this.found.forEach((choice, i) => {
      if (choice.group !== group) {
        group = choice.group;
        items.push(el("li", { class: "rule-group", role: "presentation" }, group));
      }
      const item = el("li", { role: "option", id: `${this.options.id}-${i}`, "data-rule": choice.rule, onmousedown: (/** @type {MouseEvent} */ e) => e.preventDefault(), onclick: () => this.#take(i) }, el("span", {}, choice.name));
      if (choice.about) item.append(el("small", {}, choice.about));
      items.push(item);
    });
    if (!items.length) items.push(el("li", { class: "rule-none", role: "presentation" }, t("optimizer.page.no_rule")));
    fill(this.options, ...items);
    this.#mark();
  }

  #mark() {
    for (const item of this.options.querySelectorAll('[role="option"]')) {
      const active = item.id === `${this.options.id}-${this.active}`;
      item.setAttribute("aria-selected", String(active));
      if (active) item.scrollIntoView({ block: "nearest" });
    }
    this.input.setAttribute("aria-activedescendant", this.found.length ? `${this.options.id}-${this.active}` : "");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const count = this.found.length;
    if (event.key === "ArrowDown" && count) this.active = (this.active + 1) % count;
    else if (event.key === "ArrowUp" && count) this.active = (this.active + count - 1) % count;
    else if (event.key === "Enter" && count) return event.preventDefault(), this.#take(this.active);
    else if (event.key === "Escape") return event.stopPropagation(), this.#close(true);
    else return;
    event.preventDefault();
    this.#mark();
  }

  /** @param {number} i */
  #take(i) {
    this.#close(false);
    this.onPick(this.found[i].rule);
  }
}
