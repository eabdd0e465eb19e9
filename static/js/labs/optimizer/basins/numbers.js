/** The map in numbers: the chosen pixel's values, each a button that opens its arithmetic; what of the map has which colour; how it ran. */

import { card, el, fill } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { gradient } from "./colours.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("./map.js").PixelMap} PixelMap */
/** @typedef {import("./colours.js").Scheme} Scheme */
/** @typedef {[string, string, string, string][]} Rows   name, value, exact value, kind of the target ("": none) */

export class MapNumbers {
  /** @param {Stage} stage @param {(kind: string) => void} open */
  constructor(stage, open) {
    this.stage = stage;
    this.open = open;
    this.card = card("");
    this.card.body.classList.add("basins-numbers");
    this.pixel = el("tbody");
    this.way = el("p", { class: "caption" });
    this.check = el("p", { class: "parity", hidden: true });
    this.card.body.append(el("table", {}, this.pixel), this.check, this.way);
  }

  /** @param {string} title @param {Rows} rows */
  show(title, rows) {
    const { t } = this.stage;
    this.card.heading.textContent = title;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.kind : undefined;
    fill(
      this.pixel,
      ...rows.map(([name, value, full, kind]) => {
        const shown = kind
          ? el("button", { type: "button", class: "value", "data-kind": kind, "data-exact": full, "aria-label": t("optimizer.basins.page.open", { what: name }), onclick: () => this.open(kind) }, value)
          : el("span", { "data-exact": full }, value);
        return el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, shown));
      }),
    );
    if (focused) /** @type {HTMLElement | null} */ (this.pixel.querySelector(`[data-kind="${focused}"]`))?.focus({ preventScroll: true });
  }

  /** Which way the map was computed, and what the pixel that was run alone said. @param {"together" | "reduced" | "one_by_one"} way @param {{row: number, column: number, difference: number} | null} check */
  tell(way, check) {
    const { t } = this.stage;
    this.way.textContent = t(`optimizer.basins.page.${way}`);
    this.check.hidden = !check;
    if (!check) return;
    const same = check.difference === 0;
    this.check.className = same ? "parity good" : "parity bad";
    this.check.textContent = t(same ? "optimizer.basins.page.check_exact" : "optimizer.basins.page.check_off", { ...check, difference: num(check.difference, 2) });
  }
}

/** A coordinate in three digits; what is nought but for a search's last bits is nought. @param {number} value */
function place(value) {
  return num(Math.abs(value) < 1e-6 ? 0 : value, 3);
}

/** The legend under the map: a swatch, a name and a share of the pixels for what is told apart, a bar for a magnitude. */
export class Legend {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.element = el("div", { class: "basins-legend" });
    /** What was counted: of which scheme, up to which part, which parts, pixels in all and by class.
     * @type {{scheme: Scheme | null, until: number, parts: Set<number>, all: number, counts: number[]}} */
    this.seen = { scheme: null, until: -1, parts: new Set(), all: 0, counts: [] };
  }

  /** Pixels of each class up to part `seq`; only what came since the last time is looked at. @param {Scheme} scheme @param {PixelMap} map @param {number} seq */
  #count(scheme, map, seq) {
    let { seen } = this;
    if (seen.scheme !== scheme || seq < seen.until) seen = { scheme, until: -1, parts: new Set(), all: 0, counts: scheme.classes.map(() => 0) };
    for (let k = 0; k <= seq && k < map.parts; k += 1) {
      if (!map.here[k] || seen.parts.has(k)) continue;
      seen.parts.add(k);
      map.each(k, (pixel) => {
        seen.all += 1;
        const at = scheme.classes.findIndex((one) => one.is(pixel));
        if (at >= 0) seen.counts[at] += 1;
      });
    }
    seen.until = seq;
    this.seen = seen;
    return seen;
  }

  /** @param {Scheme} scheme @param {PixelMap} map @param {number} seq @param {string} of what the bar measures */
  show(scheme, map, seq, of) {
    const { t } = this.stage;
    const { all, counts } = this.#count(scheme, map, seq);
    const rows = scheme.classes.map(({ colour, name, values }, i) => {
      const swatch = el("i", { class: "basins-swatch" });
      swatch.style.background = colour;
      const said = values && "x" in values ? { ...values, x: place(Number(values.x)), y: place(Number(values.y)) } : values;
      const share = all ? `${num((100 * counts[i]) / all, 3)} %` : "·";
      return counts[i] ? el("span", { class: "basins-class" }, swatch, t(`optimizer.basins.page.${name}`, said), el("b", { title: exact(counts[i]) }, share)) : null;
    });
    const { scale } = scheme;
    this.element.classList.toggle("named", !scale);
    const bar = el("i", { class: "basins-bar" });
    bar.style.background = gradient();
    const middle = scale && (scale.log ? Math.sqrt(scale.low * scale.high) : (scale.low + scale.high) / 2);
    const ticks = scale ? [scale.low, Number(middle), scale.high].map((value) => el("b", {}, num(value, 3))) : [];
    const magnitude = scale ? el("span", { class: "basins-scale" }, el("span", {}, of), bar, el("span", { class: "basins-ticks" }, ...ticks)) : null;
    fill(this.element, ...[magnitude, ...rows].filter((one) => one !== null));
  }
}
