/**
 * What one racer's network says all over the plane, with the points that it is trained on: blue where class 0 is likelier, orange
 * where class 1 is, paler the less sure. Click, or go with the arrow keys and press Enter, to open the value at a place.
 */

import { el } from "../../../core/dom.js";
import { context } from "../../../core/chart/ink.js";
import { num } from "../../../core/format.js";
import { mark, paintMark } from "../marks.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** How much of the card shines through the fullest colour. */
const PALE = 0.55;

export class Plane {
  /** @param {Model} model @param {number} r */
  constructor(model, r) {
    this.model = model;
    this.r = r;
    const { stage } = model;
    const label = model.racers[r].label;
    this.canvas = el("canvas", { class: "train-plane", tabindex: 0, role: "application", "aria-label": stage.t("optimizer.training.page.plane", { racer: label }) });
    this.name = el("button", { type: "button", class: "racer-name", onclick: () => stage.select({ kind: "band", name: "test_accuracy", racer: r, quantile: 1 }) }, mark(r), el("span", { title: label }, label));
    this.right = el("span", { class: "value" });
    this.element = el("figure", { class: "train-figure" }, el("figcaption", {}, this.name, this.right), this.canvas);
    this.small = document.createElement("canvas");
    this.at = { x: 20, y: 30 };
    this.canvas.addEventListener("click", (event) => this.#open(this.#pixel(event)));
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    /** @type {FrameView | null} */
    this.frame = null;
  }

  get side() {
    return this.model.scene?.tensors["axis/x"].shape[0] ?? 1;
  }

  /** The room or the theme changed. */
  resize() {
    const ratio = window.devicePixelRatio || 1;
    const side = Math.max(40, Math.round(this.canvas.clientWidth * ratio));
    this.canvas.width = this.canvas.height = side;
    this.stops = this.model.stage.plots.colors().signed.map(([, colour]) => rgb(String(colour)));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    this.frame = frame;
    const { model, r, side } = this;
    const ctx = context(this.canvas);
    this.#field(frame);
    ctx.imageSmoothingEnabled = true;
    ctx.imageSmoothingQuality = "high";
    ctx.drawImage(this.small, 0, 0, this.canvas.width, this.canvas.height);
    this.#points(ctx);
    const target = model.stage.selected();
    if (target?.kind === "picture" && Number(target.racer ?? 0) === r) this.at = { x: Number(target.x ?? 0), y: Number(target.y ?? 0) };
    if (document.activeElement === this.canvas || (target?.kind === "picture" && Number(target.racer ?? 0) === r)) this.#cross(ctx, side);
    const share = Number(frame.tensors.test_accuracy.data[3 * r + 1]);
    this.right.textContent = `${num(100 * share, 3)} %`;
    this.element.classList.toggle("chosen", r === model.chosen);
  }

  /** The probabilities as an image of one pixel each, rows from the top. @param {FrameView} frame */
  #field(frame) {
    const { side, small } = this;
    small.width = small.height = side;
    const ctx = context(small);
    const image = ctx.createImageData(side, side);
    const data = frame.tensors.picture.data;
    const [zero, middle, one] = this.stops ?? [];
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const p = Number(data[(this.r * side + y) * side + x]) / 255;
        const [from, to, share] = p < 0.5 ? [zero, middle, 2 * p] : [middle, one, 2 * p - 1];
        const at = 4 * ((side - 1 - y) * side + x);
        for (let c = 0; c < 3; c++) {
          const full = from[c] + share * (to[c] - from[c]);
          image.data[at + c] = full + PALE * (middle[c] - full);
        }
        image.data[at + 3] = 255;
      }
    ctx.putImageData(image, 0, 0);
  }

  /** @param {CanvasRenderingContext2D} ctx */
  #points(ctx) {
    const { scene, inks } = this.model;
    if (!scene) return;
    const { data, shape } = scene.tensors.points;
    const y = scene.tensors.y.data;
    const size = Math.max(2.2, Math.min(5, this.canvas.width / 70)) * (shape[0] > 500 ? 0.6 : 1);
    const colours = [this.stops?.[0], this.stops?.[2]];
    for (let i = 0; i < shape[0]; i++) {
      const [left, top] = [this.#left(Number(data[2 * i])), this.#top(Number(data[2 * i + 1]))];
      const label = Number(y[i]);
      ctx.beginPath();
      if (label === 0) ctx.arc(left, top, size, 0, 7);
      else ctx.rect(left - 0.9 * size, top - 0.9 * size, 1.8 * size, 1.8 * size);
      ctx.fillStyle = `rgb(${colours[label]?.join(",")})`;
      ctx.fill();
      ctx.lineWidth = Math.max(1, size / 3);
      ctx.strokeStyle = inks.card;
      ctx.stroke();
    }
  }

  /** @param {CanvasRenderingContext2D} ctx @param {number} side */
  #cross(ctx, side) {
    const unit = this.canvas.width / side;
    const [left, top] = [(this.at.x + 0.5) * unit, (side - 0.5 - this.at.y) * unit];
    paintMark(ctx, this.r, left, top, 7, this.model.inks.card, true);
    ctx.strokeStyle = this.model.inks.ink;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(left - 12, top - 12, 24, 24);
  }

  /** @param {number} value */
  #left(value) {
    return place(this.model.scene?.tensors["axis/x"].data, value) * this.canvas.width;
  }

  /** @param {number} value */
  #top(value) {
    return (1 - place(this.model.scene?.tensors["axis/y"].data, value)) * this.canvas.height;
  }

  /** @param {MouseEvent} event */
  #pixel(event) {
    const box = this.canvas.getBoundingClientRect();
    const inside = (/** @type {number} */ share) => Math.max(0, Math.min(this.side - 1, Math.floor(share * this.side)));
    return { x: inside((event.clientX - box.left) / box.width), y: inside(1 - (event.clientY - box.top) / box.height) };
  }

  /** @param {{x: number, y: number}} at */
  #open(at) {
    this.at = at;
    this.model.stage.select({ kind: "picture", racer: this.r, ...at });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
    const step = event.shiftKey ? 8 : 1;
    if (event.key === "Enter" || event.key === " ") this.#open(this.at);
    else if (event.key in moves) {
      const bound = (/** @type {number} */ value) => Math.max(0, Math.min(this.side - 1, value));
      this.at = { x: bound(this.at.x + step * moves[event.key][0]), y: bound(this.at.y + step * moves[event.key][1]) };
      if (this.frame) this.draw(this.frame);
      const p = Number(this.frame?.tensors.picture.data[(this.r * this.side + this.at.y) * this.side + this.at.x]) / 255;
      this.model.stage.announce(this.model.stage.t("optimizer.training.page.at", { x: num(axis(this.model, "x", this.at.x), 3), y: num(axis(this.model, "y", this.at.y), 3), p: num(100 * p, 3) }));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {Model} model @param {string} name @param {number} i */
function axis(model, name, i) {
  return Number(model.scene?.tensors[`axis/${name}`].data[i] ?? NaN);
}

/** Where a value stands between an axis's ends, whose pixels' middles they are. @param {import("../../../core/types.js").TypedArray | undefined} axis @param {number} value */
export function place(axis, value) {
  if (!axis) return 0;
  const [low, high, n] = [Number(axis[0]), Number(axis[axis.length - 1]), axis.length];
  return (((value - low) / (high - low)) * (n - 1) + 0.5) / n;
}

/** @param {string} hex #rrggbb @returns {number[]} */
function rgb(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
