/**
 * The picture at left: what the network sees or what a step made of the upload, the receptive field of the opened value on it, an
 * attribution over it, and below every step that prepared it.
 */

import { el } from "../../../core/dom.js";
import { say } from "../../../core/i18n.js";
import { heatScale } from "./column.js";
import { layerOf } from "./model.js";

/** @typedef {import("./model.js").Network} Network */
/** @typedef {import("../../../core/types.js").Tensor} Tensor */

const SVG = "http://www.w3.org/2000/svg";
/** The trace of the network's own view. */
const HERE = { from: [[1, 0, 0], [0, 1, 0]], reach: [0, 0] };

export class Picture {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.photo = el("canvas", { class: "net-pixels", role: "img" });
    this.heat = el("canvas", { class: "net-heat", "aria-hidden": "true", hidden: true });
    this.marks = document.createElementNS(SVG, "svg");
    this.marks.setAttribute("class", "net-marks");
    this.marks.setAttribute("aria-hidden", "true");
    this.shade = document.createElementNS(SVG, "path");
    this.outline = document.createElementNS(SVG, "path");
    this.shade.setAttribute("class", "net-shade");
    this.outline.setAttribute("class", "net-outline");
    this.marks.append(this.shade, this.outline);
    this.frame = el("div", { class: "net-photo" }, this.photo, this.heat, this.marks);
    this.caption = el("p", { class: "caption net-seen", "aria-live": "polite" });
    this.opacity = el("input", { type: "range", min: 0, max: 100, value: 60 });
    this.opacity.addEventListener("input", () => this.#veil());
    this.slider = el("label", { class: "net-opacity", hidden: true }, el("span", { class: "caption" }), this.opacity);
    this.steps = el("ol", { class: "net-steps" });
    this.element = el("div", { class: "net-input" }, this.frame, this.steps, this.caption, this.slider);
    /** The step whose picture is looked at; -1: what the network sees. */
    this.step = -1;
    /** [y0, x0, y1, x1] in pixels of the network's input. @type {number[] | null} */
    this.receptive = null;
    /** The frame of the attribution laid over, -1: none. */
    this.laid = -1;
  }

  scene() {
    this.step = -1;
    this.receptive = null;
    this.laid = -1;
    this.heat.hidden = true;
    this.slider.hidden = true;
    this.words();
  }

  words() {
    const { scene, stage } = this.network;
    if (!scene) return;
    /** @type {HTMLElement} */ (this.slider.firstChild).textContent = stage.t("convolution.page.opacity");
    const made = (scene.note.preprocess ?? []).map((/** @type {any} */ one, /** @type {number} */ i) => {
      const tensor = scene.tensors[one.tensor];
      const text = say(one);
      const thumb = el("canvas", { class: "net-pixels", "aria-hidden": "true" });
      if (tensor) pixels(thumb, tensor);
      const button = el("button", { type: "button", class: "net-step", "aria-label": text, "aria-pressed": "false", onclick: () => this.#look(this.step === i ? -1 : i) }, thumb);
      return el("li", {}, button);
    });
    this.steps.replaceChildren(...made);
    this.steps.setAttribute("aria-label", stage.t("convolution.page.steps"));
    this.#look(this.step);
  }

  /** Look at the picture as a step left it. @param {number} step */
  #look(step) {
    const { scene, stage } = this.network;
    if (!scene) return;
    this.step = step;
    const chosen = scene.note.preprocess?.[step];
    const tensor = this.#shown();
    if (tensor) pixels(this.photo, tensor);
    const [height, width] = tensor?.shape ?? [0, 0];
    this.frame.style.aspectRatio = `${width || 1} / ${height || 1}`;
    this.caption.textContent = chosen ? [say(chosen), chosen.trace ? "" : stage.t("convolution.page.untraced")].join(" ").trim() : stage.t("convolution.page.seen", { width, height });
    this.photo.setAttribute("aria-label", this.caption.textContent);
    [...this.steps.querySelectorAll("button")].forEach((button, i) => button.setAttribute("aria-pressed", String(i === step)));
    this.#field();
    this.#veil();
  }

  /** @param {number[] | null} receptive */
  mark(receptive) {
    this.receptive = receptive;
    this.#field();
  }

  /** The field on the picture that is looked at, the uploaded one too. */
  #field() {
    const [height, width] = this.#shown()?.shape ?? [1, 1];
    const field = this.receptive && this.#traced(this.receptive, height, width);
    this.marks.toggleAttribute("hidden", !field);
    if (!field) return;
    const [top, left, bottom, right] = field;
    const box = `M${left} ${top}H${right}V${bottom}H${left}Z`;
    this.marks.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.shade.setAttribute("d", `M0 0H${width}V${height}H0Z${box}`);
    this.outline.setAttribute("d", box);
    this.marks.dataset.field = field.join(" ");
  }

  /**
   * A box of the network's input on the picture (height, width) that is looked at, by what its step's `trace` says of the way back
   * (app/labs/convolution/network/trace.py); null where nobody knows the way.
   * @param {number[]} box [y0, x0, y1, x1] @param {number} height @param {number} width
   * @returns {number[] | null}
   */
  #traced([y0, x0, y1, x1], height, width) {
    const { scene } = this.network;
    const trace = this.step < 0 ? HERE : scene?.note.preprocess[this.step].trace;
    if (!trace) return null;
    const [rows, columns] = scene?.tensors.rgb?.shape ?? [1, 1];
    const [down, across] = trace.reach;
    const ys = [y0 - down, y1 + down].map((y) => clamp(y, rows) / rows);
    const xs = [x0 - across, x1 + across].map((x) => clamp(x, columns) / columns);
    const corners = ys.flatMap((y) => xs.map((x) => trace.from.map((/** @type {number[]} */ [a, b, c]) => a * y + b * x + c)));
    const [tops, lefts] = [0, 1].map((axis) => corners.map((corner) => clamp(corner[axis], 1)));
    return [Math.min(...tops) * height, Math.min(...lefts) * width, Math.max(...tops) * height, Math.max(...lefts) * width];
  }

  /** The picture that is looked at. */
  #shown() {
    const { scene } = this.network;
    return scene?.tensors[scene.note.preprocess?.[this.step]?.tensor] ?? scene?.tensors.rgb;
  }

  /** Lay the attribution over the picture once its step is reached. @param {number} seq */
  draw(seq) {
    const { network } = this;
    const at = this.#attribution(seq);
    if (at === this.laid) return;
    this.laid = at;
    const heat = at < 0 ? null : network.stage.timeline.frame(at)?.tensors.attribution;
    this.slider.hidden = !heat;
    if (heat) this.#paintHeat(heat);
    this.#veil();
  }

  /** The newest attribution at or before `seq`; -1: none. @param {number} seq */
  #attribution(seq) {
    const { why } = this.network.params;
    if (!why || why === "none") return -1;
    const { timeline } = this.network.stage;
    for (let at = seq; at >= Math.max(timeline.first, 0); at -= 1) {
      const kind = layerOf(timeline.frame(at))?.kind;
      if (kind === "attribution") return at;
      if (kind !== "gradient") return -1;
    }
    return -1;
  }

  /** What counts most is opaque, what does not count is clear. @param {Tensor} heat */
  #paintHeat(heat) {
    const [height, width] = heat.shape;
    const values = /** @type {Float32Array} */ (heat.data);
    const { whole, colours } = heatScale(this.network, values);
    this.heat.width = width;
    this.heat.height = height;
    const image = new ImageData(width, height);
    const words = new Uint32Array(image.data.buffer);
    for (let i = 0; i < values.length; i += 1) {
      const place = Math.max(0, Math.min(255, Math.round((255 * (values[i] - whole.low)) / (whole.high - whole.low))));
      words[i] = colours[place];
      image.data[4 * i + 3] = Math.min(255, Math.round((255 * Math.abs(values[i])) / whole.high));
    }
    this.heat.getContext("2d")?.putImageData(image, 0, 0);
  }

  #veil() {
    this.heat.hidden = this.laid < 0 || this.step >= 0;
    this.heat.style.opacity = String(Number(this.opacity.value) / 100);
  }

  retheme() {
    this.laid = -1;
  }
}

/** @param {number} value @param {number} most */
function clamp(value, most) {
  return Math.max(0, Math.min(most, value));
}

/** A picture of bytes (h, w, 3) or (h, w) onto a canvas, pixel by pixel. @param {HTMLCanvasElement} canvas @param {Tensor} tensor */
export function pixels(canvas, tensor) {
  const [height, width, colours = 1] = tensor.shape;
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    for (let c = 0; c < 3; c += 1) image.data[4 * i + c] = Number(tensor.data[i * colours + (colours === 3 ? c : 0)]);
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}
