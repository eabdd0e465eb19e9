/**
 * Sentences in the user's language: the catalogue is one JSON object, id -> text with {placeholders}.
 */

import { num } from "./format.js";

/** @type {Record<string, string>} */
let catalogue = {};
let language = "en";

/**
 * The text of a message.
 * @param {string} id
 * @param {Record<string, unknown>} [values] numbers are formatted, nested messages are said
 * @returns {string}
 */
export function t(id, values = {}) {
  const text = catalogue[id] ?? id;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? plain(values[name]) : whole));
}

/** @param {string} id */
export function has(id) {
  return id in catalogue;
}

/**
 * The first of the ids that the catalogue knows, else `otherwise`.
 * @param {string[]} ids
 * @param {string} otherwise
 */
export function first(ids, otherwise) {
  const id = ids.find(has);
  return id === undefined ? otherwise : t(id);
}

/**
 * A message of the server, in this language.
 * @param {import("./types.js").Message | null | undefined} message
 * @returns {string}
 */
export function say(message) {
  return message ? t(message.id, message.values ?? {}) : "";
}

/** @param {unknown} value @returns {string} */
function plain(value) {
  if (typeof value === "number") return num(value, 6);
  if (value && typeof value === "object" && "id" in value) return say(/** @type {any} */ (value));
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (value !== null && typeof value === "object") return JSON.stringify(value);
  return String(value);
}

export function lang() {
  return language;
}

/**
 * Read a language's catalogue and put it into force.
 * @param {string} code
 * @param {string} url
 */
export async function load(code, url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`catalogue ${code}: HTTP ${answer.status}`);
  catalogue = await answer.json();
  language = code;
}

/**
 * Say again what the templates said: `data-t` is an element's text, `data-t-label` its name for
 * screen readers and its tooltip, `data-t-name` the name alone.
 * @param {ParentNode} root
 */
export function retranslate(root) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : language;
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.getAttribute("data-t") ?? "");
  for (const element of root.querySelectorAll("[data-t-name]"))
    element.setAttribute("aria-label", t(element.getAttribute("data-t-name") ?? ""));
  for (const element of root.querySelectorAll("[data-t-label]")) {
    const text = t(element.getAttribute("data-t-label") ?? "");
    element.setAttribute("aria-label", text);
    element.setAttribute("title", text);
  }
}
