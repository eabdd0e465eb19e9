/** The numbers of the step: what the layer is, what it costs, what it sees. */

import { el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { first } from "../../../core/i18n.js";
import { nameOf, shapeOf } from "./model.js";
import { short } from "./column.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {import("./model.js").Layer} Layer */

/** An operation's options by torch's names, in the order in which they are told, each with the value that goes without saying. */
const OPTIONS = {
  kernel_size: null,
  stride: "1",
  padding: "0",
  output_padding: "0",
  dilation: "1",
  groups: "1",
  padding_mode: "zeros",
  transposed: null,
  output_size: null,
  norm_type: null,
  mode: null,
  scale_factor: null,
  ceil_mode: "false",
  count_include_pad: "true",
  divisor_override: "null",
  num_groups: null,
  negative_slope: null,
};

/** What one number says of both sides of a map. */
const BOTH = new Set(["kernel_size", "stride", "padding", "output_padding", "dilation", "output_size"]);

export class Facts {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.heading = el("h2");
    this.list = el("dl");
    this.here = el("div", { class: "net-here", role: "group", hidden: true });
    this.element = el("div", { class: "net-facts" }, this.heading, this.list, this.here);
  }

  /** Ask why the class is what it is, seen at this layer: by its output or by its input. @param {Layer} layer */
  #ask(layer) {
    const { network } = this;
    const { stage } = network;
    this.here.hidden = !asks(network, layer);
    if (this.here.hidden) return;
    const { why, why_layer: at, why_side: from } = stage.params();
    const side = (/** @type {string} */ name) =>
      el(
        "button",
        {
          type: "button",
          class: "button small",
          "aria-pressed": String(why === "grad-cam" && at === layer.name && from === name),
          onclick: () => stage.edit({ why: "grad-cam", why_layer: layer.name, why_side: name }),
        },
        stage.t(`convolution.network.why_side.${name}`),
      );
    const sides = ["output", ...(stage.timeline.frame(layer.inputs[0])?.note.layer?.shape.length === 3 ? ["input"] : [])];
    const text = stage.t("convolution.page.why_here");
    this.here.setAttribute("aria-label", text);
    this.here.replaceChildren(el("span", { class: "caption" }, text), ...sides.map(side));
  }

  /** @param {import("../../../core/types.js").FrameView} frame @param {Layer} layer */
  draw(frame, layer) {
    const { t } = this.network.stage;
    this.heading.textContent = t("convolution.page.step", { step: frame.step, layer: nameOf(layer) });
    const input = layer.inputs.map((seq) => this.network.stage.timeline.frame(seq)?.note.layer?.name ?? seq).join(", ");
    /** @type {[string, string | null][]} */
    const rows = [
      ["type", `${layer.type} (${t(`convolution.page.kind_${layer.kind}`)})`],
      ["side", t(`convolution.page.side_${layer.side}`)],
      ["shape", shapeOf(layer)],
      ["from", input || null],
      ...Object.entries(OPTIONS).map(([name, usual]) => /** @type {[string, string | null]} */ ([name, option(layer, name, usual)])),
      ["params", ["input", "attribution", "gradient"].includes(layer.kind) ? null : short(layer.params)],
      ["macs", layer.macs ? short(layer.macs) : null],
      ["receptive", layer.receptive ? layer.receptive.size.map(Math.floor).join(" × ") : null],
      ["jump", layer.receptive ? layer.receptive.jump.map((jump) => num(jump, 3)).join(" × ") : null],
      ["dead", layer.dead ? num(layer.dead) : null],
      ["off", layer.ablated?.length ? layer.ablated.join(", ") : null],
    ];
    this.#ask(layer);
    this.list.replaceChildren(
      ...rows.flatMap(([name, text]) => (text === null ? [] : [el("div", { "data-fact": name }, el("dt", {}, first([`convolution.page.fact_${name}`], name)), el("dd", {}, text))])),
    );
  }
}

/** Whether a class's score can be traced to this layer by its name: it has maps, and is the only one so called. @param {Network} network @param {Layer} layer */
function asks(network, layer) {
  if (!network.scene?.note.classes?.length || layer.shape.length !== 3 || layer.kind === "gradient" || layer.call) return false;
  const { timeline } = network.stage;
  for (let seq = Math.max(0, timeline.first); seq <= timeline.last; seq += 1) {
    const other = timeline.frame(seq)?.note.layer;
    if (other?.name === layer.name && other.call) return false;
  }
  return true;
}

/** 3 × 3, or null where it is as usual. @param {Layer} layer @param {string} name @param {string | null} usual */
function option(layer, name, usual) {
  const value = layer.options?.[name];
  if (value === undefined) return null;
  const both = BOTH.has(name) && typeof value === "number" && layer.shape.length === 3;
  const parts = (Array.isArray(value) ? value : both ? [value, value] : [value]).map(String);
  return parts.every((part) => part === usual) ? null : parts.join(" × ");
}
