/**
 * recurrent/gates on the page: the text as a tape with every gate under each character; below it the text coloured by one unit, that
 * unit's curves, what comes next, what units follow and the path of h; at right the step in numbers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Diagram } from "./gates/diagram.js";
import { Follow, Path } from "./gates/follow.js";
import { Held } from "./gates/held.js";
import { Model } from "./gates/model.js";
import { Next } from "./gates/next.js";
import { Table } from "./gates/table.js";
import { Tape } from "./gates/tape.js";
import { Text } from "./gates/text.js";
import { UnitCurves } from "./gates/unit.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */
/** @typedef {import("../../core/types.js").Target} Target */

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new GatesView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.plan(),
    retheme: () => view.plan(),
    relanguage: () => view.relanguage(),
    explained: () => view.follow(),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => ({ kind: "value", ...view.model.unit }),
  };
}

class GatesView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    /** @type {import("../../core/types.js").Pinned | null} */
    this.pinned = null;
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("recurrent.gates.page.title"), t("recurrent.gates.page.caption"));
    this.bands = el("div", { class: "segments gates-bands", role: "group", hidden: true, "aria-label": t("recurrent.gates.page.bands") });
    this.layers = el("div", { class: "segments gates-layers", role: "group", hidden: true, "aria-label": t("recurrent.gates.page.layers") });
    this.shape = el("span", { class: "caption gates-shape" });
    this.main.head.append(el("div", { class: "gates-choice" }, this.layers, this.bands, this.shape));
    const alone = this.tape?.alone ?? null;
    this.tape = new Tape(model);
    this.tape.alone = alone;
    this.held = new Held(model);
    this.main.body.classList.add("gates-body");
    this.main.body.append(this.tape.element, this.held.element);
    this.text = new Text(model);
    this.unit = new UnitCurves(model);
    this.unit.pinned = this.pinned;
    this.diagram = new Diagram(model);
    this.next = new Next(model);
    this.watch = new Follow(model);
    this.path = new Path(model);
    this.table = new Table(model);
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.text.element, this.unit.element, this.next.element, this.path.element, this.diagram.element, this.watch.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    const target = this.stage.selected();
    if (target?.kind === "value" && !this.model.of(target)) this.stage.select({ kind: "value", ...this.model.unit });
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    if (!this.model.scene) return;
    this.model.paint();
    this.#choices();
    const { one, predicts } = this.model.note;
    const read = this.model.tokens.length;
    if (this.shape) this.shape.textContent = predicts ? this.stage.t(one ? "recurrent.page.many_to_one" : "recurrent.page.many_to_many", { read, answers: one ? 1 : read }) : "";
    // What is held takes its room before the tape takes the rest.
    for (const part of [this.held, this.tape, this.text, this.unit, this.diagram, this.next, this.watch, this.path, this.table]) part?.plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** The layers and the bands that can be chosen. */
  #choices() {
    const { model } = this;
    const { t } = this.stage;
    const { unit } = model;
    const choice = (/** @type {string} */ name, /** @type {boolean} */ on, /** @type {() => void} */ go) => el("button", { type: "button", class: "segment", "aria-pressed": String(on), onclick: go }, name);
    const ways = model.directions === 2 ? ["forward", "reverse"] : ["forward"];
    const layers = Array.from({ length: model.layers }, (_, k) => ways.map((direction) => ({ layer: k + 1, direction }))).flat();
    const named = ({ layer = 1, direction = "forward" }) => [t("recurrent.gates.page.layer", { layer }), ...(ways.length > 1 ? [t(`recurrent.gates.way.${direction}`)] : [])].join(" ");
    if (this.layers) {
      this.layers.hidden = layers.length < 2;
      this.layers.replaceChildren(...layers.map((one) => choice(named(one), one.layer === unit.layer && one.direction === unit.direction, () => model.select(one))));
    }
    const show = (/** @type {string | null} */ name) => {
      if (!this.tape) return;
      this.tape.alone = name;
      this.#choices();
      this.tape.draw(this.seq);
      if (name) model.select({ name });
    };
    if (this.bands) {
      this.bands.hidden = model.names.length < 2;
      this.bands.replaceChildren(choice(t("recurrent.gates.page.all"), !this.tape?.alone, () => show(null)), ...model.names.map((name) => choice(name, this.tape?.alone === name, () => show(name))));
    }
  }

  /** @param {number} seq */
  draw(seq) {
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.seq = frame.seq;
    this.#look();
    if (this.held) this.held.seq = frame.seq;
    this.tape?.draw(frame.seq);
    this.text?.draw(frame.seq);
    this.unit?.draw(frame.seq);
    this.diagram?.draw(frame);
    this.next?.draw(frame);
    this.watch?.draw(frame);
    this.path?.draw(frame.seq);
    this.table?.draw(frame);
  }

  /** The selected value's unit is the one that is looked at. @returns {boolean} whether it is another than before */
  #look() {
    const unit = this.model.of(this.stage.selected());
    if (!unit || JSON.stringify(unit) === JSON.stringify(this.model.unit)) return false;
    this.model.unit = unit;
    if (this.tape?.alone && this.tape.alone !== unit.name) this.tape.alone = unit.name;
    this.#choices();
    this.held?.plan();
    return true;
  }

  /** Something else was opened. */
  follow() {
    if (this.seq >= 0 && this.#look()) this.draw(this.seq);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    if (!this.unit) return;
    this.unit.pinned = pinned;
    this.unit.plan();
    if (this.seq >= 0) this.unit.draw(this.seq);
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const frame = this.stage.timeline.frame(seq);
    const { model } = this;
    if (!frame || !seq) return "";
    const value = Number(frame.tensors[model.unit.name]?.data[model.row(model.unit) * model.hidden + model.unit.unit] ?? NaN);
    return this.stage.t("recurrent.gates.page.summary", { token: model.shown(model.tokens[seq - 1]), step: seq, name: model.unit.name, unit: model.unit.unit + 1, value: num(value, 3) });
  }
}
