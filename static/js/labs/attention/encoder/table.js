/** The step in numbers: what the head follows, what one word gives most, what hiding took away, how near torch is. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { rewrite } from "../../../core/rewrite.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Keys that are listed. */
const MOST = 5;

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.card.body.classList.add("enc-table");
    this.head = el("p", {});
    this.keys = el("ol", { class: "enc-rank" });
    this.removed = el("p", { class: "enc-removed", hidden: true });
    this.scores = el("ul", { class: "enc-scores" });
    this.parity = el("p", { class: "parity" });
    this.card.body.append(this.head, this.keys, this.removed, this.scores, this.parity);
    // A button under the pointer stays while its row is drawn again, so that a press is not lost: they are heard here.
    const column = (/** @type {Event} */ { target }) => Number(/** @type {Element} */ (target).closest("[data-column]")?.getAttribute("data-column") ?? NaN);
    this.keys.addEventListener("click", (event) => Number.isNaN(column(event)) || model.open(model.row, column(event)));
    this.keys.addEventListener("pointerover", (event) => Number.isNaN(column(event)) || model.point(model.row, column(event)));
    this.keys.addEventListener("pointerleave", () => model.point(-1));
    this.scores.addEventListener("click", ({ target }) => {
      const pattern = /** @type {Element} */ (target).closest("[data-pattern]")?.getAttribute("data-pattern");
      if (pattern) model.stage.select({ kind: "score", head: model.head, pattern });
    });
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const layer = frame.seq - 1;
    const { head, row } = model;
    this.card.heading.textContent = layer < 0 ? t("attention.encoder.page.embeddings") : model.named(layer, head);
    for (const part of [this.keys, this.scores, this.parity]) part.hidden = layer < 0;
    this.removed.hidden = true;
    if (layer < 0) {
      this.head.textContent = t("attention.encoder.page.embeddings_about", { count: model.note.tokens.length, size: model.note.d_model });
      return;
    }
    const shares = model.shares(frame, head);
    const silent = ![...Array(shares.n).keys()].some((column) => shares.at(row, column) > 0);
    this.head.textContent = silent ? t("attention.encoder.page.silent") : t("attention.encoder.page.gives", { word: model.units[row].label });
    const order = [...Array(shares.n).keys()].sort((a, b) => shares.at(row, b) - shares.at(row, a)).slice(0, MOST);
    rewrite(this.keys, ...order.map((column) => this.#key(shares.at(row, column), column)));
    const removed = Number(frame.tensors.removed.data[head * shares.n + row]);
    this.removed.hidden = Boolean(model.note.special);
    this.removed.textContent = t("attention.encoder.page.removed", { share: num(removed, 3) });
    this.removed.classList.toggle("much", removed > 0.5);
    const scores = model.scores(frame, head);
    rewrite(this.scores, ...model.patterns.map((name, at) => (Number.isNaN(scores[at]) ? null : this.#score(frame, name, at, scores[at]))).filter((one) => one !== null));
    const [parity, rounding] = [...frame.tensors.parity.data].map(Number);
    this.parity.classList.toggle("good", parity <= rounding);
    this.parity.classList.toggle("bad", parity > rounding);
    this.parity.textContent = t("attention.encoder.page.parity", { difference: num(parity, 2), rounding: num(rounding, 2) });
  }

  /** @param {number} value @param {number} column */
  #key(value, column) {
    const { model } = this;
    const open = model.stage.selected()?.kind === "cell" && model.column === column;
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: `enc-bar${open ? " open" : ""}`, style: `--share:${Math.min(100, 100 * value)}%`, "data-column": column },
        el("bdi", {}, model.units[column].label),
        el("span", { class: "value", "data-exact": exact(value) }, num(value, 3)),
      ),
    );
  }

  /** @param {FrameView} frame @param {string} name @param {number} at @param {number} score */
  #score(frame, name, at, score) {
    const { model } = this;
    const { stage } = model;
    const target = stage.selected();
    const open = target?.kind === "score" && target.pattern === name;
    const chance = model.chance(frame, at);
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: `enc-bar${open ? " open" : ""}`, style: `--share:${Math.min(100, 100 * score)}%;--chance:${Math.min(100, 100 * chance)}%`, title: stage.t("attention.encoder.page.chance", { chance: num(chance, 3) }), "data-pattern": name },
        el("span", {}, stage.t(`attention.encoder.pattern.${name}`)),
        el("span", { class: "value", "data-exact": exact(score) }, num(score, 3)),
      ),
    );
  }
}
