/**
 * KaTeX, loaded when the first formula is wanted; the formula's source stands there meanwhile.
 */

/** @type {Promise<any> | null} */
let loading = null;
/** @type {any} */
let katex = null;

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
 */
export async function typeset(element, latex, display = false) {
  const library = katex ?? (await load());
  // \htmlData marks our own numbers; nothing else of KaTeX's trusted commands is let through.
  library.render(latex, element, {
    displayMode: display,
    throwOnError: false,
    strict: false,
    maxExpand: 200,
    trust: (/** @type {any} */ context) => context.command === "\\htmlData",
  });
}
