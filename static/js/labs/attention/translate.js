/**
 * attention/translate on the page: the encoder's map, the decoder's masked one and the one between them side by side while the decoder
 * steps, the sentence over them; below what the rows say, the beam's tree, the cache, the residual stream and the feed-forward units.
 */

import { Next } from "../../core/decoding/next.js";
import { Tapes } from "../../core/decoding/tapes.js";
import { Tree } from "../../core/decoding/tree.js";
import { card, el } from "../../core/dom.js";
import { Switcher } from "../../core/switcher.js";
import { Cache } from "./translate/cache.js";
import { MAPS, Model } from "./translate/model.js";
import { Panel } from "./translate/panel.js";
import { Sentence } from "./translate/sentence.js";
import { Stacks, Stream } from "./translate/stream.js";
import { Table } from "./translate/table.js";
import { Units } from "./translate/units.js";
import { World } from "./translate/words.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */

/** Below this width the maps stand under one another. */
const PHONE = 720;
const GAP = 14;

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
    explained: () => view.again(),
    summary: (seq) => view.summary(seq),
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
    this.main = card(t("attention.translate.page.title"), t("attention.translate.page.caption"));
    this.rows = new Switcher(t("attention.translate.page.rows"), [], model.row, (row) => this.#turn(row));
    this.overlay = el("button", { type: "button", class: "button small", "aria-pressed": String(model.overlay), onclick: () => this.#gold() }, t("attention.translate.page.overlay"));
    this.main.actions.append(this.overlay, this.rows.element);
    this.sentence = new Sentence(model);
    this.panels = MAPS.map((map) => new Panel(model, map));
    this.main.body.classList.add("tr");
    this.main.body.append(this.sentence.element, el("div", { class: "tr-maps" }, ...this.panels.map((panel) => panel.element)));
    this.table = new Table(model);
    this.stacks = new Stacks(model, () => this.again());
    this.tapes = new Tapes(model);
    this.tree = new Tree(model);
    this.next = new Next(model);
    this.next.element.classList.add("tr-next");
    this.cache = new Cache(model);
    this.stream = new Stream(model, this.stacks);
    this.units = new Units(model, this.stacks);
    this.world = new World(model);
    this.parts = [this.tapes, this.next, this.cache, this.units, this.tree, this.stream, this.world];
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(...this.parts.map((part) => part.element));
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params @returns {number | null} */
  scene(scene, params) {
    const { model, stage } = this;
    if (this.lang !== stage.lang()) this.#words();
    model.take(scene, params);
    this.seq = -1;
    this.plan();
    return model.opened.begin(params);
  }

  /** More frames came: the decoder may say more than was planned for. */
  grown() {
    if (!this.model.scene || this.revision === this.stage.timeline.revision) return;
    this.revision = this.stage.timeline.revision;
    if (this.model.grow()) this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model, stage } = this;
    if (!model.scene || !this.main || !this.panels) return;
    model.paint();
    model.grow();
    this.rows?.offer(model.rows.length > 1 ? model.rows.map((row) => [row, model.named(row)]) : []);
    this.rows?.set(model.row);
    if (this.overlay) this.overlay.hidden = !model.note.gold;
    this.sentence?.plan();
    const phone = window.innerWidth <= PHONE;
    const width = this.main.body.clientWidth;
    const each = phone ? width : (width - 2 * GAP) / 3;
    const height = phone ? width : Math.max(200, stage.main.clientHeight - 300);
    for (const panel of this.panels) panel.plan(each, height);
    for (const part of [this.tapes, this.tree, this.next, this.units, this.world, this.table]) part?.plan();
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** Look at another row of the decoder. @param {string} row */
  #turn(row) {
    this.model.opened.turn(row);
    this.plan();
  }

  /** Rings on or off. */
  #gold() {
    this.model.overlay = !this.model.overlay;
    this.overlay?.setAttribute("aria-pressed", String(this.model.overlay));
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(stage.timeline.nearest(seq));
    if (!frame || !model.scene) return;
    this.seq = frame.seq;
    const { row } = model;
    model.opened.draw(frame.seq);
    if (row !== model.row) this.rows?.set(model.row);
    this.sentence?.draw(frame.seq);
    for (const panel of this.panels ?? []) panel.draw(frame.seq);
    for (const part of [this.tapes, this.next, this.cache, this.units, this.tree, this.stream]) part?.draw(frame.seq);
    this.table?.draw(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const says = model.says(seq, model.row);
    if (seq === 0) return stage.t("attention.translate.page.before");
    if (seq <= model.read) return stage.t("attention.translate.page.reads", { layer: seq, layers: model.layers });
    return says ? stage.t("attention.translate.page.summary", { row: model.named(model.row), step: seq - model.read, token: model.shown(says.said), text: says.text }) : stage.t("decoding.over", { row: model.named(model.row) });
  }
}
