/** A few choices side by side, one of them on. */

import { el } from "../../../core/dom.js";

export class Segments {
  /**
   * @param {string} name what is chosen, for screen readers
   * @param {[string, string][]} choices value and text
   * @param {string} value
   * @param {(value: string) => void} onPick
   */
  constructor(name, choices, value, onPick) {
    this.buttons = choices.map(([one, text]) =>
      el("button", { type: "button", "aria-pressed": String(one === value), onclick: () => this.#pick(one, onPick), "data-value": one }, text),
    );
    this.element = el("div", { class: "segments net-segments", role: "group", "aria-label": name }, ...this.buttons);
  }

  /** @param {string} value @param {(value: string) => void} onPick */
  #pick(value, onPick) {
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.value === value));
    onPick(value);
  }
}
