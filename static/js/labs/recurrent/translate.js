/**
 * recurrent/translate on the page: the states of encoder and decoder side by side, a column a step; below them the characters of free
 * running beside those of teacher forcing, where the decoder looks, what it says, the beam's tree, and torch's recurrent modules.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Attention } from "./translate/attention.js";
import { Family } from "./translate/family.js";
import { Model } from "./translate/model.js";
import { Next } from "../../core/decoding/next.js";
import { States } from "./translate/states.js";
import { Table } from "./translate/table.js";
import { Tapes } from "../../core/decoding/tapes.js";
import { Tree } from "../../core/decoding/tree.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new TranslateView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => view.grown(),
    draw: (seq) => view.draw(seq),
    resize: () => view.plan(),
    retheme: () => view.plan(),
    relanguage: () => view.relanguage(),
    explained: () => view.follow(),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => ({ kind: "value", ...view.model.unit }),
  };
}

class TranslateView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    this.revision = -1;
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("recurrent.translate.page.title"), t("recurrent.translate.page.caption"));
    this.bands = el("div", { class: "segments translate-bands", role: "group", "aria-label": t("recurrent.translate.page.bands") });
    this.rows = el("div", { class: "segments translate-rows", role: "group", hidden: true, "aria-label": t("recurrent.translate.page.rows") });
    this.main.head.append(el("div", { class: "translate-choice" }, this.rows, this.bands));
    this.shapes = el("ol", { class: "translate-shapes", "aria-label": t("recurrent.translate.page.shapes") });
    const alone = this.states?.alone ?? null;
    this.states = new States(model);
    this.states.alone = alone;
    this.main.body.classList.add("translate-body");
    this.main.body.append(this.shapes, this.states.element);
    this.table = new Table(model);
    this.parts = [new Tapes(model), new Attention(model), new Next(model), new Tree(model), new Family(model)];
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(...this.parts.map((part) => part.element));
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    if (this.lang !== this.stage.lang()) this.#words();
    this.model.take(scene, params);
    const target = this.stage.selected();
    if (target && !this.model.knows(target)) this.stage.select({ kind: "value", ...this.model.unit });
    this.seq = -1;
    this.plan();
  }

  /** More frames came: the decoder may say more than was planned for. */
  grown() {
    if (!this.model.scene || this.revision === this.stage.timeline.revision) return;
    this.revision = this.stage.timeline.revision;
    if (this.model.grow()) this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    if (!this.model.scene) return;
    this.model.paint();
    this.model.grow();
    this.#choices();
    this.#name(this.seq); // before the states: it takes some of their room
    for (const part of [this.states, this.table, ...(this.parts ?? [])]) part?.plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** The bands and the rows that can be chosen. */
  #choices() {
    const { model, states } = this;
    const { t } = this.stage;
    const choice = (/** @type {string} */ name, /** @type {boolean} */ on, /** @type {() => void} */ go) => el("button", { type: "button", class: "segment", "aria-pressed": String(on), onclick: go }, name);
    const show = (/** @type {string | null} */ name) => {
      if (!states) return;
      states.alone = name;
      this.#choices();
      states.draw(this.seq);
      if (name) model.select({ name });
    };
    this.bands?.replaceChildren(choice(t("recurrent.translate.page.all"), !states?.alone, () => show(null)), ...model.names.map((name) => choice(name, states?.alone === name, () => show(name))));
    if (!this.rows) return;
    this.rows.hidden = model.rows.length < 2;
    this.rows.replaceChildren(...model.rows.map((row) => choice(t(`recurrent.translate.who.${row}`), model.row === row, () => this.#turn(row))));
  }

  /** Look at another row of the decoder. @param {string} row */
  #turn(row) {
    const { model } = this;
    model.unit = { ...model.unit, row };
    this.#choices();
    model.select({});
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {number} seq */
  draw(seq) {
    const frame = this.stage.timeline.frame(this.stage.timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.seq = frame.seq;
    this.#look();
    this.#name(frame.seq);
    for (const part of [this.states, ...(this.parts ?? [])]) part?.draw(frame.seq);
    this.table?.draw(frame);
  }

  /** What goes in and comes out of each part, the one that works now marked. @param {number} seq */
  #name(seq) {
    const { model } = this;
    const { t } = this.stage;
    const { shapes } = model.note;
    const [read, said] = [model.read, model.said];
    // A decoder that looks back is given every state of the encoder, another one alone.
    const handed = shapes.decoder === "one_to_many" ? 1 : read;
    const told = /** @type {[string, string, number, number, boolean][]} */ ([
      ["encoder_shape", shapes.encoder, read, 1, seq > 0 && seq <= read],
      ["decoder_shape", shapes.decoder, handed, said, seq > read],
      ["together_shape", shapes.together, read, said, false],
    ]);
    this.shapes?.replaceChildren(...told.map(([who, shape, from, to, now]) => el("li", { class: now ? "now" : "" }, `${t(`recurrent.translate.page.${who}`)} `, el("b", {}, t(`recurrent.translate.page.shape.${shape}`)), ` ${from} → ${to}`)));
  }

  /** The selected value's unit and row are those that are looked at. @returns {boolean} whether they are others than before */
  #look() {
    const unit = this.model.of(this.stage.selected());
    if (!unit || JSON.stringify(unit) === JSON.stringify(this.model.unit)) return false;
    this.model.unit = unit;
    if (this.states?.alone && this.states.alone !== unit.name) this.states.alone = unit.name;
    this.#choices();
    return true;
  }

  /** Something else was opened. */
  follow() {
    if (this.seq >= 0 && this.#look()) this.draw(this.seq);
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
    const who = model.who(seq);
    const { name, unit } = model.unit;
    const value = num(Number(frame.tensors[`${who}/${name}`]?.data[unit] ?? NaN), 3);
    const step = model.at(seq);
    return who === "encoder"
      ? this.stage.t("recurrent.translate.page.summary_read", { step, token: model.source(step - 1), name, unit: unit + 1, value })
      : this.stage.t("recurrent.translate.page.summary_said", { step, token: model.shown(model.says(seq, who)?.said), name, unit: unit + 1, value });
  }
}
