/**
 * A picture drawn by hand: with the pointer, or with arrow keys and Space.
 */

import { el } from "../../dom.js";
import { t } from "../../i18n.js";
import { dialog } from "../../keys.js";
import { encoded } from "./shrink.js";

const SIDE = 320;
const COLOURS = { black: "#000000", red: "#d02020", blue: "#1f4fd0", green: "#118040", white: "#ffffff" };
const MOVES = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });

/** The sheet stays for the next time. @type {HTMLCanvasElement | null} */
let sheet = null;

function blank() {
  const canvas = el("canvas", { class: "image-sheet", width: SIDE, height: SIDE, tabindex: 0, role: "img" });
  clear(canvas);
  return canvas;
}

/** @param {HTMLCanvasElement} canvas */
function clear(canvas) {
  const pen = context(canvas);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, SIDE, SIDE);
}

/** @param {HTMLCanvasElement} canvas */
function context(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  return pen;
}

/** @param {(blob: Blob) => void} choose */
export function drawDialog(choose) {
  const canvas = (sheet ??= blank());
  canvas.setAttribute("aria-label", t("image.draw.canvas"));
  const pen = context(canvas);
  const colour = el("select", { "aria-label": t("image.draw.colour") });
  for (const [name, code] of Object.entries(COLOURS)) colour.append(el("option", { value: code }, t(`image.draw.${name}`)));
  const width = el("input", { type: "range", min: 2, max: 40, value: 14, "aria-label": t("image.draw.width") });
  const mark = el("span", { class: "image-pen", hidden: true, "aria-hidden": "true" });
  let [x, y] = [SIDE / 2, SIDE / 2];
  let down = false;

  const line = (/** @type {number} */ toX, /** @type {number} */ toY) => {
    pen.strokeStyle = colour.value;
    pen.lineWidth = Number(width.value);
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(toX, toY);
    pen.stroke();
  };
  const place = (/** @type {PointerEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return /** @type {const} */ ([((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE]);
  };
  const show = () => {
    mark.style.left = `${(100 * x) / SIDE}%`;
    mark.style.top = `${(100 * y) / SIDE}%`;
    mark.classList.toggle("down", down);
  };
  const until = new AbortController();
  const { signal } = until;
  canvas.addEventListener(
    "pointerdown",
    (event) => {
      canvas.setPointerCapture(event.pointerId);
      mark.hidden = true;
      down = false;
      [x, y] = place(event);
      line(x, y);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointermove",
    (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
        const to = place(one);
        line(...to);
        [x, y] = to;
      }
    },
    { signal },
  );
  canvas.addEventListener(
    "keydown",
    (event) => {
      const move = MOVES[event.key];
      if (!move && event.key !== " ") return;
      event.preventDefault();
      mark.hidden = false;
      if (move) {
        const far = event.shiftKey ? 24 : 6;
        const to = /** @type {const} */ ([Math.min(SIDE, Math.max(0, x + far * move[0])), Math.min(SIDE, Math.max(0, y + far * move[1]))]);
        if (down) line(...to);
        [x, y] = to;
      } else {
        down = !down;
        if (down) line(x, y);
      }
      show();
    },
    { signal },
  );
  const use = async () => {
    box.close();
    const blob = await encoded(canvas, "image/png");
    if (blob) choose(blob);
  };
  const tools = el(
    "div",
    { class: "image-tools" },
    el("label", {}, el("span", {}, t("image.draw.colour")), colour),
    el("label", {}, el("span", {}, t("image.draw.width")), width),
    el("button", { type: "button", class: "button", onclick: () => clear(canvas) }, t("image.draw.clear")),
    el("button", { type: "button", class: "button primary", onclick: use }, t("image.draw.use")),
  );
  const box = dialog(t("image.draw.title"), el("p", { class: "caption" }, t("image.draw.help")), el("div", { class: "image-easel" }, canvas, mark), tools);
  box.addEventListener("close", () => until.abort());
}
