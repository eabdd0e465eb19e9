/**
 * The same as lines between two copies of the sentence, who asks at left: as thick and dark as the weight. Several heads of the layer
 * can be drawn at once, each in its colour. A long sentence is scrolled; the canvas shows what is in view.
 */

import { el } from "../../../core/dom.js";
import { sized } from "../../../core/tiles.js";
import { short } from "./matrix.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

const ROW = 20;
/** Weights below are not drawn, where nobody asks. */
const FAINT = 0.02;
const LABEL = 96;

export class Lines {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.canvas = el("canvas", { class: "enc-lines", "aria-hidden": "true" });
    this.tall = el("div", { class: "enc-tall" }, this.canvas);
    this.scroller = el("div", { class: "enc-scroll", tabindex: 0, role: "application", "data-arrows": true, "aria-label": t("attention.encoder.page.lines_keys") }, this.tall);
    this.heads = el("div", { class: "enc-colours", role: "group", "aria-label": t("attention.encoder.page.colours") });
    this.element = el("div", { hidden: true }, this.heads, this.scroller);
    /** @type {FrameView | null} */
    this.frame = null;
    /** The row that was scrolled to. */
    this.shown = -1;
    this.width = 0;
    this.height = 0;
    this.scroller.addEventListener("scroll", () => this.#paint());
    this.scroller.addEventListener("pointermove", (event) => {
      const { at, right } = this.#under(event);
      model.point(right ? -1 : at, right ? at : -1);
    });
    this.scroller.addEventListener("pointerleave", () => model.point(-1));
    this.scroller.addEventListener("click", (event) => {
      const { at, right } = this.#under(event);
      if (at >= 0) model.open(right ? model.row : at, right ? at : this.#most(at));
    });
    this.scroller.addEventListener("keydown", (event) => {
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!move) return;
      event.preventDefault();
      const row = Math.max(0, Math.min(model.units.length - 1, model.row + move));
      model.open(row, this.#most(row));
    });
  }

  /** @param {FrameView} frame @param {number} width @param {number} height */
  draw(frame, width, height) {
    const { model } = this;
    this.frame = frame;
    this.width = width;
    this.height = Math.min(height, model.units.length * ROW + 8);
    this.tall.style.height = `${model.units.length * ROW + 8}px`;
    this.scroller.style.height = `${this.height}px`;
    this.#choices();
    const focus = model.row * ROW;
    const top = this.scroller.scrollTop;
    if (this.shown !== model.row && (focus < top || focus > top + this.height - ROW)) this.scroller.scrollTop = focus - this.height / 2;
    this.shown = model.row;
    this.#paint();
  }

  #choices() {
    const { model, frame } = this;
    const { plots } = model.stage;
    const told = [...Array(model.heads).keys()];
    if (this.heads.children.length !== model.heads)
      this.heads.replaceChildren(
        ...told.map((head) => el("button", { type: "button", class: "enc-colour", onclick: () => this.#toggle(head) }, el("i", {}), String(head + 1))),
      );
    told.forEach((head) => {
      const button = /** @type {HTMLElement} */ (this.heads.children[head]);
      const on = head === model.head || model.also.has(head);
      button.setAttribute("aria-pressed", String(on));
      button.style.setProperty("--colour", plots.racerColor(head));
      button.classList.toggle("dashed", plots.racerDash(head) !== "solid");
      const label = frame ? `${model.named(frame.seq - 1, head)}: ${model.labelled(frame, head)}` : "";
      button.title = label;
      button.setAttribute("aria-label", label);
    });
  }

  /** @param {number} head */
  #toggle(head) {
    const { model } = this;
    if (head === model.head) return;
    if (!model.also.delete(head)) model.also.add(head);
    model.changed();
  }

  /** The column that a row looks at most. @param {number} row */
  #most(row) {
    const { model, frame } = this;
    if (!frame) return 0;
    const shares = model.shares(frame, model.head);
    let column = 0;
    for (let at = 1; at < shares.n; at += 1) if (shares.at(row, at) > shares.at(row, column)) column = at;
    return column;
  }

  #paint() {
    const { model, frame, width, height } = this;
    if (!frame || !width) return;
    const { plots } = model.stage;
    const context = sized(this.canvas, width - 12, height);
    const style = getComputedStyle(this.scroller);
    const ink = (/** @type {string} */ name) => style.getPropertyValue(name);
    const top = this.scroller.scrollTop;
    const n = model.units.length;
    const label = Math.min(LABEL, width / 4);
    const [left, right] = [label, width - 12 - label];
    const y = (/** @type {number} */ at) => 4 + (at + 0.5) * ROW - top;
    const seen = (/** @type {number} */ at) => y(at) > -ROW && y(at) < height + ROW;
    const { link } = model;
    const heads = [model.head, ...model.also];
    context.lineCap = "round";
    for (const head of heads) {
      const shares = model.shares(frame, head);
      context.strokeStyle = heads.length > 1 ? plots.racerColor(head) : ink("--accent");
      context.setLineDash(heads.length > 1 && plots.racerDash(head) !== "solid" ? [6, 4] : []);
      for (let row = 0; row < n; row += 1) {
        if (link.row >= 0 && link.row !== row) continue;
        for (let column = 0; column < n; column += 1) {
          if ((link.column >= 0 && link.column !== column) || (!seen(row) && !seen(column))) continue;
          const weight = shares.at(row, column);
          if (!(weight > (link.row >= 0 || link.column >= 0 ? FAINT / 10 : FAINT))) continue;
          const chosen = link.row < 0 && link.column < 0 && row === model.row;
          context.globalAlpha = Math.min(1, (chosen ? 0.25 : 0.08) + 0.8 * weight);
          context.lineWidth = 0.75 + 3 * weight;
          context.beginPath();
          context.moveTo(left + 4, y(row));
          context.lineTo(right - 4, y(column));
          context.stroke();
        }
      }
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
    context.textBaseline = "middle";
    const most = (/** @type {number} */ at, /** @type {boolean} */ asks) => (asks ? at === model.asking : at === (link.column >= 0 ? link.column : model.column));
    for (let at = 0; at < n; at += 1) {
      if (!seen(at)) continue;
      for (const asks of [true, false]) {
        const on = most(at, asks);
        context.font = `${on ? "600 " : ""}12px ${ink("--sans")}`;
        context.fillStyle = ink(on ? "--accent" : "--text");
        context.textAlign = asks ? "right" : "left";
        context.fillText(short(model.units[at].label), asks ? left - 2 : right + 2, y(at), label);
      }
    }
  }

  /** @param {PointerEvent | MouseEvent} event */
  #under(event) {
    const bounds = this.scroller.getBoundingClientRect();
    const at = Math.floor((event.clientY - bounds.top + this.scroller.scrollTop - 4) / ROW);
    const across = (event.clientX - bounds.left) / bounds.width;
    return { at: at >= 0 && at < this.model.units.length && (across < 0.4 || across > 0.6) ? at : -1, right: across > 0.5 };
  }
}
