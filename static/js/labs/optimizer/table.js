/**
 * The race in numbers: each racer's loss, its distance to the nearest minimum, the step at which it came
 * within the tolerance. A row's name selects the racer; a number opens its arithmetic.
 */

import { card, el } from "../../core/dom.js";
import { exact, num } from "../../core/format.js";
import { mark } from "./marks.js";
import { Numbers } from "./numbers.js";

/** @typedef {import("./model.js").Race} Race */
/** @typedef {{row: HTMLTableRowElement, name: HTMLButtonElement, loss: HTMLButtonElement, far: HTMLButtonElement, steps: HTMLElement, ghost: HTMLElement}} Row */

/** While a run plays the numbers change at most this often: faster, nobody reads them. */
const EVERY_MS = 100;
const STOPPED = 2;

export class Table {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    this.card = card("");
    this.card.body.classList.add("race-table");
    this.body = el("tbody");
    this.headings = el("tr");
    this.numbers = new Numbers(race);
    this.leavers = el("div", { class: "leavers", hidden: true });
    this.card.body.append(el("table", {}, el("thead", {}, this.headings), this.body), this.leavers, this.numbers.element);
    /** @type {Row[]} */
    this.rows = [];
    /** First step within the tolerance of the least loss, by racer; Infinity: not yet. */
    this.reached = new Float64Array(0);
    this.scanned = -1;
    /** Who left the race, when, and the sentence that says why. @type {{seq: number, text: string}[]} */
    this.stops = [];
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    this.painted = 0;
    this.timer = 0;
  }

  /** The run, the selection, the theme or the language changed. */
  plan() {
    const { race } = this;
    const { t } = race.stage;
    this.reached = new Float64Array(race.racers.length).fill(Infinity);
    this.scanned = -1;
    this.stops = [];
    const head = (/** @type {string} */ text, /** @type {string} */ title = "") => el("th", { scope: "col", title: title || null }, text);
    const tolerance = Number(race.params.tolerance ?? 1e-3);
    this.headings.replaceChildren(
      el("th", { scope: "col" }, el("span", { class: "unseen" }, t("optimizer.page.racer"))),
      head(t("optimizer.page.loss")),
      head(t("optimizer.page.to_minimum")),
      head(t("optimizer.page.steps_to", { tolerance: power(tolerance) }), t("optimizer.page.steps_to_help", { tolerance })),
    );
    this.rows = race.racers.map((racer, r) => this.#row(racer.label, r));
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
    this.numbers.plan();
    this.choose();
  }

  /** Mark the selected racer's row. */
  choose() {
    this.rows.forEach(({ row, name }, r) => {
      row.classList.toggle("chosen", r === this.race.chosen);
      name.setAttribute("aria-pressed", String(r === this.race.chosen));
    });
  }

  /** @param {number} seq */
  draw(seq) {
    window.clearTimeout(this.timer);
    const now = performance.now();
    const wait = this.race.stage.player.playing ? EVERY_MS - (now - this.painted) : 0;
    if (wait > 0) this.timer = window.setTimeout(() => this.draw(this.race.stage.player.seq), wait);
    else this.#paint(seq, now);
  }

  destroy() {
    window.clearTimeout(this.timer);
  }

  /** @param {number} seq @param {number} now */
  #paint(seq, now) {
    this.painted = now;
    this.#scan();
    const { race } = this;
    const { t } = race.stage;
    const frame = race.stage.timeline.frame(seq);
    if (!frame) return;
    this.numbers.draw(seq);
    this.card.heading.textContent = t("optimizer.page.step", { step: frame.step });
    const { position, loss, status } = frame.tensors;
    this.#tell(seq);
    const then = this.pinned?.timeline.frame(Math.min(seq, this.pinned.timeline.last))?.tensors.loss?.data;
    this.rows.forEach(({ row, loss: lossCell, far, steps, ghost }, r) => {
      const stopped = Number(status?.data[r] ?? 0);
      row.classList.toggle("stopped", stopped >= STOPPED);
      const value = Number(loss?.data[r]);
      write(lossCell, short(value), exact(value));
      const distance = this.#distance(Number(position?.data[2 * r]), Number(position?.data[2 * r + 1]));
      write(far, race.minima.length ? short(distance) : "·", race.minima.length ? exact(distance) : "");
      const reached = this.reached[r] <= frame.step ? num(this.reached[r]) : "·";
      write(steps, stopped >= STOPPED ? t(stopped === STOPPED ? "optimizer.page.diverged" : "optimizer.page.stopped_nan") : reached, "");
      ghost.hidden = then?.[r] === undefined;
      if (then?.[r] !== undefined) write(ghost, t("optimizer.page.pinned_loss", { loss: short(Number(then[r])) }), exact(Number(then[r])));
    });
  }

  /** The sentences about racers that have left by now. @param {number} seq */
  #tell(seq) {
    const told = this.stops.filter((stop) => stop.seq <= seq).map((stop) => stop.text);
    if (told.length === this.leavers.childElementCount) return;
    this.leavers.replaceChildren(...told.map((text) => el("p", {}, text)));
    this.leavers.hidden = told.length === 0;
  }

  /** Look through the timeline's new frames for the first within the tolerance and for racers that leave. */
  #scan() {
    const { race } = this;
    const { timeline } = race.stage;
    if (timeline.last <= this.scanned) return;
    // Without a known least loss no racer comes near it: nothing is below NaN.
    const goal = (race.least ?? NaN) + Number(race.params.tolerance ?? 1e-3);
    for (const block of timeline.blocks(this.scanned + 1)) {
      for (const [offset, note] of Object.entries(block.notes))
        for (const { racer, message } of note.stopped ?? [])
          this.stops.push({ seq: block.seq + Number(offset), text: race.stage.t(message.id, { ...message.values, rule: race.racers[racer].label }) });
      const part = block.tensor("loss");
      if (!part) continue;
      for (let f = 0; f < block.count; f++)
        for (let r = 0; r < this.reached.length; r++)
          if (Number(part.data[f * part.size + r]) < goal && block.steps[f] < this.reached[r]) this.reached[r] = block.steps[f];
    }
    this.scanned = timeline.last;
  }

  /** @param {number} x @param {number} y */
  #distance(x, y) {
    let least = Infinity;
    for (const [a, b] of this.race.minima) least = Math.min(least, Math.hypot(x - a, y - b));
    return Number.isNaN(x + y) ? NaN : least;
  }

  /** @param {string} label @param {number} r @returns {Row} */
  #row(label, r) {
    const { race } = this;
    const open = (/** @type {string} */ kind) => () => race.stage.select({ kind, racer: r, coordinate: race.coordinate });
    const named = (/** @type {string} */ what) => race.stage.t("optimizer.page.open", { what, racer: label });
    const { t } = race.stage;
    const name = el("button", { type: "button", class: "racer-name", onclick: open("position") }, mark(race.hue(r)), el("span", { title: label }, label));
    const loss = el("button", { type: "button", class: "value", "aria-label": named(t("optimizer.page.loss")), onclick: open("loss") });
    const far = el("button", { type: "button", class: "value", "aria-label": named(t("optimizer.page.to_minimum")), onclick: open("position") });
    const steps = el("span", { class: "value" });
    const ghost = el("span", { class: "value ghost", hidden: true });
    const row = el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, loss, ghost), el("td", {}, far), el("td", {}, steps));
    return { row, name, loss, far, steps, ghost };
  }
}

/** @param {HTMLElement} element @param {string} text @param {string} title */
function write(element, text, title) {
  if (element.textContent === text) return;
  element.textContent = text;
  if (title) element.setAttribute("data-exact", title);
}

/** Three digits, two beside an exponent: what fits a column. @param {number} value */
function short(value) {
  const size = Math.abs(value);
  return num(value, size > 0 && (size < 1e-3 || size >= 1e6) ? 2 : 3);
}

/** A tolerance as a heading: 10⁻³ where it is a power of ten. @param {number} value */
function power(value) {
  const e = Math.log10(value);
  if (Math.abs(e - Math.round(e)) > 1e-9) return num(value);
  const raised = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
  return `10${[...String(Math.round(e))].map((c) => raised[/** @type {keyof typeof raised} */ (c)]).join("")}`;
}
