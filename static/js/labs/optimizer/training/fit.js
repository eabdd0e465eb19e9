/** The points of a regression and the line, or curve, that each racer's network has through them. */

import { el } from "../../../core/dom.js";
import { context, segment } from "../../../core/chart/ink.js";
import { Axis } from "../../../core/chart/axis.js";
import { label } from "../../../core/chart/ink.js";
import { strokeOf } from "../marks.js";
import { place } from "./plane.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const PAD = { left: 36, right: 12, top: 10, bottom: 22 };

export class Fit {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { stage } = model;
    this.canvas = el("canvas", { class: "train-line", tabindex: 0, role: "application", "aria-label": stage.t("optimizer.training.page.fit") });
    this.element = el("div", { class: "train-fit-box" }, this.canvas);
    this.x = 20;
    this.canvas.addEventListener("click", (event) => {
      const share = (event.offsetX - PAD.left) / (this.width - PAD.left - PAD.right);
      this.#open(Math.floor(share * this.count));
    });
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    this.width = 0;
    this.height = 0;
    /** @type {FrameView | null} */
    this.frame = null;
  }

  get count() {
    return this.model.scene?.tensors["axis/x"].shape[0] ?? 1;
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    context(this.canvas).setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    this.frame = frame;
    const { model, width, height, count } = this;
    const { scene, inks } = model;
    if (!scene || !width) return;
    const ctx = context(this.canvas);
    ctx.clearRect(0, 0, width, height);
    const xs = scene.tensors["axis/x"].data;
    const y = scene.tensors.y.data;
    const values = Array.from(y, Number);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const up = new Axis(low, high, false);
    const left = (/** @type {number} */ value) => PAD.left + place(xs, value) * (width - PAD.left - PAD.right);
    const top = (/** @type {number} */ value) => height - PAD.bottom - up.place(value) * (height - PAD.top - PAD.bottom);
    ctx.lineWidth = 1;
    ctx.strokeStyle = inks.line;
    ctx.fillStyle = inks.faint;
    ctx.textAlign = "right";
    ctx.textBaseline = "middle";
    for (const tick of up.ticks()) {
      segment(ctx, PAD.left, top(tick.value), width - PAD.right, top(tick.value));
      label(ctx, tick, PAD.left - 6, top(tick.value));
    }
    ctx.globalAlpha = 0.7;
    const points = scene.tensors.points.data;
    for (let i = 0; i < y.length; i++) {
      ctx.beginPath();
      ctx.arc(left(Number(points[i])), top(Number(y[i])), 2.6, 0, 7);
      ctx.fill();
    }
    ctx.globalAlpha = 1;
    const data = frame.tensors.picture.data;
    for (const r of [...model.racers.keys()].sort((a, b) => Number(a === model.chosen) - Number(b === model.chosen))) {
      const stroke = strokeOf(r, { selected: r === model.chosen });
      ctx.strokeStyle = stroke.colour;
      ctx.lineWidth = stroke.width;
      ctx.setLineDash(stroke.dash);
      ctx.beginPath();
      for (let i = 0; i < count; i++) ctx.lineTo(left(Number(xs[i])), Math.max(-1e4, Math.min(1e4, top(Number(data[r * count + i])))));
      ctx.stroke();
    }
    ctx.setLineDash([]);
    const target = model.stage.selected();
    if (target?.kind === "picture") this.x = Number(target.x ?? 0);
    if (target?.kind !== "picture" && document.activeElement !== this.canvas) return;
    ctx.strokeStyle = inks.ink;
    ctx.beginPath();
    ctx.arc(left(Number(xs[this.x])), top(Number(data[model.chosen * count + this.x])), 5, 0, 7);
    ctx.stroke();
  }

  /** @param {number} x */
  #open(x) {
    this.x = Math.max(0, Math.min(this.count - 1, x));
    this.model.stage.select({ kind: "picture", racer: this.model.chosen, x: this.x, y: 0 });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      this.x = Math.max(0, Math.min(this.count - 1, this.x + (event.key === "ArrowLeft" ? -1 : 1)));
      if (this.frame) this.draw(this.frame);
    } else if (event.key === "Enter") this.#open(this.x);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
