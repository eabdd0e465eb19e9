/**
 * convolution/network on the page: the picture and the row of layers, below them the maps of the layer
 * shown and the selected one enlarged, at right its facts and the activations over the layers.
 */

import { card, el } from "../../core/dom.js";
import { num } from "../../core/format.js";
import { Activity } from "./network/activity.js";
import { Bars, className } from "./network/bars.js";
import { Enlarged } from "./network/enlarged.js";
import { Facts } from "./network/facts.js";
import { layerOf, nameOf, Network, shapeOf } from "./network/model.js";
import { Mosaic } from "./network/mosaic.js";
import { Off } from "./network/off.js";
import { Patch } from "./network/patch.js";
import { Picture } from "./network/picture.js";
import { Strip } from "./network/strip.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */
/** @typedef {import("../../core/types.js").Target} Target */

/** Gaps, a card's head and the line under its map, CSS pixels. */
const BESIDES = 128;
/** Below this width the parts stand under one another. */
const PHONE = 720;

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  const view = new NetworkView(stage);
  return {
    scene: (scene, params) => view.scene(scene, params),
    frames: () => view.frames(),
    draw: (seq) => view.draw(seq),
    pin: (pinned) => view.pin(pinned),
    resize: () => view.resize(),
    retheme: () => view.retheme(),
    relanguage: () => view.relanguage(),
    explained: (explanation, seq) => view.explained(explanation, seq),
    summary: (seq) => view.summary(seq),
    defaultTarget: (seq) => view.defaultTarget(seq),
    destroy: () => view.enlarged.destroy(),
  };
}

class NetworkView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.network = new Network(stage);
    this.theme = stage.theme();
    this.lang = stage.lang();
    /** The seq drawn last of this run; -1: none. */
    this.seq = -1;
    /** @type {Record<string, any> | null} */
    this.note = null;
    this.strip = new Strip(this.network);
    this.picture = new Picture(this.network);
    this.off = new Off(this.network);
    this.facts = new Facts(this.network);
    this.activity = new Activity(this.network);
    this.main = this.#main();
    this.mosaic = this.#mosaic();
    this.enlarged = new Enlarged(this.network);
    this.bars = new Bars(this.network);
    this.patch = new Patch(this.network);
    this.#place();
  }

  #main() {
    return card(this.stage.t("convolution.page.title"), this.stage.t("convolution.page.caption"));
  }

  #mosaic() {
    return new Mosaic(this.network, () => this.#again());
  }

  #place() {
    const { stage } = this;
    this.main.body.classList.add("net");
    this.main.body.replaceChildren(this.picture.element, this.strip.element);
    stage.main.replaceChildren(this.main.head, this.off.element, this.main.body);
    stage.small.replaceChildren(this.mosaic.element, this.bars.element, this.enlarged.element, this.patch.element);
    stage.small.classList.add("net-small");
    stage.numbers.replaceChildren(this.facts.element, this.activity.element);
  }

  /** @param {import("../../core/types.js").SceneView} scene @param {import("../../core/types.js").Params} params */
  scene(scene, params) {
    // The page tells of another theme or language only while a run is shown: it may have changed before the first.
    if (this.theme !== this.stage.theme()) this.#colours();
    if (this.lang !== this.stage.lang()) this.#words();
    this.network.take(scene, params);
    this.seq = -1;
    this.note = null;
    this.strip.scene();
    this.picture.scene();
    this.activity.scene();
    this.off.plan();
    this.#measure();
    this.frames();
  }

  frames() {
    this.strip.frames();
    this.activity.frames();
  }

  /** @param {number} seq */
  draw(seq) {
    const frame = this.network.frame(seq);
    const layer = layerOf(frame);
    if (!frame || !layer) return;
    this.network.likeliest(frame);
    const target = this.stage.selected();
    const moved = frame.seq !== this.seq;
    this.seq = frame.seq;
    // Another layer: the same spot of the picture is opened there. The same layer: what was opened is shown.
    if (moved || !target || !this.network.adopt(layer, target)) this.#follow(this.network.target(layer), target);
    if (moved) {
      this.strip.draw(seq);
      this.facts.draw(frame, layer);
      this.activity.draw(seq);
      this.picture.draw(seq);
    }
    this.#small(frame, layer);
  }

  /** @param {import("../../core/types.js").FrameView} frame @param {import("./network/model.js").Layer} layer */
  #small(frame, layer) {
    this.mosaic.draw(frame, layer);
    this.bars.draw(frame, layer);
    this.enlarged.draw(frame, layer);
  }

  /** Open the layer's value without a step of the way back. @param {Target} target @param {Target | null} before */
  #follow(target, before) {
    if (JSON.stringify(target) !== JSON.stringify(before)) this.stage.select(target, { trail: false });
  }

  /** @param {Record<string, any> | null} explanation @param {number} seq */
  explained(explanation, seq) {
    this.note = seq === this.seq ? (explanation?.note ?? null) : this.note;
    this.picture.mark(this.note?.receptive ?? null);
    this.patch.show(this.note);
  }

  /** @param {number} seq @returns {Target | null} */
  defaultTarget(seq) {
    const layer = layerOf(this.network.frame(seq));
    return layer && this.network.target(layer);
  }

  /** @param {import("../../core/types.js").Pinned | null} pinned */
  pin(pinned) {
    this.network.pinned = pinned;
    this.#again();
  }

  resize() {
    this.#measure();
    this.#again();
  }

  /** What stands below the main picture ends where the window does, unless that leaves too little. */
  #measure() {
    const { main, small } = this.stage;
    const below = (small.parentElement?.clientHeight ?? 0) - main.offsetHeight - BESIDES;
    this.network.room = window.innerWidth <= PHONE ? 280 : Math.max(200, Math.min(460, below));
    this.strip.resize();
  }

  retheme() {
    this.#colours();
    this.strip.repaint();
    this.patch.show(this.note);
    this.#again();
  }

  #colours() {
    this.theme = this.stage.theme();
    this.network.retheme();
    this.picture.retheme();
  }

  relanguage() {
    this.#words();
    this.off.plan();
    this.seq = -1;
  }

  #words() {
    this.lang = this.stage.lang();
    const { network } = this;
    this.enlarged.destroy();
    this.main = this.#main();
    this.mosaic = this.#mosaic();
    this.enlarged = new Enlarged(network);
    this.bars = new Bars(network);
    this.patch = new Patch(network);
    this.#place();
    this.strip.words();
    this.picture.words();
    this.activity.words();
    this.patch.show(this.note);
  }

  /** Draw the frame shown once more: the scale, the size or the colours are others. */
  #again() {
    const frame = this.seq < 0 ? null : this.network.frame(this.seq);
    const layer = layerOf(frame);
    if (!frame || !layer) return;
    this.strip.repaint();
    this.picture.draw(frame.seq);
    this.#small(frame, layer);
  }

  /** The step in one sentence, for those who listen. @param {number} seq */
  summary(seq) {
    const { stage, network } = this;
    const frame = network.frame(seq);
    const layer = layerOf(frame);
    if (!frame || !layer) return "";
    if (this.enlarged.said) return this.enlarged.said;
    const top = frame.note.top?.[0];
    if (top) return stage.t("convolution.page.summary_class", { class: className(top.label, top.class), share: `${num(100 * top.p, 3)}%` });
    return stage.t("convolution.page.summary", { step: frame.step, layer: nameOf(layer), type: layer.type, shape: shapeOf(layer) });
  }
}
