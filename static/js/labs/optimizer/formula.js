/** The surface's formula, typeset under the field where it is typed: what was understood, live. */

import { el } from "../../core/dom.js";
import { typeset } from "../../core/math.js";

/**
 * Put the formula under the form's field `expression`. The form may have been drawn anew since.
 * @param {string} latex
 */
export function showFormula(latex) {
  const field = document.querySelector('.field[data-field="expression"]');
  if (!field) return;
  let place = /** @type {HTMLElement | null} */ (field.querySelector(".field-formula"));
  if (!place) {
    place = el("div", { class: "field-formula", tabindex: 0 });
    field.append(place);
  }
  place.hidden = !latex;
  if (latex) void typeset(place, latex);
}
