/**
 * Light or dark: the user's choice (kept in localStorage), or else the system's.
 */

/** @type {Set<() => void>} */
const listeners = new Set();
const system = window.matchMedia("(prefers-color-scheme: dark)");

/** @returns {"light" | "dark"} */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return system.matches ? "dark" : "light";
}

/** @param {"light" | "dark"} name */
export function setTheme(name) {
  document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem("theme", name);
  } catch {
    // A browser that keeps nothing still changes this page.
  }
  for (const listener of listeners) listener();
}

/** Be told after every change. @param {() => void} listener */
export function onTheme(listener) {
  listeners.add(listener);
}

system.addEventListener("change", () => {
  if (!document.documentElement.dataset.theme) for (const listener of listeners) listener();
});

const reduced = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the user asked for less motion. */
export function reducedMotion() {
  return reduced.matches;
}

/** Wire a button that turns light into dark and back. @param {HTMLElement | null} button */
export function themeButton(button) {
  if (!button) return;
  const show = () => button.setAttribute("aria-pressed", String(theme() === "dark"));
  button.addEventListener("click", () => setTheme(theme() === "dark" ? "light" : "dark"));
  onTheme(show);
  show();
}
