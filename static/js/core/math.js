/**
 * KaTeX, loaded when the first formula is wanted; the formula's source stands there meanwhile.
 */

/** @type {Promise<any> | null} */
let loading = null;
/** @type {any} */
let katex = null;

/** What was typeset before, to be copied: a formula's symbols stay while its numbers change. @type {Map<string, DocumentFragment>} */
const kept = new Map();
const KEPT = 300;

/** @returns {Promise<any>} */
export function load() {
  // Spelled as a variable: a vendored file has no types, and none are wanted.
  const where = "../../vendor/katex/katex.mjs";
  loading ??= import(where).then((module) => (katex = module.default));
  return loading;
}

/**
 * Typeset LaTeX into an element.
 * @param {HTMLElement} element
 * @param {string} latex
 * @param {boolean} [display]
 * @param {boolean} [once] it will hardly be wanted again: numbers of one step
 */
export async function typeset(element, latex, display = false, once = false) {
  const library = katex ?? (await load());
  const key = `${display} ${latex}`;
  const before = kept.get(key);
  if (before) {
    element.replaceChildren(before.cloneNode(true));
    return;
  }
  // \htmlData marks our own numbers; nothing else of KaTeX's trusted commands is let through.
  library.render(latex, element, {
    displayMode: display,
    throwOnError: false,
    strict: false,
    maxExpand: 200,
    trust: (/** @type {any} */ context) => context.command === "\\htmlData",
  });
  if (once) return;
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? "");
  const copy = document.createDocumentFragment();
  copy.append(...[...element.childNodes].map((node) => node.cloneNode(true)));
  kept.set(key, copy);
}
