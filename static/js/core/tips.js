/**
 * Every digit of a number that is shown rounded: a tip over whatever has `data-exact`, where the pointer or the focus is.
 */

import { el } from "./dom.js";

export class Tips {
  constructor() {
    /** @type {Element | null} */
    this.over = null;
    this.tip = el("div", { class: "tip", role: "tooltip", id: "exact-tip", hidden: true });
    document.body.append(this.tip);
    const show = (/** @type {Event} */ event) => {
      this.over = event.target instanceof Element ? event.target.closest("[data-exact]") : null;
      this.again();
    };
    document.addEventListener("pointerover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("scroll", () => (this.tip.hidden = true), { capture: true, passive: true });
  }

  /** Where numbers were written anew, the tip tells the one that stands there now. */
  again() {
    const digits = this.over?.isConnected ? this.over.getAttribute("data-exact") : null;
    this.tip.hidden = digits === null;
    if (!this.over || digits === null) return;
    this.tip.textContent = digits;
    const box = this.over.getBoundingClientRect();
    const width = this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(8, Math.min(window.innerWidth - width - 8, box.left + box.width / 2 - width / 2))}px`;
    this.tip.style.top = `${box.top - this.tip.offsetHeight - 6}px`;
  }
}
