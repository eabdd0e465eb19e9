/** The error surface of a tiny recurrent network and two descents on it: one thrown off at the wall, one whose steps are clipped. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { context } from "../../../core/chart/ink.js";
import { entry } from "../../../core/chart/legend.js";
import { palettes } from "../../../core/tiles.js";

/** @typedef {import("./model.js").Model} Model */

const PAD = { left: 34, right: 8, top: 6, bottom: 20 };
/** Columns of a descent's row. */
const ROW = 5;

export class WallPicture {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    const made = card(t("recurrent.gradients.page.wall"), t("recurrent.gradients.page.wall_caption"));
    this.element = made.element;
    this.canvas = el("canvas", { class: "grad-wall", role: "img" });
    this.words = el("p", { class: "caption" });
    this.legend = el("ul", { class: "chart-legend" });
    made.body.append(this.legend, this.canvas, this.words);
    /** The ground, painted once a run. */
    this.ground = document.createElement("canvas");
    this.canvas.addEventListener("click", (event) => this.#go(event));
    this.seq = 0;
  }

  get colours() {
    const { text, accent } = this.model.stage.plots.colors();
    return [this.model.stage.theme() === "dark" ? "#ff6a55" : "#cf3a24", this.model.stage.theme() === "dark" ? text : accent];
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.canvas.setAttribute("aria-label", t("recurrent.gradients.page.wall_label"));
    const lines = [false, true].map((clipped, i) => ({ name: t(`recurrent.gradients.descent.${clipped ? "clipped" : "free"}`), colour: this.colours[i], dash: clipped ? [] : [5, 3], width: 2, clipped }));
    this.legend.replaceChildren(...lines.map((line) => entry(line, () => model.stage.select({ kind: "descent", clipped: line.clipped }))));
    this.#paintGround();
  }

  /** Each loss by its rank: a wall and a plain are both seen. */
  #paintGround() {
    const loss = this.model.scene?.tensors["wall/loss"];
    if (!loss) return;
    const [rows, cols] = loss.shape;
    const data = Array.from(loss.data, Number);
    const order = data.map((_, i) => i).sort((a, b) => data[a] - data[b]);
    const shade = new Uint8Array(data.length);
    order.forEach((at, rank) => (shade[at] = Math.round((255 * rank) / (data.length - 1))));
    const { magnitude } = palettes();
    this.ground.width = cols;
    this.ground.height = rows;
    const ctx = context(this.ground);
    const image = ctx.createImageData(cols, rows);
    const words = new Uint32Array(image.data.buffer);
    for (let r = 0; r < rows; r += 1) for (let c = 0; c < cols; c += 1) words[(rows - 1 - r) * cols + c] = magnitude[shade[r * cols + c]];
    ctx.putImageData(image, 0, 0);
  }

  /** The picture's window: low and high of w and of b, in pixels and in weights. */
  #window() {
    const { w, b } = this.model.note.wall;
    const [width, height] = [this.canvas.clientWidth, this.canvas.clientHeight];
    const across = width - PAD.left - PAD.right;
    const down = height - PAD.top - PAD.bottom;
    return {
      width,
      height,
      across,
      down,
      left: (/** @type {number} */ value) => PAD.left + ((value - w[0]) / (w[1] - w[0])) * across,
      top: (/** @type {number} */ value) => PAD.top + ((b[1] - value) / (b[1] - b[0])) * down,
      w,
      b,
    };
  }

  /** @param {import("../../../core/types.js").FrameView} frame */
  draw({ seq }) {
    this.seq = seq;
    const { model, canvas } = this;
    const descent = model.scene?.tensors.descent;
    if (!descent || !canvas.clientWidth) return;
    const place = this.#window();
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(place.width * ratio);
    canvas.height = Math.round(place.height * ratio);
    const ctx = context(canvas);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.imageSmoothingEnabled = true;
    ctx.drawImage(this.ground, PAD.left, PAD.top, place.across, place.down);
    this.#axes(ctx, place);
    ctx.save();
    ctx.beginPath();
    ctx.rect(PAD.left, PAD.top, place.across, place.down);
    ctx.clip();
    for (const i of [0, 1]) this.#path(ctx, place, descent.data, descent.shape[1], i, seq);
    ctx.restore();
    this.#tell(descent.data, descent.shape[1], seq);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {any} place */
  #axes(ctx, place) {
    const { faint } = this.model.inks;
    ctx.fillStyle = faint;
    ctx.font = "11px system-ui, sans-serif";
    ctx.textBaseline = "top";
    for (const [i, value] of [place.w[0], (place.w[0] + place.w[1]) / 2, place.w[1]].entries()) {
      ctx.textAlign = i === 0 ? "left" : i === 1 ? "center" : "right";
      ctx.fillText(`${i === 1 ? "w = " : ""}${num(value)}`, place.left(value), place.height - PAD.bottom + 5);
    }
    ctx.textAlign = "right";
    for (const [i, value] of [place.b[1], (place.b[0] + place.b[1]) / 2, place.b[0]].entries()) {
      ctx.textBaseline = i === 0 ? "top" : i === 1 ? "middle" : "bottom";
      ctx.fillText(num(value), PAD.left - 5, place.top(value));
    }
    ctx.textBaseline = "middle";
    ctx.fillText("b", PAD.left - 5, place.top((3 * place.b[1] + place.b[0]) / 4));
  }

  /** A halo below each line: it is seen on dark and on light ground. @param {CanvasRenderingContext2D} ctx @param {any} place @param {ArrayLike<any>} data @param {number} every @param {number} i @param {number} seq */
  #path(ctx, place, data, every, i, seq) {
    const at = (/** @type {number} */ k) => [place.left(Number(data[(i * every + k) * ROW])), place.top(Number(data[(i * every + k) * ROW + 1]))];
    const last = Math.min(seq, every - 1);
    for (const [colour, width] of /** @type {[string, number][]} */ ([["rgba(255,255,255,0.85)", 4], [this.colours[i], 2]])) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.lineJoin = "round";
      ctx.setLineDash(i || width > 2 ? [] : [5, 3]);
      ctx.beginPath();
      ctx.moveTo(...place2(at(0)));
      for (let k = 1; k <= last; k += 1) ctx.lineTo(...place2(at(k)));
      ctx.stroke();
    }
    ctx.setLineDash([]);
    const [x, y] = at(last);
    ctx.beginPath();
    ctx.arc(x, y, 4.5, 0, 7);
    ctx.fillStyle = this.colours[i];
    ctx.fill();
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = "#fff";
    ctx.stroke();
  }

  /** @param {ArrayLike<any>} data @param {number} every @param {number} seq */
  #tell(data, every, seq) {
    const { t } = this.model.stage;
    const k = Math.min(seq, every - 1);
    const of = (/** @type {number} */ i) => ({ w: Number(data[(i * every + k) * ROW]), b: Number(data[(i * every + k) * ROW + 1]), loss: Number(data[(i * every + k) * ROW + 2]) });
    const { w, b } = this.model.note.wall;
    const told = [0, 1].map((i) => {
      const at = of(i);
      const off = at.w < w[0] || at.w > w[1] || at.b < b[0] || at.b > b[1];
      const name = t(`recurrent.gradients.descent.${i ? "clipped" : "free"}`);
      return t(off ? "recurrent.gradients.page.off" : "recurrent.gradients.page.on", { name, w: num(at.w, 3), b: num(at.b, 3), loss: num(at.loss, 3) });
    });
    this.words.textContent = `${t("recurrent.gradients.page.descent_step", { step: k })} ${told.join(" ")}`;
  }

  /** The descent begins where the picture was pressed. @param {MouseEvent} event */
  #go(event) {
    const place = this.#window();
    const w = place.w[0] + ((event.offsetX - PAD.left) / place.across) * (place.w[1] - place.w[0]);
    const b = place.b[1] - ((event.offsetY - PAD.top) / place.down) * (place.b[1] - place.b[0]);
    if (w < place.w[0] || w > place.w[1] || b < place.b[0] || b > place.b[1]) return;
    this.model.stage.edit({ start: [Number(w.toFixed(3)), Number(b.toFixed(3))] });
  }
}

/** @param {number[]} at @returns {[number, number]} far points are cut: a canvas still draws the direction right */
function place2([x, y]) {
  return [Math.max(-2e4, Math.min(2e4, x)), Math.max(-2e4, Math.min(2e4, y))];
}
