/** Units by what they follow: of every feature of the text the units whose h moves most like it; and where else the marked ones are on. */

import { card, el } from "../../../core/dom.js";
import { num } from "../../../core/format.js";
import { racerColor } from "../../../core/plots.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const MOST = 3;

export class Follow {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("recurrent.gates.page.follow"), t("recurrent.gates.page.follow_caption"));
    this.element = this.card.element;
    this.element.classList.add("gates-watch");
    this.rows = el("dl", { class: "gates-follow" });
    this.matches = el("div", { class: "gates-matches" });
    this.card.body.append(this.rows, this.matches);
    this.shown = -2;
  }

  plan() {
    this.shown = -2;
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const last = frame.tensors.follows ? frame : model.stage.timeline.frame(model.tokens.length);
    const key = last?.tensors.follows ? last.seq : -1;
    if (key === this.shown) return;
    this.shown = key;
    const follows = last?.tensors.follows;
    if (!last || !follows) {
      this.rows.replaceChildren(el("p", { class: "muted" }, t("recurrent.gates.page.at_the_end")));
      this.matches.replaceChildren();
      return;
    }
    /** @type {string[]} */
    const features = last.note.features ?? [];
    const [, rows, hidden] = follows.shape;
    const found = features.flatMap((feature, f) => {
      const best = Array.from({ length: rows * hidden }, (_, i) => ({ i, r: Number(follows.data[f * rows * hidden + i]) }))
        .filter(({ r }) => !Number.isNaN(r))
        .sort((a, b) => Math.abs(b.r) - Math.abs(a.r))
        .slice(0, MOST);
      if (!best.length) return [];
      return [el("div", {}, el("dt", {}, t(`recurrent.gates.feature.${feature}`)), el("dd", {}, ...best.map(({ i, r }) => this.#unit(i, hidden, num(r, 2)))))];
    });
    this.rows.replaceChildren(...found);
    this.#matches(last, rows, hidden);
  }

  /** @param {number} i @param {number} hidden @param {string} told */
  #unit(i, hidden, told) {
    const { model } = this;
    const [row, unit] = [Math.floor(i / hidden), i % hidden];
    const layer = Math.floor(row / model.directions) + 1;
    const direction = row % model.directions ? "reverse" : "forward";
    const name = model.layers > 1 ? `${layer}·${unit + 1}` : String(unit + 1);
    const label = model.stage.t("recurrent.gates.page.go_unit", { unit: unit + 1, layer, r: told });
    return el("button", { type: "button", class: "button small", "aria-label": label, title: label, onclick: () => model.select({ name: "h", layer, direction, unit }) }, name, " ", el("span", { class: "value" }, told));
  }

  /** @param {FrameView} last @param {number} rows @param {number} hidden */
  #matches(last, rows, hidden) {
    const { t } = this.model.stage;
    const { units, matches = [] } = last.note;
    if (!units) {
      this.matches.replaceChildren();
      return;
    }
    const first = (rows - this.model.directions) * hidden;
    const passages = matches.map((/** @type {{before: string, text: string, after: string, share: number}} */ one) =>
      el("li", { translate: "no" }, flat(one.before), el("mark", {}, flat(one.text)), flat(one.after)),
    );
    this.matches.replaceChildren(
      el("p", { class: "caption" }, units.length ? t("recurrent.gates.page.marked_units", { count: units.length }) : t("recurrent.gates.page.no_units")),
      el("div", { class: "gates-units" }, ...units.slice(0, 12).map((/** @type {number} */ u) => this.#unit(first + u, hidden, ""))),
      ...(passages.length ? [el("p", { class: "caption" }, t("recurrent.gates.page.matches")), el("ol", {}, ...passages)] : []),
    );
  }
}

/** @param {string} text */
function flat(text) {
  return text.replaceAll("\n", "⏎");
}

/** The path of h: its first two principal components, a point a character. */
export class Path {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("recurrent.gates.page.path"));
    this.element = this.card.element;
    this.canvas = el("canvas", { class: "gates-path", role: "img" });
    this.card.body.append(this.canvas);
    this.canvas.addEventListener("pointerdown", (event) => this.#pick(event.offsetX, event.offsetY));
    /** @type {[number, number][]} */
    this.points = [];
  }

  plan() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.width = width || 240;
    this.height = height || 180;
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.canvas.getContext("2d")?.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** @param {number} seq */
  draw(seq) {
    const { model, width = 240, height = 180 } = this;
    const { t } = model.stage;
    const ctx = this.canvas.getContext("2d");
    const last = model.stage.timeline.frame(model.tokens.length);
    const path = last?.tensors.path;
    if (!ctx) return;
    ctx.clearRect(0, 0, width, height);
    const explained = last?.tensors.explained;
    this.card.caption.textContent = path && explained ? t("recurrent.gates.page.explained", { first: num(100 * Number(explained.data[0]), 2), second: num(100 * Number(explained.data[1]), 2) }) : t("recurrent.gates.page.at_the_end");
    this.points = [];
    if (!path) return;
    const [xs, ys] = [0, 1].map((k) => Array.from({ length: path.shape[0] }, (_, i) => Number(path.data[2 * i + k])));
    const place = (/** @type {number[]} */ all, /** @type {number} */ size) => {
      const [low, high] = [Math.min(...all), Math.max(...all)];
      return (/** @type {number} */ value) => 14 + ((value - low) / (high - low || 1)) * (size - 28);
    };
    const [px, py] = [place(xs, width), place(ys, height)];
    this.points = xs.map((x, i) => [px(x), height - py(ys[i])]);
    const { ink, faint, line } = model.inks;
    ctx.strokeStyle = line;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (const [x, y] of this.points.slice(0, seq)) ctx.lineTo(x, y);
    ctx.stroke();
    ctx.font = `11px ${model.mono}`;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    for (const [i, [x, y]] of this.points.slice(0, seq).entries()) {
      const token = model.tokens[i];
      ctx.fillStyle = token === " " || token === "\n" ? racerColor(1) : /\p{Lu}/u.test(token) ? racerColor(2) : /[\p{P}]/u.test(token) ? racerColor(3) : faint;
      ctx.fillText(model.shown(token), x, y);
    }
    const here = this.points[seq - 1];
    if (!here) return;
    ctx.strokeStyle = ink;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.arc(here[0], here[1], 8, 0, 7);
    ctx.stroke();
  }

  /** @param {number} x @param {number} y */
  #pick(x, y) {
    let best = -1;
    let gap = 200;
    for (const [i, [px, py]] of this.points.entries()) {
      const away = (px - x) ** 2 + (py - y) ** 2;
      if (away < gap) [best, gap] = [i, away];
    }
    if (best >= 0) this.model.stage.player.seek(best + 1);
  }
}
