/** The main picture: every stage as a matrix, from what goes in to what comes out, left to right and line by line. */

import { el } from "../../../core/dom.js";
import { Block } from "./block.js";
import { PAIRS } from "./model.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Of a cell, CSS pixels: never larger, on a phone neither; where the picture would have to be smaller than the last it is scrolled. */
const LARGEST = 42;
const PHONE = 36;
const SMALLEST = 26;
/** Between blocks; above a grid its name and formula, and the words of its columns; a block's least width, for its formula. */
const GAP = { x: 14, y: 12 };
const HEAD = 38;
const COLUMNS = 18;
const LEAST = 88;
/** A letter of a word at a row, and the room left and right of it. */
const LETTER = { latin: 6.6, wide: 12 };
const LABEL = { pad: 10, most: 72 };

export class Flow {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.element = el("div", { class: "hand-flow" });
    /** @type {Block[]} */
    this.blocks = [];
    this.size = 30;
    this.shape = "";
    /** CSS pixels of the longest word, and of all cells beside the words. */
    this.longest = 0;
    this.across = 0;
  }

  /**
   * The run's shape, the theme, the language or the room changed: the largest cells for which all lines are seen. Only the first
   * block of a line has the words at its rows: they go through the line.
   * @param {FrameView} frame @param {number} width @param {number} height Infinity: a phone's, where the page is scrolled
   */
  plan(frame, width, height) {
    const { model, element } = this;
    if (this.shape !== model.shape) {
      this.shape = model.shape;
      this.blocks = this.#made();
    }
    this.longest = Math.max(...model.words.map(wide));
    const label = Math.min(LABEL.most, this.longest + LABEL.pad);
    this.across = width - label - 4;
    element.style.setProperty("--label", `${label}px`);
    let size = Number.isFinite(height) ? LARGEST : PHONE;
    while (size > SMALLEST && this.#height(frame, this.#lines(frame, size, label, width), size) > height) size -= 1;
    this.size = size;
    element.style.setProperty("--columns", `${this.#columns(size)}px`);
    element.classList.toggle("upright", this.#upright(size));
    const lines = this.#lines(frame, size, label, width);
    for (const line of lines) for (const [at, block] of line.entries()) block.element.classList.toggle("first", at === 0);
    element.replaceChildren(...lines.map((line) => el("div", { class: "hand-line" }, ...line.map((block) => block.element))));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    for (const block of this.blocks) block.draw(frame, this.#cell(frame, block, this.size));
  }

  /** A matrix that is wider than the picture has smaller cells: many heads side by side. @param {FrameView} frame @param {Block} block @param {number} size */
  #cell(frame, block, size) {
    return Math.max(6, Math.min(size, Math.floor(this.across / this.model.size(frame, block.name)[1])));
  }

  /** Whether the words of columns stand upright: they have no room side by side. @param {number} size */
  #upright(size) {
    return this.longest > size + 6;
  }

  /** @param {number} size */
  #columns(size) {
    return this.#upright(size) ? Math.min(LABEL.most, this.longest) : COLUMNS;
  }

  /** Blocks in lines, each as long as there is room. @param {FrameView} frame @param {number} size @param {number} label @param {number} width */
  #lines(frame, size, label, width) {
    const lines = /** @type {Block[][]} */ ([]);
    let x = Infinity;
    for (const block of this.blocks) {
      const across = Math.max(this.model.size(frame, block.name)[1] * this.#cell(frame, block, size) + 4, LEAST);
      if (x + GAP.x + across > width) {
        lines.push([]);
        x = label - GAP.x;
      }
      lines[lines.length - 1].push(block);
      x += GAP.x + across;
    }
    return lines;
  }

  /** @param {FrameView} frame @param {Block[][]} lines @param {number} size */
  #height(frame, lines, size) {
    const rows = this.model.words.length;
    const each = lines.map((line) => rows * size + 4 + HEAD + (line.some((block) => PAIRS.has(block.name)) ? this.#columns(size) : 0));
    return each.reduce((sum, high) => sum + high, GAP.y * (lines.length - 1));
  }

  /** @returns {Block[]} */
  #made() {
    const { model } = this;
    const placed = model.note.positions !== "none";
    const several = model.heads > 1;
    const latex = /** @type {Record<string, string>} */ ({
      x: placed ? "x = w + p" : "x",
      q: "q = x\\,W^Q",
      k: "k = x\\,W^K",
      v: "v = x\\,W^V",
      scores: "s = q\\,k^{\\top}",
      scaled: model.note.scaled ? "e = s/\\sqrt{d_k}" : "e = s",
      masked: "m",
      weights: "a = \\mathrm{softmax}(m)",
      output: "o = a\\,v",
      concat: "c = [o^{(1)}\\,\\cdots]",
      projected: "y = c\\,W^O",
    });
    const names = several ? [...model.stages.slice(0, -1), "concat", "projected"] : model.stages;
    return names.map((name) => {
      if (name === "x" && !placed) return new Block(model, name, latex[name], { edits: "embedding" });
      if (name !== "masked") return new Block(model, name, latex[name]);
      const pick = (/** @type {number} */ row, /** @type {number} */ col) => {
        model.open(name, row, col);
        model.toggle(row, col);
      };
      return new Block(model, name, latex[name], { pick });
    });
  }
}

/** How wide a word is about. @param {string} word */
function wide(word) {
  return [...word].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? LETTER.wide : LETTER.latin), 0);
}
