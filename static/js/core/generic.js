/**
 * The drawing of an experiment that has none of its own: every tensor of its frames, small ones as
 * curves over the steps, larger ones as heat maps of the step shown.
 */

import { card, el, fill } from "./dom.js";
import { pretty } from "./field.js";

/** @typedef {import("./types.js").Stage} Stage */
/** @typedef {import("./types.js").View} View */
/** @typedef {import("./types.js").FrameView} FrameView */

/** Tensors of at most this many numbers are curves. */
const CURVES = 16;
/** A heat map has at most this many rows and columns; larger ones are thinned. */
const MOST = 128;
/** More points than this in a curve cannot be told apart. */
const POINTS = 2000;

/**
 * @param {Stage} stage
 * @returns {View}
 */
export default function mount(stage) {
  /** @type {Map<string, {element: HTMLElement, plot: HTMLElement, caption: HTMLElement, kind: "curve" | "map"}>} */
  const figures = new Map();
  const picker = el("select", { "aria-label": stage.t("shell.generic.tensor") });
  const main = card("", "");
  main.element.classList.add("plain");
  main.actions.append(picker);
  main.body.classList.add("plot");
  stage.main.append(main.element);
  const table = el("table", { class: "step-table" });
  const title = el("h2", {}, "");
  fill(stage.numbers, title, table);
  let shown = -1;
  let revision = -1;
  let working = false;
  picker.addEventListener("change", () => {
    void stage.plots.purge(main.body);
    show();
  });

  /** The frame to draw. @returns {FrameView | null} */
  const frame = () => stage.timeline.frame(stage.timeline.nearest(shown));

  /** A card for each tensor that is new. @param {FrameView} current */
  function adopt(current) {
    for (const [name, { data }] of Object.entries(current.tensors)) {
      if (figures.has(name)) continue;
      const kind = data.length <= CURVES ? "curve" : "map";
      const small = card(pretty(name), stage.t(`shell.generic.${kind}`));
      small.body.classList.add("plot");
      stage.small.append(small.element);
      figures.set(name, { element: small.element, plot: small.body, caption: small.caption, kind });
      picker.append(el("option", { value: name }, pretty(name)));
    }
  }

  function show() {
    const current = frame();
    if (!current || working) return;
    adopt(current);
    working = true;
    void paint(current).finally(() => {
      working = false;
      if (frame()?.seq !== current.seq) show();
    });
  }

  /** @param {FrameView} current */
  async function paint(current) {
    const chosen = picker.value;
    main.heading.textContent = pretty(chosen);
    for (const [name, figure] of figures) {
      if (!current.tensors[name]) continue;
      figure.element.hidden = name === chosen;
      const target = name === chosen ? main.body : figure.plot;
      if (figure.kind === "curve") await curve(target, name, current);
      else await map(target, current.tensors[name]);
    }
    numbers(current);
  }

  /** Each number of a small tensor over the steps, and a line at the step shown. @param {HTMLElement} element @param {string} name @param {FrameView} current */
  async function curve(element, name, current) {
    const size = current.tensors[name].data.length;
    /** @type {number[]} */
    const steps = [];
    /** @type {number[][]} */
    const lines = Array.from({ length: size }, () => []);
    const stride = Math.max(1, Math.ceil(stage.timeline.length / POINTS));
    for (const block of stage.timeline.blocks()) {
      const part = block.tensor(name);
      for (let index = 0; index < block.count; index += 1) {
        if (!part || part.size !== size || (block.seq + index) % stride) continue;
        steps.push(block.steps[index]);
        for (let line = 0; line < size; line += 1) lines[line].push(Number(part.data[index * size + line]));
      }
    }
    const data = lines.map((y, line) => ({
      type: "scatter",
      mode: "lines",
      name: `${name}[${line}]`,
      x: steps,
      y,
      line: { color: stage.plots.racerColor(line), dash: stage.plots.racerDash(line), width: 1.6 },
    }));
    const now = { type: "line", x0: current.step, x1: current.step, yref: "paper", y0: 0, y1: 1, line: { color: stage.plots.colors().muted, width: 1 } };
    await stage.plots.react(element, data, { shapes: [now], xaxis: { title: stage.t("shell.step") }, yaxis: {} });
  }

  /** A larger tensor as rows and columns: its last axis, and all others together. @param {HTMLElement} element @param {import("./types.js").Tensor} tensor */
  async function map(element, tensor) {
    const { data, shape } = tensor;
    const width = shape.length > 1 ? (shape.at(-1) ?? 1) : data.length;
    const height = data.length / width;
    const across = Math.ceil(width / MOST);
    const down = Math.ceil(height / MOST);
    const z = [];
    for (let row = 0; row < height; row += down) {
      const line = [];
      for (let column = 0; column < width; column += across) line.push(Number(data[row * width + column]));
      z.push(line);
    }
    const values = z.flat();
    const largest = values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
    const signed = values.some((value) => value < 0);
    const scale = signed ? { colorscale: stage.plots.colors().signed, zmin: -largest, zmax: largest } : { colorscale: stage.plots.colors().magnitude };
    const bar = { thickness: 8, outlinewidth: 0, tickfont: { color: stage.plots.colors().muted, size: 11 } };
    await stage.plots.react(element, [{ type: "heatmap", z, colorbar: bar, ...scale }], { yaxis: { autorange: "reversed" }, xaxis: {} });
  }

  /** @param {FrameView} current */
  function numbers(current) {
    title.textContent = stage.t("shell.step.n", { step: current.step });
    const rows = Object.entries(current.tensors).map(([name, { data, shape }]) => {
      const few = Array.from(/** @type {Iterable<number | bigint>} */ (data.subarray(0, 4)), (value) => stage.format.num(value, 3));
      const text = few.join(", ") + (data.length > 4 ? ", …" : "");
      return el("tr", {}, el("th", { scope: "row" }, pretty(name)), el("td", { title: `(${shape.join(", ")})` }, text));
    });
    fill(table, el("tbody", {}, ...rows));
  }

  const all = () => [main.body, ...[...figures.values()].map((figure) => figure.plot)];
  return {
    scene: () => {
      revision = -1;
    },
    frames: () => {
      if (stage.timeline.revision === revision) return;
      revision = stage.timeline.revision;
      show();
    },
    draw: (seq) => {
      shown = seq;
      show();
    },
    resize: () => all().forEach(stage.plots.resize),
    retheme: show,
    relanguage: () => {
      for (const { caption, kind } of figures.values()) caption.textContent = stage.t(`shell.generic.${kind}`);
      picker.setAttribute("aria-label", stage.t("shell.generic.tensor"));
      show();
    },
    summary: (seq) => stage.t("shell.step.n", { step: stage.timeline.frame(seq)?.step ?? seq }),
    destroy: () => all().forEach(stage.plots.purge),
  };
}
