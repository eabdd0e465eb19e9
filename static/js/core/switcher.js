/** A few choices side by side, one of them on: the small switches in the head of a card. */

import { el } from "./dom.js";

export class Switcher {
  /**
   * @param {string} name what is chosen, for screen readers
   * @param {[string, string][]} choices value and text
   * @param {string} value
   * @param {(value: string) => void} onPick
   */
  constructor(name, choices, value, onPick) {
    this.onPick = onPick;
    this.value = value;
    this.element = el("div", { class: "segments switcher", role: "group", "aria-label": name });
    this.offer(choices);
  }

  /** @param {[string, string][]} choices */
  offer(choices) {
    this.element.hidden = choices.length < 2;
    this.element.replaceChildren(
      ...choices.map(([value, text]) => el("button", { type: "button", "data-value": value, onclick: () => this.#pick(value) }, text)),
    );
    this.set(this.value);
  }

  /** @param {string} value */
  set(value) {
    this.value = value;
    for (const button of this.element.children) button.setAttribute("aria-pressed", String(button.getAttribute("data-value") === value));
  }

  /** @param {string} value */
  #pick(value) {
    this.set(value);
    this.onPick(value);
  }
}
