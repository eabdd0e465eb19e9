/**
 * The unrolled graph: a column a time step, every number a cell that opens. The arrow keys move a cursor from cell to cell, Enter
 * opens the one it is on.
 */

import { el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { colours } from "../../../core/cells.js";
import { edges } from "./edges.js";
import { Layout, WIDTH } from "./layout.js";
import { svg } from "../../../core/svg.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Place} Place */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {{place: Place, row: number, x: number, y: number, box: SVGElement, rect: SVGElement, text: SVGElement, title: SVGElement}} Cell */

/** Room for the rows' names, and a cell's type, CSS pixels; a cell has room for so many characters of it. */
const NAMES = 58;
const FONT = 12.5;
const ROOM = 5.3;

export class Graph {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.picture = svg("svg", { class: "byhand-graph", "aria-hidden": "true" });
    /** They stay in sight where the graph is scrolled. */
    this.names = svg("svg", { class: "byhand-graph byhand-names", "aria-hidden": "true", width: NAMES });
    this.element = el("div", { class: "byhand-scroll", role: "group", tabindex: 0, "data-arrows": "" }, this.names, this.picture);
    /** @type {Cell[]} */
    this.cells = [];
    /** @type {SVGElement[]} the boxes of every column, [t][d] in a row */
    this.boxes = [];
    this.cursor = -1;
    this.focused = false;
    this.#listen();
  }

  /** The run, the theme, the language or the room changed. @param {number} width @param {number} height */
  plan(width, height) {
    const { model } = this;
    const { t } = model.stage;
    this.element.setAttribute("aria-label", t("recurrent.by-hand.page.graph"));
    const layout = new Layout(model, width - NAMES, height);
    this.layout = layout;
    this.picture.setAttribute("width", String(layout.width));
    this.picture.setAttribute("height", String(layout.height));
    this.names.setAttribute("height", String(layout.height));
    this.names.replaceChildren(...this.#names(layout));
    this.boxes = [];
    this.cells = [];
    const back = svg("g", {});
    for (let time = 0; time < model.steps; time += 1)
      for (const { d, top, bottom } of layout.boxes) {
        const box = svg("rect", { class: "byhand-box", x: layout.x(time), y: top, width: layout.column, height: bottom - top, rx: 8 });
        this.boxes[time * model.directions + d] = box;
        back.append(box);
      }
    this.picture.replaceChildren(...edges(model, layout), back, ...this.#times(layout), ...this.#starts(layout));
    layout.rows.forEach((row, index) => {
      for (let time = 0; time < model.steps; time += 1)
        for (let k = 0; k < row.width; k += 1)
          this.#cell(index, { name: row.name, t: time, d: row.d, k, alone: row.alone }, ...layout.cell(row, time, k), layout.high);
    });
    this.picture.append(...this.cells.map(({ box }) => box));
    this.cursor = Math.min(this.cursor, this.cells.length - 1);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    for (const cell of this.cells) {
      const { place } = cell;
      const value = model.value(frame, place);
      const known = !Number.isNaN(value);
      const [fill, ink] = known ? colours(model.range(place.name))(value) : ["var(--inset)", "var(--muted)"];
      cell.rect.style.fill = fill;
      cell.text.style.fill = ink;
      cell.text.textContent = known ? short(value) : "·";
      cell.text.style.fontSize = `${FONT * Math.min(1, ROOM / cell.text.textContent.length)}px`;
      cell.box.classList.toggle("selected", model.selected(place, frame.seq));
      cell.box.classList.toggle("clamped", this.#clamped(place));
      cell.title.textContent = this.told(place, value);
    }
    this.boxes.forEach((box, index) => {
      const d = index % model.directions;
      box.classList.toggle("now", model.at(frame.seq, d) === Math.floor(index / model.directions));
    });
    this.frame = frame;
    this.#mark();
    this.#follow(frame.seq);
    this.element.setAttribute("aria-description", t("recurrent.by-hand.page.graph_keys"));
  }

  /** A cell in words. @param {Place} place @param {number} value */
  told(place, value) {
    const { model } = this;
    const { t } = model.stage;
    const named = { name: model.called(place.name, place.d), step: place.t + 1, unit: place.k + 1, value: exact(value) };
    if (Number.isNaN(value)) return t("recurrent.by-hand.page.to_come", { ...named, frame: model.known(place.name, place.t, place.d) });
    return t(place.alone ? "recurrent.by-hand.page.value_alone" : "recurrent.by-hand.page.value", named);
  }

  /** @param {number} row @param {Place} place @param {number} x @param {number} y @param {number} high */
  #cell(row, place, x, y, high) {
    const box = svg("g", { class: `byhand-cell${place.alone ? " alone" : ""}`, "data-cell": `${place.alone ? "alone-" : ""}${this.model.called(place.name, place.d)}-${place.t + 1}-${place.k + 1}` });
    const rect = svg("rect", { x: x + 1, y, width: WIDTH - 2, height: high, rx: 4 });
    const text = svg("text", { x: x + WIDTH / 2, y: y + high / 2 + 4.5, "text-anchor": "middle" });
    const title = svg("title", {});
    box.append(title, rect, text);
    const index = this.cells.length;
    box.addEventListener("click", () => {
      this.cursor = index;
      this.model.open(place);
    });
    this.cells.push({ place, row, x: x + WIDTH / 2, y, box, rect, text, title });
  }

  /** @param {Layout} layout */
  #names(layout) {
    const { model } = this;
    const { t } = model.stage;
    return layout.rows.map((row) => {
      const text = svg("text", { class: "byhand-name", x: 0, y: row.y + layout.high / 2 + 4.5 }, model.called(row.name, row.d));
      if (row.alone) text.append(svg("tspan", { class: "byhand-small", dx: 5 }, t("recurrent.by-hand.page.alone")));
      text.prepend(svg("title", {}, row.alone ? t("recurrent.by-hand.page.alone_help") : t(`recurrent.by-hand.term.${row.name}`)));
      return text;
    });
  }

  /** @param {Layout} layout */
  #times(layout) {
    return Array.from({ length: this.model.steps }, (_, time) => svg("text", { class: "byhand-time", x: layout.middle(time), y: layout.times, "text-anchor": "middle" }, `t = ${time + 1}`));
  }

  /** The initial states: zeros. @param {Layout} layout */
  #starts(layout) {
    const { model } = this;
    if (!layout.start) return [];
    const found = [];
    for (const name of ["h", "c"])
      for (let d = 0; d < model.directions; d += 1) {
        const start = model.scene?.tensors[`start/${name}`];
        if (!start) continue;
        const { y } = layout.row(name, d);
        for (let k = 0; k < model.sizes.hidden; k += 1) {
          const x = layout.initial(d) + k * WIDTH;
          const value = num(Number(start.data[d * model.sizes.hidden + k]));
          const cell = svg("g", { class: "byhand-start" });
          cell.append(
            svg("title", {}, model.stage.t("recurrent.by-hand.page.start", { name: model.called(name, d), value })),
            svg("rect", { x: x + 1, y, width: WIDTH - 2, height: layout.high, rx: 4 }),
            svg("text", { x: x + WIDTH / 2, y: y + layout.high / 2 + 4.5, "text-anchor": "middle" }, value),
          );
          found.push(cell);
        }
      }
    return found;
  }

  /** @param {Place} place */
  #clamped({ name, t, k, alone }) {
    const clamp = this.model.note.clamp;
    return !alone && clamp.name === name && clamp.first <= t + 1 && t + 1 <= clamp.last && (clamp.unit === null || clamp.unit === k + 1);
  }

  /** Keep the step in sight where the graph is wider than its room. @param {number} seq */
  #follow(seq) {
    const { layout, element, model } = this;
    const time = model.at(seq, 0);
    if (!layout || time < 0 || element.scrollWidth <= element.clientWidth) return;
    const [left, right] = [layout.x(time) - layout.between, layout.x(time) + layout.column + layout.between + NAMES];
    if (left < element.scrollLeft) element.scrollLeft = left;
    else if (right > element.scrollLeft + element.clientWidth) element.scrollLeft = right - element.clientWidth;
  }

  #listen() {
    const { element } = this;
    element.addEventListener("focus", () => this.#focus(element.matches(":focus-visible")));
    element.addEventListener("blur", () => this.#focus(false));
    element.addEventListener("keydown", (event) => {
      const move = /** @type {Record<string, [number, number]>} */ ({ ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] })[event.key];
      if (move) this.#move(...move);
      else if ((event.key === "Enter" || event.key === " ") && this.cells[this.cursor]) this.model.open(this.cells[this.cursor].place);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  /** @param {boolean} on */
  #focus(on) {
    this.focused = on;
    if (on && this.cursor < 0) this.cursor = Math.max(0, this.cells.findIndex(({ place }) => this.model.selected(place, this.frame?.seq ?? 0)));
    this.#mark();
    if (on) this.#tell();
  }

  /** To the next cell of the row, or the nearest of the next row. @param {number} across @param {number} down */
  #move(across, down) {
    const { cells } = this;
    const here = cells[this.cursor] ?? cells[0];
    const row = here.row + down;
    const rest = cells.filter((cell) => cell.row === row && (down || (cell.x - here.x) * across > 0));
    const next = rest.sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0];
    if (next) this.cursor = cells.indexOf(next);
    this.focused = true;
    this.#mark();
    this.#tell();
  }

  #mark() {
    this.cells.forEach(({ box }, index) => box.classList.toggle("cursor", this.focused && index === this.cursor));
  }

  #tell() {
    const { place } = this.cells[this.cursor] ?? {};
    if (place && this.frame) this.model.stage.announce(this.told(place, this.model.value(this.frame, place)));
  }
}

/** A number that has room in a cell. @param {number} value */
function short(value) {
  const texts = [4, 3, 1].map((digits) => num(value, digits).replace(/^(−?)0\./, "$1."));
  return texts.find((text) => text.length <= 5) ?? texts[2];
}
