/**
 * attention/encoder on the page: all heads of all layers at left, the open one large as a matrix or as lines, the sentence over it;
 * below what heads follow, what words are given, the rollout, what is switched off; at right the step in numbers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Switcher } from "../../core/switcher.js";
import { palettes } from "../../core/tiles.js";
import { key, Off, Patterns, Proves, Rollout, Totals } from "./encoder/cards.js";
import { Lines } from "./encoder/lines.js";
import { Matrix } from "./encoder/matrix.js";
import { Model } from "./encoder/model.js";
import { Mosaic } from "./encoder/mosaic.js";
import { Table } from "./encoder/table.js";
import { Words } from "./encoder/words.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */
/** @typedef {import("../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../core/types.js").Target} Target */

/** Below this width the parts stand under one another. */
const PHONE = 720;
/** The least height of the head, and what stands over and under it in the main card, CSS pixels. */
const LEAST = 220;
const BESIDES = 64;

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new EncoderView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => view.frames(),
    draw: (seq) => view.draw(seq),
    resize: () => view.plan(),
    retheme: () => view.retheme(),
    relanguage: () => view.relanguage(),
    explained: () => view.again(),
    summary: (seq) => view.summary(seq),
    defaultTarget: () => view.first(),
  };
}

class EncoderView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    this.opened = "";
    this.waiting = 0;
    this.model.changed = () => this.#soon();
    this.shape = "matrix";
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("attention.encoder.page.title"), t("attention.encoder.page.caption"));
    this.mosaic = new Mosaic(model);
    this.words = new Words(model);
    this.matrix = new Matrix(model, t("attention.encoder.page.matrix_keys"), { open: (row, column) => model.open(row, column) });
    this.lines = new Lines(model);
    this.heading = el("h3", { class: "enc-title" });
    this.switch = el("button", { type: "button", class: "button small", onclick: () => model.toggle(stage.player.seq - 1, model.head) });
    this.as = new Switcher(t("attention.encoder.page.shape"), [["matrix", t("attention.encoder.page.matrix")], ["lines", t("attention.encoder.page.lines")]], this.shape, (shape) => {
      this.shape = shape;
      this.again();
    });
    this.empty = el("p", { class: "enc-empty", hidden: true }, t("attention.encoder.page.embeddings_empty"));
    const head = el("div", { class: "enc-head" }, el("div", { class: "enc-top" }, this.heading, this.as.element, this.switch), this.words.element, this.empty, this.matrix.element, this.lines.element);
    this.main.body.classList.add("enc");
    this.main.body.append(this.mosaic.element, head);
    this.head = head;
    this.table = new Table(model);
    this.patterns = new Patterns(model);
    this.totals = new Totals(model);
    this.rollout = new Rollout(model);
    this.off = new Off(model);
    this.proves = new Proves(model);
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.patterns.element, this.rollout.element, this.totals.element, this.off.element, this.proves.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** What is open before anything was chosen. @returns {Target} */
  first() {
    const { model } = this;
    return { kind: "cell", head: model.head, row: model.row, column: model.column };
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    const { model, stage } = this;
    if (this.lang !== stage.lang()) this.#words();
    model.take(scene, params);
    const opened = JSON.stringify(params.open ?? null);
    const opens = opened !== this.opened ? params.open : null;
    if (opens) {
      model.head = Math.min(opens.head, model.heads - 1);
      model.row = Math.max(0, model.unitOf(opens.query));
      model.column = Math.max(0, model.unitOf(opens.key));
      model.also.clear();
      stage.select(this.first());
    } else if (!model.has(stage.selected())) stage.select(this.first(), { trail: false });
    this.opened = opened;
    this.seq = -1;
    this.words?.plan();
    this.plan();
    return opens ? Math.min(opens.layer, model.layers - 1) + 1 : null;
  }

  /** More layers are here: the mosaic does not wait for the play head. */
  frames() {
    this.mosaic?.draw();
    this.patterns?.draw();
    this.off?.draw();
  }

  /** The run, the theme, the language or the room changed: the next frame is laid out anew. */
  plan() {
    this.planned = false;
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    const { stage, model } = this;
    const frame = stage.timeline.frame(stage.timeline.nearest(seq));
    if (!frame || !model.scene) return;
    this.seq = frame.seq;
    if (!this.planned) this.#measure();
    model.adopt(stage.selected());
    this.#head(frame);
    this.mosaic?.draw();
    this.table?.draw(frame);
    this.patterns?.draw();
    this.off?.draw();
    if (frame.seq === 0) return;
    this.totals?.draw(frame);
    this.rollout?.draw(frame);
  }

  #measure() {
    const { stage, main, mosaic } = this;
    this.planned = true;
    if (!main || !mosaic) return;
    const phone = window.innerWidth <= PHONE;
    const width = main.body.clientWidth;
    this.room = phone ? width : Math.max(LEAST, stage.main.clientHeight - BESIDES);
    mosaic.plan(phone ? width : width * 0.36, this.room - 56);
    mosaic.draw();
  }

  /** The open head. @param {FrameView} frame */
  #head(frame) {
    const { model, stage } = this;
    const layer = frame.seq - 1;
    const { matrix, lines, words, head } = this;
    if (!matrix || !lines || !words || !this.heading || !this.switch || !this.empty || !head) return;
    const shows = layer >= 0;
    this.empty.hidden = shows;
    matrix.element.hidden = !shows || this.shape !== "matrix";
    lines.element.hidden = !shows || this.shape !== "lines";
    this.switch.hidden = !shows;
    if (!shows) {
      this.heading.textContent = stage.t("attention.encoder.page.embeddings");
      words.draw(null);
      return;
    }
    this.heading.textContent = `${model.named(layer, model.head)} · ${model.labelled(frame, model.head)}`;
    const off = model.isOff(layer, model.head);
    this.switch.textContent = stage.t(off ? "attention.encoder.page.switch_on" : "attention.encoder.page.switch_off");
    this.switch.setAttribute("aria-pressed", String(off));
    const shares = model.shares(frame, model.head);
    words.draw(shares);
    const free = Math.max(LEAST, (this.room ?? LEAST) - words.element.offsetHeight - 48);
    const width = head.clientWidth;
    if (this.shape === "matrix") matrix.draw(shares, Math.min(width, window.innerWidth <= PHONE ? width : free), key(stage.timeline, `${frame.seq} ${model.head}`));
    else lines.draw(frame, width, free - 34);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** Draw again with the next painting, once for all that changed. */
  #soon() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.again());
  }

  retheme() {
    this.model.colours = palettes();
    this.plan();
  }

  relanguage() {
    this.#words();
    this.words?.plan();
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const { model, stage } = this;
    const frame = stage.timeline.frame(seq);
    if (!frame) return "";
    if (seq === 0) return stage.t("attention.encoder.page.embeddings");
    const shares = model.shares(frame, model.head);
    const [row, column] = [model.units[model.row]?.label, model.units[model.column]?.label];
    return `${model.named(seq - 1, model.head)}: ${stage.t("attention.encoder.page.told", { query: row, key: column, value: num(shares.at(model.row, model.column), 3) })}`;
  }
}
