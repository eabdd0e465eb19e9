/**
 * A button that opens a small menu; arrows walk it, Escape closes it and gives the focus back.
 */

import { el } from "./dom.js";

/**
 * @param {HTMLElement} button
 * @param {() => {label: string, run: () => void, note?: string}[]} items asked each time it opens
 */
export function menu(button, items) {
  /** @type {HTMLElement | null} */
  let list = null;
  const close = (/** @type {boolean} */ refocus) => {
    if (!list) return;
    list.remove();
    list = null;
    button.setAttribute("aria-expanded", "false");
    if (refocus) button.focus();
  };
  const open = () => {
    list = el(
      "div",
      { class: "menu", role: "menu" },
      ...items().map(({ label, run, note }) =>
        el(
          "button",
          {
            type: "button",
            role: "menuitem",
            onclick: () => {
              close(true);
              run();
            },
          },
          el("span", {}, label),
          note ? el("small", {}, note) : null,
        ),
      ),
    );
    list.addEventListener("keydown", walk);
    document.body.append(list);
    place(list, button);
    button.setAttribute("aria-expanded", "true");
    /** @type {HTMLElement | null} */ (list.querySelector("button"))?.focus();
  };
  const walk = (/** @type {KeyboardEvent} */ event) => {
    if (!list) return;
    const all = [...list.querySelectorAll("button")];
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next !== undefined) {
      all[(next + all.length) % all.length].focus();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.stopPropagation();
      close(true);
    }
  };
  button.addEventListener("click", () => (list ? close(true) : open()));
  document.addEventListener("pointerdown", (event) => {
    const at = event.target;
    if (list && at instanceof Node && !list.contains(at) && !button.contains(at)) close(false);
  });
}

/** Beside its button, inside the window. @param {HTMLElement} box @param {HTMLElement} button */
export function place(box, button) {
  const from = button.getBoundingClientRect();
  const left = Math.max(8, Math.min(from.right - box.offsetWidth, window.innerWidth - box.offsetWidth - 8));
  const above = from.top - box.offsetHeight - 6;
  box.style.left = `${left}px`;
  box.style.top = `${above > 8 ? above : from.bottom + 6}px`;
}
