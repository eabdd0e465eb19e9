/** Says what happens to those who do not see it: one line at a time, at most every two seconds. */

import { byId } from "./dom.js";

const PERIOD = 2000;
let said = 0;
let timer = 0;

/**
 * @param {string} text
 * @param {boolean} [now] do not wait
 */
export function announce(text, now = false) {
  window.clearTimeout(timer);
  const wait = now ? 0 : Math.max(0, said + PERIOD - performance.now());
  timer = window.setTimeout(() => {
    said = performance.now();
    byId("announcer").textContent = text;
  }, wait);
}

/** Copy text; where the browser forbids it, a field is selected to copy by hand. @param {string} text @returns {Promise<boolean>} */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
