/** The beam's tree: a column a step, a node a hypothesis; those that went on joined by lines, the best one's path strong. */

import { card, el } from "../dom.js";
import { exact, num } from "../format.js";
import { svg } from "../svg.js";

/** @typedef {import("./speaker.js").Speaker} Speaker */
/** @typedef {{index: number, parent: number, token: number, log_p: number, kept: boolean, ended: boolean, step: number}} Node */

/** What stands between two nodes, a row's height, half a node's height, the margin; a letter's width, of Chinese too. */
const [GAP, DOWN, RADIUS, EDGE] = [32, 36, 10, 16];
const [LETTER, WIDE] = [7.4, 12.5];

export class Tree {
  /** @param {Speaker} model */
  constructor(model) {
    this.model = model;
    const { t } = model.stage;
    this.card = card(t("decoding.tree"), t("decoding.tree_caption"));
    this.element = this.card.element;
    this.element.classList.add("translate-wide");
    this.scroll = el("div", { class: "translate-scroll" });
    this.best = el("ol", { class: "translate-best" });
    this.told = el("p", { class: "caption", hidden: true }, t("decoding.best"));
    this.card.body.append(this.scroll, this.told, this.best);
    this.key = "";
  }

  /** The run, the theme or the language changed. */
  plan() {
    const { decoding, feeding } = this.model.params;
    this.element.hidden = decoding !== "beam" || feeding === "forced";
    this.key = "";
  }

  /** @param {number} seq */
  draw(seq) {
    const { model } = this;
    if (this.element.hidden) return;
    const target = model.stage.selected();
    const chosen = target?.kind === "hypothesis" ? Number(target.index) : -1;
    const key = `${seq} ${chosen} ${model.stage.timeline.last}`;
    if (key === this.key) return;
    this.key = key;
    /** @type {Node[]} */
    const nodes = [];
    /** @type {[number, number][]} */
    let best = [];
    for (let at = model.read + 1; at <= seq; at += 1) {
      const note = model.stage.timeline.frame(at)?.note;
      for (const node of note?.tree ?? []) nodes.push({ ...node, step: at - model.read });
      best = note?.best ?? best;
    }
    this.#picture(nodes, best, chosen);
    this.#ended(nodes, best);
  }

  /** A hypothesis as a text. @param {Map<number, Node>} by @param {number} index */
  #text(by, index) {
    const tokens = [];
    for (let node = by.get(index); node; node = by.get(node.parent)) tokens.unshift(node.token);
    return this.model.text(tokens);
  }

  /** @param {Node[]} nodes @param {[number, number][]} best @param {number} chosen */
  #picture(nodes, best, chosen) {
    const { model } = this;
    const by = new Map(nodes.map((node) => [node.index, node]));
    const rank = new Map();
    const counts = /** @type {Record<number, number>} */ ({});
    for (const node of nodes) rank.set(node.index, (counts[node.step] = (counts[node.step] ?? 0) + 1) - 1);
    const most = Math.max(1, ...Object.values(counts));
    const half = Math.max(RADIUS, ...nodes.map((node) => width(model.shown(node.token)) / 2 + 5));
    const x = (/** @type {number} */ step) => EDGE + 6 + step * (2 * half + GAP) - (half - RADIUS);
    const y = (/** @type {Node} */ node) => EDGE + rank.get(node.index) * DOWN;
    const path = new Set();
    for (let node = by.get(best[0]?.[0] ?? -1); node; node = by.get(node.parent)) path.add(node.index);
    const [wide, high] = [x(model.said) + half + EDGE, EDGE + (most - 1) * DOWN + EDGE + 12];
    const root = EDGE + 6;
    const picture = svg("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, class: "translate-tree", role: "group", "aria-label": model.stage.t("decoding.tree") });
    picture.append(svg("circle", { cx: root, cy: EDGE, r: 4, class: "translate-root" }));
    for (const node of nodes) {
      const parent = by.get(node.parent);
      const [x0, y0] = parent ? [x(parent.step) + half, y(parent)] : [root + 4, EDGE];
      const [x1, y1] = [x(node.step) - half, y(node)];
      picture.append(svg("path", { d: `M${x0} ${y0} C${x0 + 12} ${y0} ${x1 - 12} ${y1} ${x1} ${y1}`, class: `translate-edge${node.kept ? "" : " faint"}${path.has(node.index) ? " best" : ""}` }));
    }
    for (const node of nodes) picture.append(this.#node(node, x(node.step), y(node), half, this.#text(by, node.index), path.has(node.index), node.index === chosen));
    this.scroll.replaceChildren(picture);
    if (nodes.length) this.scroll.scrollLeft = x(nodes[nodes.length - 1].step) - 0.8 * this.scroll.clientWidth;
  }

  /** @param {Node} node @param {number} x @param {number} y @param {number} half @param {string} text @param {boolean} best @param {boolean} chosen */
  #node(node, x, y, half, text, best, chosen) {
    const { model } = this;
    const label = model.stage.t(node.kept ? "decoding.node" : "decoding.node_dropped", { text, value: num(node.log_p, 3) });
    const group = svg("g", { class: `translate-node${node.kept ? "" : " faint"}${best ? " best" : ""}${chosen ? " chosen" : ""}`, role: "button", tabindex: node.kept ? 0 : -1, "aria-label": label, "data-index": node.index });
    group.append(svg("title", {}, label), svg("rect", { x: x - half, y: y - RADIUS, width: 2 * half, height: 2 * RADIUS, rx: RADIUS }), svg("text", { x, y: y + 4 }, model.shown(node.token)), svg("text", { x, y: y + RADIUS + 10, class: "translate-number" }, num(node.log_p, 2)));
    const open = () => model.open(node.step, { kind: "hypothesis", index: node.index });
    group.addEventListener("click", open);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      open();
    });
    return group;
  }

  /** The texts that the search ended with. @param {Node[]} nodes @param {[number, number][]} best */
  #ended(nodes, best) {
    const by = new Map(nodes.map((node) => [node.index, node]));
    this.told.hidden = !best.length;
    this.best.replaceChildren(
      ...best.map(([index, score]) => {
        const step = by.get(index)?.step ?? 1;
        return el("li", {}, el("button", { type: "button", onclick: () => this.model.open(step, { kind: "hypothesis", index }) }, el("span", { class: "value" }, this.#text(by, index)), " ", el("span", { class: "value muted", "data-exact": exact(score) }, num(score, 4))));
      }),
    );
  }
}

/** How wide a token stands. @param {string} token */
function width(token) {
  return [...token].reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? WIDE : LETTER), 0);
}
