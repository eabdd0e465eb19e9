/**
 * What the selected racer remembers: its state in time. AdaBound shows its band, SWATS its estimate of
 * the rate and the step where it hands over to SGD, every rule its effective rate.
 */

import { card, el, fill } from "../../core/dom.js";
import { typeset } from "../../core/math.js";
import { Chart } from "../../core/chart/chart.js";
import { strokeOf } from "./marks.js";
import { Switcher } from "../../core/switcher.js";

/** @typedef {import("./model.js").Race} Race */
/** @typedef {import("../../core/chart/series.js").Series} Series */

/** Sums of squares: their root is what divides the step, and stands beside the gradient in size. */
const SQUARES = new Set(["exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum", "acc_delta"]);
/** State with a picture of its own. */
const APART = new Set(["lower_bound", "upper_bound", "gamma", "lambda", "lambda_hat", "phase", "step"]);
const DASHES = [[], [6, 4], [2, 3], [8, 3, 2, 3]];

export class StateCurves {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    const { t } = race.stage;
    this.wish = "";
    this.view = "memory";
    /** The seq where SWATS handed over. @type {number | null} */
    this.switched = null;
    this.scanned = -1;
    this.card = card("");
    this.element = this.card.element;
    this.element.classList.add("race-state");
    this.chart = new Chart({ seek: (seq) => race.stage.player.seek(seq), inks: () => race.inks });
    this.legend = el("ul", { class: "chart-legend" });
    this.views = el("select", { "aria-label": t("optimizer.page.state_views") });
    this.views.addEventListener("change", () => {
      this.wish = this.views.value;
      this.#again();
    });
    this.axis = new Switcher(t("optimizer.page.coordinate"), [["0", "x"], ["1", "y"]], "0", (value) => {
      const target = race.stage.selected() ?? { kind: "position", racer: race.chosen };
      race.stage.select({ ...target, coordinate: Number(value) });
    });
    this.card.actions.append(this.views);
    this.card.body.append(el("div", { class: "chart-row" }, this.legend, this.axis.element), this.chart.element);
  }

  /** The run, the selection or the theme changed. */
  plan() {
    const { race } = this;
    const { t } = race.stage;
    const racer = race.racers[race.chosen];
    if (!racer) return;
    const views = this.#offers();
    this.view = views.includes(this.wish) ? this.wish : views[0];
    fill(this.views, ...views.map((name) => el("option", { value: name }, t(`optimizer.page.view_${name}`))));
    this.views.value = this.view;
    this.axis.set(String(race.coordinate));
    this.axis.element.hidden = this.view === "switch";
    this.card.heading.textContent = t(`optimizer.page.title_${this.view}`, { racer: racer.label });
    const { series, bands, log } = this.#plans()[this.view]();
    this.switched = null;
    this.scanned = -1;
    delete this.element.dataset.switched;
    this.#legend(series);
    this.chart.show(
      { series, bands, log, x: "step", last: Number(race.params.steps ?? 0), racer: race.chosen, marks: [] },
      this.card.heading.textContent ?? "",
    );
  }

  /** @param {number} seq */
  draw(seq) {
    const { timeline } = this.race.stage;
    if (this.view === "switch") this.#findSwitch();
    this.chart.draw(timeline, seq);
  }

  #again() {
    this.plan();
    this.draw(this.chart.seq);
  }

  /** The views that the selected racer's state allows, the most telling first. */
  #offers() {
    const names = this.#names();
    /** @type {string[]} */
    const views = [];
    if (names.includes("lower_bound") && names.includes("upper_bound")) views.push("band");
    if (names.includes("gamma") && names.includes("lambda")) views.push("switch");
    if (names.some((name) => !APART.has(name))) views.push("memory");
    const rest = this.race.racers[this.race.chosen].adaptive ? ["rate", "gradient"] : ["gradient", "rate"];
    return [...views, ...rest.filter((name) => name !== "rate" || !views.includes("band"))];
  }

  #names() {
    return this.race.racers[this.race.chosen].state.map((state) => state.name);
  }

  /** @returns {Record<string, () => {series: Series[], bands?: {lower: number, upper: number, colour: string}[], log: boolean}>} */
  #plans() {
    const { race } = this;
    const { t } = race.stage;
    const r = race.chosen;
    const racer = race.racers[r];
    const colour = race.colour(r);
    const column = (/** @type {string} */ tensor) => this.#column(tensor);
    const line = (/** @type {string} */ tensor, /** @type {number} */ at, /** @type {string} */ name, /** @type {number} */ i) => ({
      tensor, column: at, name, colour: i % 2 ? race.inks.faint : colour, dash: DASHES[i % DASHES.length], width: i ? 1.5 : 2,
    });
    const own = (/** @type {string} */ name, /** @type {number} */ i) => line(`state/${r}/${name}`, column(name), this.#symbol(name), i);
    return {
      memory: () => ({
        series: racer.state.filter((state) => !APART.has(state.name)).map((state, i) => ({ ...own(state.name, i), root: SQUARES.has(state.name) })),
        log: false,
      }),
      rate: () => ({ series: [line("effective_lr", 2 * r + race.coordinate, t("optimizer.page.effective_lr"), 0), { ...line("lr", r, t("optimizer.page.lr"), 1) }], log: true }),
      band: () => ({
        series: [
          { ...own("lower_bound", 1), dash: [], width: 1 },
          { ...own("upper_bound", 1), dash: [], width: 1 },
          line("effective_lr", 2 * r + race.coordinate, t("optimizer.page.effective_lr"), 0),
        ],
        bands: [{ lower: 0, upper: 1, colour }],
        log: true,
      }),
      // What SWATS compares: each step's rate gamma, and its corrected mean.
      switch: () => ({ series: [own(this.#names().includes("lambda_hat") ? "lambda_hat" : "lambda", 0), own("gamma", 1)], log: true }),
      gradient: () => ({
        series: [line("gradient", 2 * r + race.coordinate, t("optimizer.page.gradient"), 0), line("update", 2 * r + race.coordinate, t("optimizer.page.update"), 1)],
        log: false,
      }),
    };
  }

  /** Vectors show the chosen coordinate, scalars themselves. @param {string} name */
  #column(name) {
    const shape = this.race.racers[this.race.chosen].state.find((state) => state.name === name)?.shape ?? [];
    return shape.reduce((product, n) => product * n, 1) > 1 ? this.race.coordinate : 0;
  }

  /** @param {string} name */
  #symbol(name) {
    return SQUARES.has(name) ? `√${name}` : name;
  }

  /** How a state is typeset; "" for what has a name in words. @param {string} tensor */
  #latex(tensor) {
    const name = tensor.startsWith("state/") ? tensor.split("/").slice(2).join("/") : "";
    const latex = this.race.racers[this.race.chosen].state.find((state) => state.name === name)?.latex ?? "";
    return latex && SQUARES.has(name) ? `\\sqrt{${latex}}` : latex;
  }

  /** @param {Series[]} series */
  #legend(series) {
    this.legend.replaceChildren(
      ...series.map((one) => {
        const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        swatch.setAttribute("viewBox", "0 0 22 8");
        swatch.setAttribute("class", "line-swatch");
        const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
        path.setAttribute("d", "M0,4H22");
        path.setAttribute("stroke", one.colour);
        path.setAttribute("stroke-width", String(one.width));
        path.setAttribute("stroke-dasharray", one.dash.join(" "));
        swatch.append(path);
        const name = el("span", {}, one.name);
        const latex = this.#latex(one.tensor);
        if (latex) void typeset(name, latex);
        return el("li", {}, swatch, name);
      }),
    );
  }

  /** Mark the first frame whose phase differs from the one before. */
  #findSwitch() {
    const { timeline } = this.race.stage;
    if (this.switched !== null || timeline.last <= this.scanned) return;
    const name = `state/${this.race.chosen}/phase`;
    for (const block of timeline.blocks(this.scanned + 1)) {
      const part = block.tensor(name);
      for (let f = 0; part && f < block.count; f++) {
        if (Number(part.data[f * part.size]) <= 0) continue;
        this.switched = block.seq + f;
        this.chart.plan.marks = [this.switched];
        this.chart.done = -1;
        this.element.dataset.switched = String(this.switched);
        this.legend.append(el("li", { class: "note" }, this.race.stage.t("optimizer.page.switched", { step: block.steps[f] })));
        return;
      }
    }
    this.scanned = timeline.last;
  }
}
