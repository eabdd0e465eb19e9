/**
 * The loss of every racer, against steps or against samples seen, on a linear or logarithmic axis; of those whose rate a range test
 * raises also against the rate.
 */

import { card } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Chart } from "../../core/chart/chart.js";
import { strokeOf } from "./marks.js";
import { Switcher } from "../../core/switcher.js";

/** @typedef {import("./model.js").Race} Race */
/** @typedef {import("../../core/types.js").Pinned} Pinned */

export class Loss {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    const { t } = race.stage;
    this.log = true;
    /** @type {"step" | "samples" | "lr"} */
    this.x = "step";
    /** Whether a racer's rate is raised by a range test: its loss is told against its rate then. */
    this.ranged = false;
    /** @type {Pinned | null} */
    this.pinned = null;
    this.card = card(t("optimizer.page.loss_title"));
    this.element = this.card.element;
    this.element.classList.add("race-loss");
    this.chart = new Chart({ seek: (seq) => race.stage.player.seek(seq), inks: () => race.inks });
    this.axis = new Switcher(t("optimizer.page.x_axis"), this.#axes(), this.x, (value) => {
      this.x = value === "samples" || value === "lr" ? value : "step";
      this.#again();
    });
    this.scale = new Switcher(t("optimizer.page.y_axis"), [["log", t("optimizer.page.log")], ["linear", t("optimizer.page.linear")]], "log", (value) => {
      this.log = value === "log";
      this.#again();
    });
    this.card.actions.append(this.axis.element, this.scale.element);
    this.card.body.append(this.chart.element);
  }

  /** @returns {[string, string][]} */
  #axes() {
    const { t } = this.race.stage;
    return [["step", t("optimizer.page.steps")], this.ranged ? ["lr", t("optimizer.page.rate")] : ["samples", t("optimizer.page.samples")]];
  }

  /** @param {number} r */
  #tested(r) {
    return this.race.params.racers?.[r]?.schedule?.kind === "range-test";
  }

  /** The run, the selection or the theme changed. */
  plan() {
    const { race } = this;
    const { t } = race.stage;
    const tested = [...race.racers.keys()].filter((r) => this.#tested(r));
    if (this.ranged !== tested.length > 0) {
      this.ranged = tested.length > 0;
      this.x = this.ranged ? "lr" : "step";
      this.axis.value = this.x;
      this.axis.offer(this.#axes());
    }
    const shift = race.shift;
    const log = this.log && shift !== null;
    this.scale.element.hidden = shift === null; // a loss without a least value has no logarithm
    const line = (/** @type {number} */ r, /** @type {boolean} */ pinned) => ({
      tensor: "loss",
      column: r,
      name: race.racers[r]?.label ?? "",
      ...strokeOf(race.hue(r), { selected: r === race.chosen && !pinned, pinned }),
      shift: log ? (shift ?? 0) : 0,
      floor: true,
    });
    const series = [];
    const { pinned } = this;
    const along = this.x === "lr" ? tested : [...race.racers.keys()];
    if (pinned && this.x !== "lr") for (const r of pinned.scene.note.racers.keys()) series.push({ ...line(r, true), timeline: pinned.timeline });
    for (const r of along) if (r !== race.chosen) series.push(line(r, false));
    if (along.includes(race.chosen)) series.push(line(race.chosen, false));
    // The last line drawn lies on top: the selected racer's.
    const below = log && shift ? t("optimizer.page.loss_above", { least: num(shift) }) : "";
    this.card.caption.textContent = below;
    const racer = along.includes(race.chosen) ? race.chosen : (along[0] ?? 0);
    this.chart.show(
      { series, log, x: this.x, last: Number(race.params.steps ?? 0), racer, cap: log ? 10 : 2 },
      t(this.x === "lr" ? "optimizer.page.loss_by_rate" : "optimizer.page.loss_label"),
    );
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.race.stage.timeline, seq);
  }

  /** @param {Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    this.#again();
  }

  #again() {
    this.plan();
    this.draw(this.chart.seq);
  }
}
