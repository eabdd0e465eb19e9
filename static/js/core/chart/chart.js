/**
 * A small chart of a run's numbers in time: light axes of its own, lines that grow with the play head.
 *
 * Its range covers every frame on the timeline, so that scrubbing moves the play head and not the axes.
 * Playing forward draws only what is new. Press or drag on it to go to a step; hover for exact values.
 */

import { el } from "../dom.js";
import { exact, num } from "../format.js";
import { Axis } from "./axis.js";
import { breadth, context, label, segment } from "./ink.js";
import { Pens } from "./pens.js";
import { along, placing, sampleColumn, valueOf } from "./series.js";

/** @typedef {import("../timeline.js").Timeline} Timeline */

/** @typedef {import("./series.js").Series} Series */
/** @typedef {import("./series.js").Plan} Plan */
/** @typedef {import("./ink.js").Inks} Inks */

/** `left` is the least: numbers that need more room get it. */
const PAD = { left: 40, right: 18, top: 8, bottom: 20 };
/** Decades that a logarithmic axis shows at most, unless the plan says. */
const DECADES = 14;

export class Chart {
  /** @param {{seek: (seq: number) => void, inks: () => Inks}} options */
  constructor({ seek, inks }) {
    this.inks = inks;
    this.seek = seek;
    this.base = el("canvas", { class: "chart-base", role: "img" });
    this.over = el("canvas", { class: "chart-over" });
    this.tip = el("div", { class: "chart-tip", hidden: true });
    this.element = el("div", { class: "chart" }, this.base, this.over, this.tip);
    this.ctx = context(this.base);
    this.overCtx = context(this.over);
    this.pens = new Pens();
    /** @type {Plan} */
    this.plan = { series: [], log: false, x: "step", last: 0, racer: 0 };
    /** @type {Timeline | null} */
    this.timeline = null;
    this.width = 0;
    this.height = 0;
    this.done = -1;
    this.seq = 0;
    this.seen = -1;
    this.least = Infinity;
    this.most = -Infinity;
    this.nearest = Infinity;
    this.furthest = 0;
    /** The greatest value of the first frame. */
    this.first = -Infinity;
    this.x = new Axis(0, 1, false);
    this.y = new Axis(0, 1, false);
    /** Where the picture begins, pixels from the left. */
    this.edge = PAD.left;
    this.#listen();
  }

  /** Draw something else from now on. @param {Plan} plan @param {string} label what a screen reader says */
  show(plan, label) {
    this.plan = plan;
    this.base.setAttribute("aria-label", label);
    this.seen = -1;
    this.done = -1;
    this.least = Infinity;
    this.most = -Infinity;
    this.nearest = Infinity;
    this.furthest = 0;
    this.first = -Infinity;
    for (const series of plan.series) if (series.timeline) this.#scan(series.timeline, 0, series);
  }

  /** Show these steps alone; the values keep the scale of all. @param {number} from @param {number} to */
  window(from, to) {
    const { window } = this.plan;
    if (window?.[0] === from && window[1] === to) return;
    this.plan.window = [from, to];
    this.done = -1;
  }

  /** The element changed its size, or the theme its colours. */
  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.width = this.element.clientWidth;
    this.height = this.element.clientHeight;
    for (const canvas of [this.base, this.over]) {
      canvas.width = Math.round(this.width * ratio);
      canvas.height = Math.round(this.height * ratio);
    }
    this.ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.overCtx.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.done = -1;
  }

  /** Paint the state at `seq`. @param {Timeline} timeline @param {number} seq */
  draw(timeline, seq) {
    if (timeline !== this.timeline) {
      this.timeline = timeline;
      this.seen = -1;
      this.done = -1;
    }
    this.seq = seq;
    if (!this.width) this.resize();
    if (!this.width) return;
    if (this.#extent(timeline) || this.done < 0 || seq < this.done) this.#axes();
    this.#extend(timeline, seq);
    this.#cursor();
  }

  /** Take the timeline's new frames into the ranges. @param {Timeline} timeline @returns {boolean} whether an axis changed */
  #extent(timeline) {
    if (timeline.last > this.seen) {
      const from = this.seen + 1;
      for (const series of this.plan.series) if (!series.timeline) this.#scan(timeline, from, series);
      this.seen = timeline.last;
    }
    const { log, last, x, decades = DECADES, window } = this.plan;
    const [begin, end] = window ?? [0, Math.max(this.furthest, x === "lr" ? 0 : 1, x === "step" ? last : 0)];
    let low = this.least;
    let high = this.most;
    if (!(high >= low)) [low, high] = log ? [0.1, 1] : [0, 1];
    if (log) low = Math.max(low, high * 10 ** -decades);
    const grow = end > this.x.value(1) * (1 + 1e-9);
    if (this.done >= 0 && !grow && this.y.covers(low) && this.y.covers(high) && this.x.covers(x === "lr" ? this.nearest : begin)) return false;
    if (x === "lr") this.x = this.nearest < Infinity ? new Axis(this.nearest, this.furthest, true) : new Axis(0.1, 1, true);
    // Samples are not known ahead: double the range rather than redraw at every step.
    else this.x = new Axis(begin, x === "samples" && grow && this.done >= 0 ? Math.max(end, 1.5 * this.x.high) : end, false, false);
    this.y = new Axis(low, high, log);
    this.edge = Math.max(PAD.left, ...this.y.ticks().map((tick) => Math.ceil(breadth(this.ctx, tick)) + 8));
    this.done = -1;
    return true;
  }

  /** @param {Timeline} timeline @param {number} from @param {Series} series */
  #scan(timeline, from, series) {
    if (from <= timeline.first) {
      // A racer that diverges must not set the scale for all: the first frame's value does.
      const part = timeline.blocks().next().value?.tensor(series.tensor);
      this.first = Math.max(this.first, part ? valueOf(part, 0, series) || 0 : 0);
    }
    const { cap } = this.plan;
    const most = cap && this.first > 0 ? cap * this.first : Infinity;
    for (const block of timeline.blocks(from)) {
      const part = block.tensor(series.tensor);
      if (!part) continue;
      for (let f = 0; f < block.count; f++) {
        const value = valueOf(part, f, series);
        if (value > most) continue;
        if (Number.isFinite(value) && (!this.plan.log || value > 0)) {
          if (value < this.least) this.least = value;
          if (value > this.most) this.most = value;
        }
      }
      const column = sampleColumn(series, this.plan);
      const places = placing(block, this.plan);
      // Steps and samples only grow.
      for (let f = this.plan.x === "lr" ? 0 : block.count - 1; f < block.count; f++) {
        const x = along(block, places, f, column);
        if (x > this.furthest) this.furthest = x;
        if (x > 0 && x < this.nearest) this.nearest = x;
      }
    }
  }

  /** The frame, the grid and the ticks, on a cleared canvas. */
  #axes() {
    const { ctx, width, height } = this;
    const ink = this.inks();
    this.done = -1;
    ctx.clearRect(0, 0, width, height);
    ctx.lineWidth = 1;
    ctx.setLineDash([]);
    ctx.fillStyle = ink.faint;
    ctx.strokeStyle = ink.line;
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    for (const tick of this.y.ticks()) {
      const top = Math.round(this.#top(tick.value)) + 0.5;
      if (top < PAD.top - 2 || top > height - PAD.bottom + 2) continue;
      segment(ctx, this.edge, top, width - PAD.right, top);
      label(ctx, tick, this.edge - 6, top);
    }
    ctx.textAlign = "center";
    ctx.textBaseline = "alphabetic";
    let free = -Infinity; // where the next number may begin
    for (const tick of this.x.ticks()) {
      const left = Math.round(this.#left(tick.value)) + 0.5;
      if (left > width - PAD.right + 1) continue;
      segment(ctx, left, PAD.top, left, height - PAD.bottom);
      const half = breadth(ctx, tick) / 2;
      const middle = Math.min(left, width - half); // the last number stays inside
      if (middle - half < free) continue;
      label(ctx, tick, middle, height - 6);
      free = middle + half + 6;
    }
    for (const seq of this.plan.marks ?? []) if (seq !== null) this.#mark(seq, ink);
  }

  /** @param {number} seq @param {Inks} ink */
  #mark(seq, ink) {
    const left = Math.round(this.#left(this.#xOf(seq))) + 0.5;
    this.ctx.strokeStyle = ink.ink;
    this.ctx.setLineDash([3, 3]);
    segment(this.ctx, left, PAD.top, left, this.height - PAD.bottom);
    this.ctx.setLineDash([]);
  }

  /** @param {Timeline} timeline @param {number} seq */
  #extend(timeline, seq) {
    const { ctx, plan } = this;
    const fresh = this.done < 0;
    ctx.save();
    ctx.beginPath();
    ctx.rect(this.edge, PAD.top - 2, this.width - this.edge - PAD.right + 2, this.height - PAD.top - PAD.bottom + 4);
    ctx.clip();
    if (fresh) {
      this.pens.lift(plan.series.length);
      for (const band of plan.bands ?? []) this.#band(timeline, seq, band);
      plan.series.forEach((series, i) => series.timeline && this.#line(series.timeline, 0, Infinity, series, i));
    }
    const from = fresh ? Math.max(timeline.first, plan.window?.[0] ?? 0) : this.done + 1;
    if (seq >= from) plan.series.forEach((series, i) => !series.timeline && this.#line(timeline, from, seq, series, i));
    ctx.restore();
    // A band is one filled shape: it cannot grow by pieces without seams.
    this.done = plan.bands?.length ? -1 : Math.min(seq, timeline.last);
  }

  /** @param {Timeline} timeline @param {number} from @param {number} to @param {Series} series @param {number} pen */
  #line(timeline, from, to, series, pen) {
    for (const block of timeline.blocks(from, to)) {
      const part = block.tensor(series.tensor);
      if (!part) continue;
      const column = sampleColumn(series, this.plan);
      const places = placing(block, this.plan);
      this.pens.room(block.count);
      for (let f = 0; f < block.count; f++) {
        this.pens.left[f] = this.#left(along(block, places, f, column));
        this.pens.top[f] = this.#top(valueOf(part, f, series), series.floor);
      }
      this.pens.draw(this.ctx, pen, block.count, series);
    }
  }

  /** @param {Timeline} timeline @param {number} seq @param {{lower: number, upper: number, colour: string}} band */
  #band(timeline, seq, band) {
    const { ctx } = this;
    const lower = this.plan.series[band.lower];
    const upper = this.plan.series[band.upper];
    const floor = this.height - PAD.bottom;
    /** @type {number[]} */
    const back = [];
    ctx.beginPath();
    for (const block of timeline.blocks(timeline.first, seq)) {
      const low = block.tensor(lower.tensor);
      const high = block.tensor(upper.tensor);
      if (!low || !high) continue;
      for (let f = 0; f < block.count; f++) {
        const top = this.#top(valueOf(high, f, upper));
        if (Number.isNaN(top)) continue;
        const left = this.#left(block.steps[f]);
        ctx.lineTo(left, Math.max(PAD.top - 4, top));
        const bottom = this.#top(valueOf(low, f, lower));
        back.push(left, Math.min(floor, Number.isNaN(bottom) ? floor : bottom));
      }
    }
    for (let i = back.length - 2; i >= 0; i -= 2) ctx.lineTo(back[i], back[i + 1]);
    ctx.closePath();
    ctx.fillStyle = band.colour;
    ctx.globalAlpha = 0.16;
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  /** The play head: a line, and a dot where it meets each line. */
  #cursor() {
    const ctx = this.overCtx;
    ctx.clearRect(0, 0, this.width, this.height);
    const ink = this.inks();
    const left = Math.round(this.#left(this.#xOf(this.seq))) + 0.5;
    ctx.strokeStyle = ink.faint;
    ctx.lineWidth = 1;
    if (left >= this.edge) segment(ctx, left, PAD.top, left, this.height - PAD.bottom);
    const block = this.#block(this.seq);
    if (!block) return;
    for (const series of this.plan.series) {
      if (series.timeline) continue;
      const part = block.tensor(series.tensor);
      if (!part) continue;
      const x = along(block, placing(block, this.plan), 0, sampleColumn(series, this.plan));
      const top = this.#top(valueOf(part, 0, series), series.floor);
      if (!Number.isFinite(top)) continue;
      ctx.beginPath();
      ctx.arc(this.#left(x), Math.min(top, this.height - PAD.bottom), 2.5, 0, 7);
      ctx.fillStyle = series.colour;
      ctx.fill();
    }
  }

  /** @param {number} seq */
  #block(seq) {
    if (!this.timeline) return undefined;
    return this.timeline.blocks(seq, seq).next().value ?? undefined;
  }

  /** Where frame `seq` stands on the x axis. @param {number} seq */
  #xOf(seq) {
    const block = this.#block(seq);
    return block ? along(block, placing(block, this.plan), 0, this.plan.racer) : seq;
  }

  /** @param {number} value */
  #left(value) {
    return this.edge + this.x.place(value) * (this.width - this.edge - PAD.right);
  }

  /** @param {number} value @param {boolean} [floor] */
  #top(value, floor = false) {
    if (this.y.log && !(value > 0) && !floor) return NaN;
    return this.height - PAD.bottom - this.y.place(value) * (this.height - PAD.top - PAD.bottom);
  }

  /** The frame under a pixel. @param {number} left */
  #seqAt(left) {
    const timeline = this.timeline;
    if (!timeline || timeline.last < 0) return -1;
    let best = timeline.first;
    let gap = Infinity;
    for (const block of timeline.blocks()) {
      const places = placing(block, this.plan);
      for (let f = 0; f < block.count; f++) {
        const off = Math.abs(this.#left(along(block, places, f, this.plan.racer)) - left);
        if (off < gap) {
          gap = off;
          best = block.seq + f;
        }
      }
    }
    return best;
  }

  #listen() {
    const go = (/** @type {PointerEvent} */ event) => {
      const seq = this.#seqAt(event.offsetX);
      if (seq >= 0) this.seek(seq);
    };
    this.over.addEventListener("pointerdown", (event) => {
      this.over.setPointerCapture(event.pointerId);
      go(event);
    });
    this.over.addEventListener("pointermove", (event) => {
      if (this.over.hasPointerCapture(event.pointerId)) go(event);
      this.#hover(event);
    });
    this.over.addEventListener("pointerleave", () => (this.tip.hidden = true));
  }

  /** Every digit of each line at the step under the pointer. @param {PointerEvent} event */
  #hover(event) {
    const seq = this.#seqAt(event.offsetX);
    const block = this.#block(seq);
    if (!block) return;
    const rows = this.plan.series.flatMap((series) => {
      const part = series.timeline ? undefined : block.tensor(series.tensor);
      if (!part) return [];
      const value = Number(part.data[series.column]);
      const swatch = el("i", { class: "swatch", style: `background:${series.colour}` });
      return [el("div", {}, swatch, el("span", {}, series.name), el("b", {}, part.dtype === "f8" ? exact(value) : num(value, 9)))];
    });
    this.tip.replaceChildren(el("div", { class: "chart-tip-step" }, num(block.steps[0])), ...rows);
    this.tip.style.columns = rows.length > 7 ? "2" : "";
    this.tip.hidden = rows.length === 0;
    const right = event.offsetX > this.width / 2;
    this.tip.style.left = right ? "" : `${event.offsetX + 12}px`;
    this.tip.style.right = right ? `${this.width - event.offsetX + 12}px` : "";
  }
}
