/**
 * The start marker: a button on the surface that is dragged, or moved with the arrow keys.
 * It is an element, not a picture, so that the keyboard and a screen reader reach it.
 */

import { el } from "../../core/dom.js";

/** @typedef {import("../../core/layer.js").Layer} Layer */

/** Pixels that an arrow key moves it, and with Shift. */
const NUDGE = 4;
const STRIDE = 40;

export class StartMarker {
  /** @param {(point: [number, number], done: boolean) => void} move `done`: the drag is over, the point is meant */
  constructor(move) {
    this.move = move;
    /** @type {Layer | null} */
    this.layer = null;
    /** @type {[number, number]} */
    this.point = [0, 0];
    this.dragging = false;
    this.element = el("button", { type: "button", class: "start-marker", hidden: true });
    this.#listen();
  }

  /** @param {Layer} layer */
  attach(layer) {
    this.layer = layer;
    layer.figure.append(this.element);
  }

  /** What the run says; a drag in progress knows better. @param {[number, number] | null} point @param {string} label */
  set(point, label) {
    this.element.setAttribute("aria-label", label);
    this.element.title = label;
    this.element.hidden = !point;
    if (point && !this.dragging) this.point = point;
    this.place();
  }

  /** The axes or the size changed. */
  place() {
    const layer = this.layer;
    if (!layer) return;
    const left = layer.px(this.point[0]);
    const top = layer.py(this.point[1]);
    const inside = left >= 0 && top >= 0 && left <= layer.box.width && top <= layer.box.height;
    this.element.classList.toggle("outside", !inside);
    this.element.style.transform = `translate(${layer.box.left + left}px, ${layer.box.top + top}px)`;
  }

  #listen() {
    const { element } = this;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.dragging = true;
      element.classList.add("dragging");
      event.stopPropagation();
    });
    // Plotly would take the same press for a pan.
    element.addEventListener("mousedown", (event) => event.stopPropagation());
    element.addEventListener("pointermove", (event) => this.dragging && this.#to(event));
    const drop = () => {
      if (!this.dragging) return;
      this.dragging = false;
      element.classList.remove("dragging");
      this.move(this.point, true);
    };
    element.addEventListener("pointerup", drop);
    element.addEventListener("pointercancel", drop);
    element.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {PointerEvent} event */
  #to(event) {
    if (!this.layer) return;
    const at = this.layer.at(event);
    this.#go(this.layer, at.left, at.top);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const direction = directions[/** @type {keyof typeof directions} */ (event.key)];
    if (!direction || !this.layer || event.ctrlKey || event.metaKey || event.altKey) return;
    // The arrows step the run elsewhere on the page; here they move the start.
    event.preventDefault();
    event.stopPropagation();
    const far = event.shiftKey ? STRIDE : NUDGE;
    const { layer, point } = this;
    this.#go(layer, layer.px(point[0]) + far * direction[0], layer.py(point[1]) + far * direction[1]);
    this.move(this.point, true);
  }

  /** @param {Layer} layer @param {number} left @param {number} top */
  #go(layer, left, top) {
    const point = pointAt(layer, left, top);
    if (point[0] === this.point[0] && point[1] === this.point[1]) return;
    this.point = point;
    this.place();
    this.move(point, false);
  }
}

/**
 * The data under a pixel of the axes, kept inside them, with no more digits than a pixel tells apart.
 * @param {Layer} layer
 * @param {number} left
 * @param {number} top
 * @returns {[number, number]}
 */
export function pointAt(layer, left, top) {
  const { map, box } = layer;
  const x = (Math.min(box.width, Math.max(0, left)) - map.x0) / map.kx;
  const y = (Math.min(box.height, Math.max(0, top)) - map.y0) / map.ky;
  return [rounded(x, 1 / map.kx), rounded(y, 1 / map.ky)];
}

/** @param {number} value @param {number} pixel how much one pixel is */
function rounded(value, pixel) {
  const digits = Math.min(12, Math.max(0, Math.ceil(-Math.log10(Math.abs(pixel)))));
  return Number(value.toFixed(digits));
}
