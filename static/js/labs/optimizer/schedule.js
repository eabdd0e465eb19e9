/** Each racer's learning rate (or momentum) in time: the schedule that the path followed. */

import { card } from "../../core/dom.js";
import { Chart } from "../../core/chart/chart.js";
import { strokeOf } from "./marks.js";
import { scheduleName } from "./rules.js";
import { Switcher } from "../../core/switcher.js";

/** @typedef {import("./model.js").Race} Race */

export class Schedule {
  /** @param {Race} race */
  constructor(race) {
    this.race = race;
    const { t } = race.stage;
    this.what = "lr";
    this.card = card(t("optimizer.page.schedule"));
    this.element = this.card.element;
    this.element.classList.add("race-schedule");
    this.chart = new Chart({ seek: (seq) => race.stage.player.seek(seq), inks: () => race.inks });
    this.switcher = new Switcher(t("optimizer.page.schedule"), [["lr", t("optimizer.page.lr")], ["momentum", t("optimizer.page.momentum")]], "lr", (value) => {
      this.what = value;
      this.plan();
      this.draw(this.chart.seq);
    });
    this.card.actions.append(this.switcher.element);
    this.card.body.append(this.chart.element);
  }

  /** The run, the selection or the theme changed. */
  plan() {
    const { race, what } = this;
    const { t } = race.stage;
    const order = [...race.racers.keys()].sort((a, b) => Number(a === race.chosen) - Number(b === race.chosen));
    const series = order.map((r) => ({
      tensor: what,
      column: r,
      name: race.racers[r].label,
      ...strokeOf(race.hue(r), { selected: r === race.chosen }),
    }));
    const kind = race.params.racers?.[race.chosen]?.schedule?.kind ?? "constant";
    this.card.caption.textContent = scheduleName(kind);
    this.chart.show(
      { series, log: what === "lr", x: "step", last: Number(race.params.steps ?? 0), racer: race.chosen },
      t(what === "lr" ? "optimizer.page.lr_label" : "optimizer.page.momentum_label"),
    );
  }

  /** @param {number} seq */
  draw(seq) {
    this.chart.draw(this.race.stage.timeline, seq);
  }
}
