/** The step in numbers: what each pool makes of its current window in every channel; a number opens its arithmetic. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { mark } from "./change.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Pool} Pool */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.card.body.classList.add("pool-table");
    /** @type {{pool: Pool, cells: {button: HTMLButtonElement, ghost: HTMLElement}[], row: HTMLElement}[]} */
    this.rows = [];
    /** @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
    this.digits = 4;
    this.window = el("p", { class: "caption" });
  }

  /** The run or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    this.digits = model.channels > 2 ? 3 : 4;
    const channels = Array.from({ length: model.channels }, (_, c) => el("th", { scope: "col" }, t("convolution.pooling.page.channel", { channel: c })));
    const parity = el("th", { scope: "col", title: t("convolution.pooling.page.parity_help") }, t("convolution.pooling.page.parity"));
    const head = el("tr", {}, el("th", { scope: "col" }, el("span", { class: "unseen" }, t("convolution.pooling.page.pool"))), ...channels, parity);
    this.rows = model.pools.map((pool) => this.#row(pool));
    this.card.body.replaceChildren(this.window, el("div", { class: "pool-scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...this.rows.map(({ row }) => row)))));
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    this.card.heading.textContent = t("shell.step.n", { step: frame.step });
    this.window.textContent = this.#words(frame);
    const target = model.stage.selected();
    for (const { pool, cells, row } of this.rows) {
      const at = model.at(pool, frame.seq);
      const [height, width] = pool.size;
      row.classList.toggle("chosen", target?.pool === pool.name);
      const value = (/** @type {FrameView | null | undefined} */ of, /** @type {number} */ c) =>
        at ? Number(of?.tensors[`output/${pool.name}`]?.data[(c * height + at[0]) * width + at[1]]) : NaN;
      const then = this.pinned?.timeline.frame(Math.min(frame.seq, this.pinned.timeline.last));
      cells.forEach(({ button, ghost }, c) => {
        const now = value(frame, c);
        button.disabled = !at;
        button.textContent = at ? num(now, this.digits) : "·";
        button.setAttribute("data-exact", at ? exact(now) : "");
        const same = then?.tensors[`output/${pool.name}`]?.shape.join() === frame.tensors[`output/${pool.name}`]?.shape.join();
        ghost.hidden = !same || !at;
        if (same && at) ghost.textContent = t("convolution.pooling.page.pinned", { value: num(value(then, c), this.digits) });
      });
    }
  }

  /** @param {FrameView} frame */
  #words(frame) {
    const { model } = this;
    const { t } = model.stage;
    const { common } = model;
    const at = common && model.at(common, frame.seq);
    if (!at) return t("convolution.pooling.page.before");
    const divisor = Number(frame.tensors.divisor?.data[0]);
    const words = { y: at[0], x: at[1], divisor: num(divisor) };
    return t(model.pools.some((pool) => pool.name === "average") ? "convolution.pooling.page.window_divisor" : "convolution.pooling.page.window", words);
  }

  /** @param {Pool} pool */
  #row(pool) {
    const { model } = this;
    const { stage } = model;
    const cells = Array.from({ length: model.channels }, (_, c) => {
      const name = stage.t("convolution.pooling.page.open", { pool: model.label(pool.name), channel: c });
      const button = el("button", { type: "button", class: "value", "aria-label": name, onclick: () => stage.select({ kind: "output", pool: pool.name, channel: c }) });
      return { button, ghost: el("span", { class: "value ghost", hidden: true }) };
    });
    const same = el("span", { class: "value parity-cell", "data-exact": exact(pool.difference), tabindex: 0 }, pool.difference === 0 ? "0" : num(pool.difference, 1));
    const row = el("tr", {}, el("th", { scope: "row" }, mark(model, pool.name), el("span", {}, model.label(pool.name))), ...cells.map(({ button, ghost }) => el("td", {}, button, ghost)), el("td", {}, same));
    return { pool, cells, row };
  }
}
