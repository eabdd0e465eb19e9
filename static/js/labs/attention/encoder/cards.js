/** The cards below: what all heads follow, what each word is given, the rollout, what is switched off, what no map proves. */

import { card, el, icon } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { typeset } from "../../../core/math.js";
import { Switcher } from "../../../core/switcher.js";
import { Matrix } from "./matrix.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Heads that are listed for a pattern, changes that are listed. */
const BEST = 3;
const CHANGES = 6;

/** For each pattern the heads that follow it most. */
export class Patterns {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.encoder.page.patterns"), t("attention.encoder.page.patterns_caption"));
    this.element = made.element;
    this.element.classList.add("enc-patterns");
    this.list = el("dl", {});
    /** What is written. */
    this.told = "";
    made.body.append(this.list);
  }

  draw() {
    const { model } = this;
    const { stage } = model;
    /** @type {{layer: number, head: number, scores: number[]}[]} */
    const all = [];
    for (let layer = 0; layer < model.layers; layer += 1) {
      const frame = model.frame(layer);
      for (let head = 0; frame && head < model.heads; head += 1) all.push({ layer, head, scores: model.scores(frame, head) });
    }
    const told = JSON.stringify([all.length, all[0]?.scores, stage.lang()]);
    if (told === this.told) return;
    this.told = told;
    this.list.replaceChildren(
      ...model.patterns.flatMap((name, at) => {
        const best = all.filter((one) => !Number.isNaN(one.scores[at])).sort((a, b) => b.scores[at] - a.scores[at]).slice(0, BEST);
        if (!best.length) return [];
        const buttons = best.map(({ layer, head, scores }) => el("button", { type: "button", class: "enc-chip", "aria-label": `${model.named(layer, head)}: ${num(scores[at], 3)}`, title: exact(scores[at]), onclick: () => model.look(layer, head) }, `${model.short(layer)}·${head + 1} `, el("b", { class: "value" }, scores[at].toFixed(2))));
        return [el("dt", { title: stage.t(`attention.encoder.about.${name}`) }, stage.t(`attention.encoder.pattern.${name}`)), el("dd", {}, ...buttons)];
      }),
    );
  }
}

/** What each word is given, by a head, a layer or all of them. */
export class Totals {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.encoder.page.totals"));
    this.caption = made.caption;
    this.element = made.element;
    this.of = new Switcher(t("attention.encoder.page.totals"), ["head", "layer", "all"].map((id) => [id, t(`attention.encoder.page.of_${id}`)]), "head", () => model.changed());
    made.actions.append(this.of.element);
    this.line = el("p", { class: "enc-totals", translate: "no" });
    /** What is written. */
    this.told = "";
    this.rank = el("ol", { class: "enc-rank" });
    made.body.append(this.line, this.rank);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const n = model.units.length;
    const sum = new Float64Array(n);
    let count = 0;
    const add = (/** @type {FrameView | null} */ one, /** @type {number} */ head) => {
      if (!one?.tensors.received) return;
      count += 1;
      for (let at = 0; at < n; at += 1) sum[at] += Number(one.tensors.received.data[head * n + at]);
    };
    if (this.of.value === "head") add(frame, model.head);
    else for (let head = 0; head < model.heads; head += 1) if (this.of.value === "layer") add(frame, head);
    else for (let layer = 0; layer < model.layers; layer += 1) add(model.frame(layer), head);
    const told = JSON.stringify([this.of.value, frame.seq, this.of.value === "head" ? model.head : "", count, n, sum[0], model.units[0]?.label, model.units.at(-1)?.label, model.stage.lang()]);
    if (told === this.told) return;
    this.told = told;
    const most = Math.max(...sum) || 1;
    this.caption.textContent = model.stage.t("attention.encoder.page.totals_caption");
    this.line.replaceChildren(...model.units.flatMap((unit, at) => [el("bdi", { style: `--share:${Math.round((85 * sum[at]) / most)}%`, title: exact(sum[at] / count) }, unit.label), " "]));
    const order = [...sum.keys()].sort((a, b) => sum[b] - sum[a]).slice(0, 4);
    this.rank.replaceChildren(...order.map((at) => el("li", {}, el("span", { class: "enc-bar", style: `--share:${(100 * sum[at]) / count}%` }, el("bdi", {}, model.units[at].label), el("span", { class: "value" }, num(sum[at] / count, 3))))));
  }
}

/** The rollout beside the head's own map, at one scale. */
export class Rollout {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.encoder.page.rollout"), t("attention.encoder.page.rollout_caption"));
    this.element = made.element;
    this.body = made.body;
    this.element.classList.add("enc-rollout");
    this.raw = new Matrix(model, t("attention.encoder.page.raw"), { labels: false, open: (row, column) => model.open(row, column) });
    this.rolled = new Matrix(model, t("attention.encoder.page.rollout"), { labels: false, open: (row, column) => model.stage.select({ kind: "rollout", row, column }) });
    const formula = el("p", { class: "enc-formula" });
    void typeset(formula, "R_l = A_l\\,R_{l-1},\\quad A_l = \\tfrac12\\Big(\\tfrac1H\\textstyle\\sum_h a^{l,h} + I\\Big),\\quad R_0 = I");
    this.left = el("figcaption", { class: "caption" });
    this.right = el("figcaption", { class: "caption" });
    made.body.append(el("div", { class: "enc-pair" }, el("figure", {}, this.left, this.raw.element), el("figure", {}, this.right, this.rolled.element)), formula);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const layer = frame.seq - 1;
    this.left.textContent = model.named(layer, model.head);
    this.right.textContent = t("attention.encoder.page.rollout_to", { layer: model.short(layer) });
    const [raw, rolled] = [model.shares(frame, model.head), model.rollout(frame)];
    const most = Math.max(raw.most, rolled.most);
    const room = Math.max(90, Math.min(220, (this.body.clientWidth - 16) / 2));
    const { timeline } = model.stage;
    this.raw.draw({ ...raw, most }, room, key(timeline, `${frame.seq} ${model.head} ${most}`));
    this.rolled.draw({ ...rolled, most }, room, key(timeline, `${frame.seq} ${most}`));
  }
}

/** Heads switched off, and what that changes. */
export class Off {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("attention.encoder.page.off"), t("attention.encoder.page.off_caption"));
    this.element = made.element;
    this.element.classList.add("enc-off");
    this.chips = el("div", { class: "enc-chips" });
    this.cosine = el("p", {});
    this.list = el("ol", { class: "enc-rank" });
    made.body.append(this.chips, this.cosine, this.list);
  }

  draw() {
    const { model } = this;
    const { stage } = model;
    const { t } = stage;
    const chips = model.off.map(([layer, head]) => el("button", { type: "button", class: "enc-chip", "aria-label": t("attention.encoder.page.on_again", { head: model.named(layer, head) }), onclick: () => model.toggle(layer, head) }, model.named(layer, head), icon("close")));
    if (model.off.length > 1) chips.push(el("button", { type: "button", class: "enc-chip", onclick: () => model.edit({ off: [] }) }, t("attention.encoder.page.all_on")));
    this.chips.replaceChildren(...chips);
    const last = model.frame(model.layers - 1);
    const now = last?.tensors.embedding?.data;
    const then = last?.tensors.untouched_embedding?.data;
    if (!model.off.length) this.cosine.textContent = t("attention.encoder.page.none_off");
    else if (now && then) {
      let cosine = 0;
      for (let at = 0; at < now.length; at += 1) cosine += Number(now[at]) * Number(then[at]);
      const open = () => {
        if (stage.player.seq !== model.layers) stage.player.seek(model.layers);
        stage.select({ kind: "embedding" });
      };
      this.cosine.replaceChildren(t("attention.encoder.page.cosine"), " ", el("button", { type: "button", class: "value enc-open", "data-exact": exact(cosine), onclick: open }, num(cosine)));
    }
    /** @type {{layer: number, head: number, value: number}[]} */
    const moved = [];
    for (let layer = 0; layer < model.layers; layer += 1) {
      const change = model.frame(layer)?.tensors.change;
      for (let head = 0; change && head < model.heads; head += 1) if (Number(change.data[head]) > 0) moved.push({ layer, head, value: Number(change.data[head]) });
    }
    moved.sort((a, b) => b.value - a.value);
    this.list.replaceChildren(
      ...moved.slice(0, CHANGES).map(({ layer, head, value }) => {
        const open = () => {
          model.look(layer, head);
          stage.select({ kind: "change", head });
        };
        return el("li", {}, el("button", { type: "button", class: "enc-bar", style: `--share:${100 * value}%`, onclick: open }, el("span", {}, model.named(layer, head)), el("span", { class: "value", "data-exact": exact(value) }, num(value, 3))));
      }),
    );
    if (model.off.length && last && !moved.length) this.list.replaceChildren(el("li", { class: "caption" }, t("attention.encoder.page.nothing_later")));
  }
}

/** What one should not read into a map. */
export class Proves {
  /** @param {Model} model */
  constructor(model) {
    const { t } = model.stage;
    const made = card(t("attention.encoder.page.proves"));
    this.element = made.element;
    this.element.classList.add("enc-proves");
    made.body.append(el("ul", {}, ...["cause", "value", "mixed", "sink", "example"].map((id) => el("li", {}, t(`attention.encoder.page.proves_${id}`)))));
  }
}

/** @type {WeakMap<object, number>} */
const runs = new WeakMap();
let seen = 0;

/** What tells one run's map from another's. @param {object} timeline @param {string} what */
export function key(timeline, what) {
  if (!runs.has(timeline)) runs.set(timeline, (seen += 1));
  return `${runs.get(timeline)} ${what}`;
}
