/**
 * attention/generate on the page: the text that is written, under it all heads and the open one as a causal matrix; below the draw,
 * what heads follow and the nats over time; at right the step in numbers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { palettes } from "../../core/tiles.js";
import { Chances } from "../../core/writing/chances.js";
import { Curves } from "../../core/writing/curves.js";
import { Ruler } from "../../core/writing/ruler.js";
import { Matrix } from "./encoder/matrix.js";
import { Patterns } from "./generate/cards.js";
import { Heads } from "./generate/heads.js";
import { Model } from "./generate/model.js";
import { Table } from "./generate/table.js";
import { Text } from "./generate/text.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */
/** @typedef {import("../../core/types.js").Target} Target */

/** Below this width the parts stand under one another. */
const PHONE = 720;
/** The least height of the heads, and what stands over the matrix, CSS pixels. */
const LEAST = 200;
const HEADING = 34;
/** The card's head and padding. */
const BESIDES = 72;

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new GenerateView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => undefined,
    draw: (seq) => view.draw(seq),
    resize: () => view.plan(),
    retheme: () => view.retheme(),
    relanguage: () => view.relanguage(),
    explained: () => view.again(),
    summary: (seq) => view.summary(seq),
    defaultTarget: (seq) => view.first(seq),
  };
}

class GenerateView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.model = new Model(stage);
    this.seq = -1;
    this.opened = "";
    /** The pattern whose best head is to be opened; "": none. */
    this.wanted = "";
    this.waiting = 0;
    this.model.changed = () => this.#soon();
    this.#words();
  }

  /** Make every part that holds words of its own anew. */
  #words() {
    const { stage, model } = this;
    const { t } = stage;
    this.lang = stage.lang();
    this.main = card(t("attention.generate.page.title"), t("attention.generate.page.caption"));
    this.text = new Text(model, () => this.again());
    this.heads = new Heads(model);
    this.matrix = new Matrix(model, t("attention.encoder.page.matrix_keys"), { open: (row, column) => model.open(row, column) });
    this.heading = el("h3", { class: "enc-title" });
    this.pair = el("div", { class: "gen-maps" }, this.heads.element, el("div", { class: "gen-head" }, this.heading, this.matrix.element));
    this.main.body.classList.add("gen");
    this.main.body.append(this.text.element, this.pair);
    this.ruler = new Ruler(model);
    this.chances = new Chances(model);
    this.chances.list.before(this.ruler.element);
    this.patterns = new Patterns(model);
    this.curves = new Curves(model);
    this.table = new Table(model);
    stage.main.replaceChildren(this.main.head, this.main.body);
    stage.small.replaceChildren(this.chances.element, this.patterns.element, this.curves.element);
    stage.numbers.replaceChildren(this.table.card.head, this.table.card.body);
  }

  /** What is open before anything was chosen. @param {number} seq @returns {Target} */
  first(seq) {
    return seq ? { kind: "draw" } : { kind: "weight", layer: this.model.layer, head: this.model.head, key: 0 };
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    const { model, stage } = this;
    if (this.lang !== stage.lang()) this.#words();
    model.take(scene, params);
    const opened = JSON.stringify([params.open ?? null, params.model]);
    if (opened !== this.opened) {
      [model.layer, model.head] = [model.layers - 1, 0];
      this.wanted = String(params.open ?? "");
    }
    this.opened = opened;
    if (!model.has(stage.selected())) stage.select({ kind: "draw" }, { trail: false });
    this.seq = -1;
    this.plan();
  }

  /** The run, the theme, the language or the room changed. */
  plan() {
    const { model } = this;
    if (!model.scene || !this.main) return;
    model.paint();
    for (const part of [this.text, this.ruler, this.curves, this.table, this.patterns]) part?.plan();
    const phone = window.innerWidth <= PHONE;
    const width = this.main.body.clientWidth;
    this.room = phone ? width : Math.max(LEAST, this.stage.main.clientHeight - (this.text?.element.offsetHeight ?? 0) - BESIDES);
    this.heads?.plan(phone ? width : width * 0.4, phone ? width * 0.8 : this.room - HEADING);
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {number} seq */
  draw(seq) {
    const { stage, model } = this;
    const frame = stage.timeline.frame(stage.timeline.nearest(seq));
    if (!frame || !model.scene || !this.heading || !this.main) return;
    this.seq = frame.seq;
    if (this.wanted) this.#follow(frame);
    model.gather(frame.seq);
    model.adopt(frame.seq);
    this.text?.draw(frame.seq);
    this.heads?.draw(frame);
    this.heading.textContent = `${model.named(model.layer, model.head)} · ${model.labelled(frame, model.layer, model.head)}`;
    const room = Math.min((this.room ?? LEAST) - HEADING, this.matrix?.element.parentElement?.clientWidth ?? LEAST);
    this.matrix?.draw(model.shares(model.layer, model.head), Math.max(LEAST, room), `${frame.seq} ${model.layer} ${model.head} ${model.size}`);
    this.ruler?.draw(frame);
    this.chances?.draw(frame);
    if (this.ruler) this.ruler.element.hidden = frame.seq === 0;
    this.patterns?.draw(frame);
    this.curves?.draw(frame.seq);
    this.table?.draw(frame);
  }

  /** Open the head that follows the wanted pattern most, as soon as one does. @param {import("../../core/types.js").FrameView} frame */
  #follow(frame) {
    const { model } = this;
    const best = model.best(frame, this.wanted);
    if (!best) return;
    this.wanted = "";
    [model.layer, model.head] = [best.layer, best.head];
    this.stage.select({ kind: "pattern", layer: best.layer, head: best.head, pattern: model.patterns[best.at] }, { trail: false });
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
    this.plan();
  }

  /** The step in one sentence. @param {number} seq */
  summary(seq) {
    const frame = this.stage.timeline.frame(seq);
    if (!frame || !seq) return "";
    return this.stage.t("writing.page.summary", { step: seq, token: this.model.name(Number(frame.note.id)), p: num(100 * Number(frame.tensors.written.data[2]), 3) });
  }
}
