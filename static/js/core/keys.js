/**
 * The keyboard: Space, arrows, Shift+arrows, Home, End, R, Ctrl+Z, and ? for the list of them.
 */

import { el, fill } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {{toggle: () => void, step: (n: number) => void, home: () => void, end: () => void, restart: () => void, undo: () => void}} Actions */

/** @param {EventTarget | null} target */
function typing(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** @param {EventTarget | null} target */
function pressable(target) {
  return target instanceof HTMLElement && target.closest("button, a, summary, [role=button], [role=menuitem], input[type=checkbox]") !== null;
}

/** @param {Actions} actions */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open], .menu")) return;
    const scrubbing = event.target instanceof HTMLElement && event.target.id === "scrubber";
    if (typing(event.target) && !scrubbing) return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      actions.undo();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const big = event.shiftKey ? 10 : 1;
    /** @type {Record<string, () => void>} */
    const keys = {
      " ": actions.toggle,
      ArrowRight: () => actions.step(big),
      ArrowLeft: () => actions.step(-big),
      Home: actions.home,
      End: actions.end,
      r: actions.restart,
      R: actions.restart,
      "?": shortcuts,
    };
    const action = keys[event.key];
    if (!action || (event.key === " " && pressable(event.target))) return;
    if (event.target instanceof HTMLElement && event.target.closest("[data-arrows]") && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    action();
  });
}

/** The dialog that lists the keys. */
export function shortcuts() {
  const rows = [
    ["Space", "space"],
    ["← →", "arrows"],
    ["Shift + ← →", "shift"],
    ["Home / End", "ends"],
    ["R", "restart"],
    ["Ctrl + Z", "undo"],
    ["?", "help"],
  ];
  const table = el("dl", { class: "shortcuts" });
  for (const [keys, id] of rows) table.append(el("dt", {}, el("kbd", {}, keys)), el("dd", {}, t(`shell.key.${id}`)));
  dialog(t("shell.shortcuts"), table);
}

/**
 * A modal dialog with a heading and a close button; Escape closes it.
 * @param {string} title
 * @param {...HTMLElement} content
 * @returns {HTMLDialogElement}
 */
export function dialog(title, ...content) {
  const close = el("button", { type: "button", class: "button", onclick: () => box.close() }, t("shell.close"));
  const heading = el("h2", { id: "dialog-title" }, title);
  const box = el("dialog", { class: "dialog", "aria-labelledby": "dialog-title" });
  fill(box, el("header", {}, heading, close), ...content);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (event) => {
    if (event.target === box) box.close();
  });
  document.body.append(box);
  box.showModal();
  return box;
}
