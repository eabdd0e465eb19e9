/** The experiments of a lab, a tab each. */

import { byId, el, fill } from "./dom.js";
import { first } from "./i18n.js";

/** @typedef {import("./types.js").Experiment} Experiment */

/** @param {Experiment[]} siblings every experiment of this lab @param {Experiment} shown */
export function tabs(siblings, shown) {
  const box = byId("tabs");
  box.hidden = siblings.length < 2;
  const links = siblings.map((one, index) => {
    const short = one.name.split("/")[1];
    const label = first([`${one.lab}.${short}.title`, `${one.lab}.${short}`], short);
    const href = index === 0 ? window.location.pathname : `?experiment=${short}`;
    return el("a", { href, "aria-current": one === shown ? "page" : null }, label);
  });
  fill(box, ...links);
}
