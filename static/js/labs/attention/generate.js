/**
 * attention/generate on the page: the text that is written, under it all heads and the open one as a causal matrix; below the draw,
 * what heads follow and the nats over time; at right the step in numbers.
 */

import { card, el } from "../../core/dom.js";
import { Chances } from "../../core/writing/chances.js";
import { Curves } from "../../core/writing/curves.js";
import { Kept } from "../../core/writing/kept.js";
import { WritingPage } from "../../core/writing/page.js";
import { Ruler } from "../../core/writing/ruler.js";
import { Matrix } from "./encoder/matrix.js";
import { Patterns } from "./generate/cards.js";
import { Heads } from "./generate/heads.js";
import { Model } from "./generate/model.js";
import { Table } from "./generate/table.js";
import { Text } from "./generate/text.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").FrameView} FrameView */

/** Below this width the parts stand under one another. */
const PHONE = 720;
/** The least height of the heads, and what stands over the matrix, CSS pixels. */
const LEAST = 170;
const HEADING = 34;
/** The card's head and padding. */
const BESIDES = 72;

/** @param {Stage} stage */
export default function mount(stage) {
  return new GeneratePage(stage).mount();
}

/** @extends {WritingPage<Model>} */
class GeneratePage extends WritingPage {
  /** @param {Stage} stage */
  constructor(stage) {
    super(stage, new Model(stage));
    this.opened = "";
    /** The pattern whose best head is to be opened; "": none. */
    this.wanted = "";
    this.waiting = 0;
    this.model.changed = () => this.#soon();
  }

  words() {
    const { stage, model } = this;
    const { t } = stage;
    const main = card(t("attention.generate.page.title"), t("attention.generate.page.caption"));
    const text = new Text(model, () => this.again());
    const [heads, matrix] = [new Heads(model), new Matrix(model, t("attention.encoder.page.matrix_keys"), { open: (row, column) => model.open(row, column) })];
    const heading = el("h3", { class: "enc-title" });
    const head = el("div", { class: "gen-head" }, heading, matrix.element);
    main.body.classList.add("gen");
    main.body.append(text.element, el("div", { class: "gen-maps" }, heads.element, head));
    const [ruler, chances, kept, patterns, curves, table] = [new Ruler(model), new Chances(model), new Kept(model), new Patterns(model), new Curves(model), new Table(model)];
    chances.list.before(ruler.element);
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(kept.element, chances.element, patterns.element, curves.element);
    stage.numbers.replaceChildren(table.card.head, table.card.body);
    let free = LEAST;
    const maps = {
      plan: () => {
        const phone = window.innerWidth <= PHONE;
        const width = main.body.clientWidth;
        free = phone ? width : Math.max(LEAST, stage.main.clientHeight - text.element.offsetHeight - BESIDES);
        heads.plan(phone ? width : width * 0.4, phone ? width * 0.8 : free - HEADING);
      },
      /** @param {FrameView} frame */
      draw: (frame) => {
        heads.draw(frame);
        const { layer, head: one } = model;
        heading.textContent = `${model.named(layer, one)} · ${model.labelled(frame, layer, one)}`;
        matrix.draw(model.shares(layer, one), Math.max(LEAST, Math.min(free - HEADING, head.clientWidth)), `${frame.seq} ${layer} ${one} ${model.size}`);
        ruler.element.hidden = frame.seq === 0;
      },
    };
    return [text, maps, kept, ruler, chances, patterns, curves, table];
  }

  /** @param {number} seq @returns {import("../../core/types.js").Target | null} */
  first(seq) {
    return super.first(seq) ?? { kind: "weight", layer: this.model.layer, head: this.model.head, key: 0 };
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    super.scene(scene, params);
    const { model } = this;
    const opened = JSON.stringify([params.open ?? null, params.model]);
    if (opened === this.opened) return;
    this.opened = opened;
    [model.layer, model.head] = [model.layers - 1, 0];
    this.wanted = String(params.open ?? "");
  }

  /** @param {FrameView} frame */
  ready(frame) {
    const { model } = this;
    if (this.wanted) this.#follow(frame);
    model.gather(frame.seq);
    model.adopt(frame.seq);
  }

  /** Open the head that follows the wanted pattern most, as soon as one does. @param {FrameView} frame */
  #follow(frame) {
    const { model } = this;
    const best = model.best(frame, this.wanted);
    if (!best) return;
    this.wanted = "";
    [model.layer, model.head] = [best.layer, best.head];
    this.stage.select({ kind: "pattern", layer: best.layer, head: best.head, pattern: model.patterns[best.at] }, { trail: false });
  }

  /** Draw again with the next painting, once for all that changed. */
  #soon() {
    cancelAnimationFrame(this.waiting);
    this.waiting = requestAnimationFrame(() => this.again());
  }
}
