/** Formulas of the run put into the form: the surface's under the field where it is typed, each racer's with its settings. */

import { el } from "../../core/dom.js";
import { typeset } from "../../core/math.js";

/**
 * The form may have been drawn anew since the last call: places are looked up each time.
 * @param {string} surface LaTeX of f(x, y)
 * @param {readonly {formula: string}[]} racers
 */
export function showFormulas(surface, racers) {
  const field = document.querySelector('.field[data-field="expression"]');
  if (field) put(field, "field-formula", surface, false);
  racers.forEach((racer, r) => {
    const body = document.querySelector(`.racer[data-racer="${r}"] .racer-body`);
    if (body) put(body, "racer-formula", racer.formula, true);
  });
}

/** @param {Element} host @param {string} name @param {string} latex @param {boolean} first whether it stands first in its host */
function put(host, name, latex, first) {
  let place = /** @type {HTMLElement | null} */ (host.querySelector(`.${name}`));
  if (!place) {
    place = el("div", { class: name, tabindex: 0 });
    if (first) host.prepend(place);
    else host.append(place);
  }
  place.hidden = !latex;
  if (!latex || place.dataset.latex === latex) return;
  place.dataset.latex = latex;
  void typeset(place, latex, first);
}
