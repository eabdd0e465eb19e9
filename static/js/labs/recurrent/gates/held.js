/** What is held in this run, each with its way back, and the way to hold the value that is looked at. */

import { el, icon } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { same } from "../../../core/link.js";

/** @typedef {import("./model.js").Model} Model */

export class Held {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.value = el("input", { type: "number", step: "any", min: -10, max: 10, value: "0", class: "gates-value", "aria-label": t("recurrent.gates.page.value") });
    this.who = el("select", { "aria-label": t("recurrent.gates.page.who") });
    this.when = el("select", { "aria-label": t("recurrent.gates.page.when") });
    this.hold = el("button", { type: "button", class: "button small", onclick: () => this.#hold() }, t("recurrent.gates.page.hold"));
    this.what = el("span", { class: "value" });
    this.chips = el("span", { class: "gates-chips" });
    this.element = el("div", { class: "gates-held" }, el("span", { class: "caption" }, t("recurrent.gates.page.holding")), this.what, el("span", {}, "="), this.value, this.who, this.when, this.hold, this.chips);
    this.element.hidden = true; // there is nothing to hold before the first run
    this.seq = 0;
  }

  /** The run, the unit or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const { unit } = model;
    this.element.hidden = false;
    const kept = [this.who.value, this.when.value];
    this.what.textContent = model.layers > 1 ? `${unit.name}, ${t("recurrent.gates.page.layer", { layer: unit.layer })}` : unit.name;
    this.who.replaceChildren(el("option", { value: "unit" }, t("recurrent.gates.page.this_unit", { unit: unit.unit + 1 })), el("option", { value: "all" }, t("recurrent.gates.page.all_units")));
    this.when.replaceChildren(...["always", "from", "now"].map((id) => el("option", { value: id }, t(`recurrent.gates.page.when.${id}`))));
    [this.who.value, this.when.value] = [kept[0] || "unit", kept[1] || "always"];
    this.chips.replaceChildren(
      ...model.held.map((/** @type {Record<string, any>} */ one, /** @type {number} */ k) => {
        const who = one.unit === null || one.unit === undefined ? t("recurrent.gates.page.all_units") : t("recurrent.gates.page.this_unit", { unit: one.unit + 1 });
        const steps = (one.first ?? 1) === 1 && !one.last ? "" : ` · ${one.first}–${one.last ?? ""}`;
        const text = `${one.name}${model.layers > 1 ? ` ${one.layer}` : ""} = ${num(one.value)} · ${who}${steps}`;
        const release = () => model.stage.edit({ held: model.newest.filter((other) => !same(other, one)) });
        return el("button", { type: "button", class: "button small", "aria-label": t("recurrent.gates.page.release", { what: text }), onclick: release }, text, icon("close"));
      }),
    );
  }

  #hold() {
    const { model } = this;
    const { name, layer, direction, unit } = model.unit;
    const value = Number(this.value.value);
    const step = Math.max(1, this.seq);
    if (!this.value.validity.valid || this.value.value === "") {
      this.value.focus();
      return;
    }
    const one = { name, layer, direction, unit: this.who.value === "all" ? null : unit, first: this.when.value === "always" ? 1 : step, last: this.when.value === "now" ? step : null, value };
    model.stage.edit({ held: [...model.newest, one].slice(-16) });
  }
}
