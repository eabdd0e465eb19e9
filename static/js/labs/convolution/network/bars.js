/** The classes' probabilities as bars, likeliest first; beside them those of the pinned run, or of the whole network when something is switched off. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { first } from "../../../core/i18n.js";
import { numbers } from "./model.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {import("./model.js").Layer} Layer */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const MOST = 20;
/** The side of the pictures that the shipped networks learned on. */
const LEARNED = 32;

export class Bars {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.card = card("", "");
    this.element = this.card.element;
    this.element.classList.add("net-classes");
    this.element.hidden = true;
    this.why = el("button", { type: "button", class: "button small", onclick: () => this.#ask() });
    this.card.actions.append(this.why);
    this.list = el("ol", { class: "net-bars" });
    this.accuracy = el("p", { class: "caption net-accuracy" });
    this.card.body.append(this.list, this.accuracy);
    this.chosen = 0;
  }

  /** Ask what in the picture counts for the chosen class. */
  #ask() {
    const { params, scene, stage } = this.network;
    const name = scene?.note.classes[this.chosen];
    const named = scene?.note.classes.indexOf(name) === this.chosen; // two may share a name
    stage.edit({ why: !params.why || params.why === "none" ? "grad-cam" : params.why, why_class: named ? name : String(this.chosen) });
  }

  /** How often a trained network is right, at the size it learned on and, where this run's is another, enlarged. */
  #trust() {
    const { scene, stage } = this.network;
    const { test_accuracy: accuracy, enlarged, data } = scene?.note.source ?? {};
    this.accuracy.hidden = accuracy === undefined;
    if (accuracy === undefined) return;
    const [side] = scene?.tensors.rgb?.shape ?? [LEARNED];
    const percent = (/** @type {number} */ share) => `${num(100 * share, 3)}%`;
    const measured = Object.entries(enlarged ?? {}).map(([size, share]) => stage.t("convolution.page.accuracy_at", { size, share: percent(share) }));
    const id = side === LEARNED ? "accuracy" : measured.length ? "accuracy_enlarged" : "accuracy_unknown";
    this.accuracy.textContent = stage.t(`convolution.page.${id}`, { share: percent(accuracy), data, size: LEARNED, measured: measured.join(stage.t("convolution.page.comma")) });
    this.accuracy.classList.toggle("warning", side !== LEARNED);
  }

  /** @param {FrameView} frame @param {Layer} layer */
  draw(frame, layer) {
    const { network } = this;
    this.element.hidden = layer.kind !== "softmax";
    if (this.element.hidden) return;
    const { t } = network.stage;
    const p = numbers(frame.tensors.probabilities ?? frame.tensors.maps);
    const pinned = network.beside(layer)?.tensors.probabilities;
    const other = pinned ?? frame.tensors.baseline;
    const before = other ? numbers(other) : null;
    this.card.heading.textContent = t("convolution.page.classes");
    this.card.caption.textContent = before ? t(pinned ? "convolution.page.pinned_bar" : "convolution.page.baseline") : t("convolution.page.classes_hint");
    const order = Array.from(p, (_, i) => i).sort((a, b) => p[b] - p[a]);
    const chosen = network.indexOf(layer);
    this.chosen = chosen;
    const shown = order.slice(0, MOST);
    if (!shown.includes(chosen)) shown.push(chosen);
    const names = network.scene?.note.classes ?? [];
    this.#trust();
    this.why.textContent = t("convolution.page.why", { class: className(names[chosen], chosen) });
    this.list.replaceChildren(
      ...shown.map((i) => {
        const change = before ? p[i] - before[i] : 0;
        const button = el(
          "button",
          { type: "button", class: "net-class", "aria-pressed": String(i === chosen), onclick: () => network.open(layer, { index: i }) },
          el("span", {}, className(names[i], i)),
          el("b", { class: "value", "data-exact": exact(p[i]) }, `${num(100 * p[i], 3)}%`),
          el("i", { style: `width:${100 * p[i]}%` }),
          before ? el("i", { class: "before", style: `width:${100 * before[i]}%` }) : null,
          before ? el("small", { class: "value" }, `${change >= 0 ? "+" : ""}${num(100 * change, 2)}`) : null,
        );
        return el("li", {}, button);
      }),
    );
  }
}

/** A class's name in the reader's language where the catalogue has one. @param {string | undefined} label @param {number} index */
export function className(label, index) {
  return label ? first([`convolution.network.why_class.${label}`], label) : String(index);
}
