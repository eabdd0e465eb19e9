/** The draw: the probabilities as pieces of a ruler from 0 to 1, the likeliest first, and the number u that falls on one. */

import { el } from "../dom.js";
import { context } from "../chart/ink.js";
import { num } from "../format.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../types.js").FrameView} FrameView */

const [TALL, TOP, BOTTOM] = [30, 20, 16];

export class Ruler {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.canvas = el("canvas", { role: "img" });
    this.element = el("div", { class: "writing-ruler" }, this.canvas);
    this.ctx = context(this.canvas);
    this.width = 0;
    /** @type {{token: number, from: number, to: number}[]} */
    this.pieces = [];
    this.canvas.addEventListener("click", (event) => {
      const share = event.offsetX / this.width;
      const piece = this.pieces.find(({ from, to }) => share >= from && share < to);
      if (piece) model.stage.select({ kind: "drawn_from", token: piece.token });
    });
  }

  /** The room or the theme changed. */
  plan() {
    const ratio = window.devicePixelRatio || 1;
    this.width = Math.max(160, this.element.clientWidth);
    const height = TOP + TALL + BOTTOM;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${height}px`;
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { ctx, model, width } = this;
    const { ink, faint, line, accent, card } = model.inks;
    const u = Number(frame.tensors.u.data[0]);
    ctx.clearRect(0, 0, width, TOP + TALL + BOTTOM);
    ctx.font = `13px ${model.mono}`;
    ctx.textBaseline = "middle";
    this.pieces = [];
    let at = 0;
    const written = Number(frame.note.id ?? -1);
    if (frame.seq) {
      const lengths = frame.tensors.drawn_from.data;
      for (let k = 0; k < lengths.length; k += 1) {
        const length = Number(lengths[k]);
        if (length > 0) this.pieces.push({ token: Number(frame.tensors.ids.data[k]), from: at, to: at + length });
        at += length;
      }
    }
    ctx.textAlign = "center";
    for (const [k, { token, from, to }] of this.pieces.entries()) {
      const [x, wide] = [from * width, (to - from) * width];
      const chosen = token === written;
      ctx.globalAlpha = chosen ? 1 : k % 2 ? 0.16 : 0.3;
      ctx.fillStyle = accent;
      ctx.fillRect(x, TOP, Math.max(wide, 0.5), TALL);
      ctx.globalAlpha = 1;
      ctx.fillStyle = chosen ? card : ink;
      if (wide > 14) ctx.fillText(model.name(token), x + wide / 2, TOP + TALL / 2 + 1);
    }
    // What is not among the likeliest that travel with the frame.
    if (frame.seq && at < 0.9995) {
      ctx.fillStyle = faint;
      ctx.fillRect(at * width, TOP + TALL - 3, (1 - at) * width, 3);
      if ((1 - at) * width > 30) ctx.fillText("…", ((1 + at) / 2) * width, TOP + TALL / 2);
    }
    ctx.strokeStyle = line;
    ctx.strokeRect(0.5, TOP - 0.5, width - 1, TALL + 1);
    ctx.fillStyle = faint;
    ctx.font = "11px system-ui, sans-serif";
    for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
      ctx.textAlign = tick === 0 ? "left" : tick === 1 ? "right" : "center";
      ctx.fillText(String(tick), tick * width, TOP + TALL + 9);
    }
    if (!Number.isNaN(u)) this.#needle(u);
    this.canvas.setAttribute("aria-label", model.stage.t("writing.page.ruler", { u: Number.isNaN(u) ? "—" : num(u, 4), token: model.name(written) }));
  }

  /** @param {number} u */
  #needle(u) {
    const { ctx, width } = this;
    const x = u * width;
    ctx.strokeStyle = this.model.inks.ink;
    ctx.fillStyle = this.model.inks.ink;
    ctx.lineWidth = 2;
    ctx.beginPath();
    ctx.moveTo(x, TOP - 4);
    ctx.lineTo(x, TOP + TALL + 3);
    ctx.stroke();
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x - 5, TOP - 8);
    ctx.lineTo(x + 5, TOP - 8);
    ctx.lineTo(x, TOP - 1);
    ctx.fill();
    ctx.textAlign = x < 60 ? "left" : "right";
    ctx.fillText(`u = ${num(u, 3)}`, x + (x < 60 ? 9 : -9), 8);
  }
}
