/** The point of the paths in numbers, a row a racer; a number opens its arithmetic. Below it what the plane shows of the whole. */

import { card, el } from "../../../core/dom.js";
import { exact, num } from "../../../core/format.js";
import { mark } from "../marks.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */

/** Tensor and the target that opens it. */
const COLUMNS = /** @type {const} */ ([
  ["true_loss", "true_loss"],
  ["plane_loss", "plane_loss"],
  ["distance", "distance"],
  ["edge", "edge"],
]);

export class Table {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.card = card("");
    this.card.body.classList.add("race-table");
    this.headings = el("tr");
    this.body = el("tbody");
    this.about = el("p", { class: "caption" });
    this.check = el("p", { class: "caption" });
    this.ellipse = el("p", {});
    this.card.body.append(el("table", {}, el("thead", {}, this.headings), this.body), this.ellipse, this.about, this.check);
    /** @type {{row: HTMLElement, name: HTMLElement, cells: HTMLElement[]}[]} */
    this.rows = [];
    this.worst = 0;
  }

  /** The run, the selection, the theme or the language changed. */
  plan() {
    const { model } = this;
    const { t } = model.stage;
    const shown = COLUMNS.filter(([name]) => name !== "edge" || model.stage.params().curvature !== false);
    const head = (/** @type {string} */ name) => el("th", { scope: "col", title: t(`optimizer.landscape.page.${name}`) }, t(`optimizer.landscape.page.${name}.short`));
    this.headings.replaceChildren(el("th", { scope: "col" }, el("span", { class: "unseen" }, t("optimizer.page.racer"))), ...shown.map(([name]) => head(name)));
    this.rows = model.racers.map(({ label }, r) => {
      const open = (/** @type {Record<string, any>} */ target) => () => model.stage.select({ racer: r, ...target });
      const name = el("button", { type: "button", class: "racer-name", "aria-pressed": String(r === model.chosen), onclick: open({ kind: "position", coordinate: 0 }) }, mark(model.hue(r)), el("span", { title: label }, label));
      const named = (/** @type {string} */ what) => t("optimizer.page.open", { what: t(`optimizer.landscape.page.${what}`), racer: label });
      const cells = shown.map(([what, kind]) => el("button", { type: "button", class: "value", "data-name": what, "aria-label": named(what), onclick: open({ kind }) }));
      const row = el("tr", { class: r === model.chosen ? "chosen" : "" }, el("th", { scope: "row" }, name), ...cells.map((cell) => el("td", {}, cell)));
      return { row, name, cells };
    });
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
    const opened = el("button", { type: "button", class: "landscape-ellipse", onclick: () => model.stage.select({ kind: "ellipse", racer: model.chosen }) }, t("optimizer.landscape.page.open_ellipse"));
    this.ellipse.replaceChildren(opened);
  }

  /** @param {FrameView} frame */
  draw(frame) {
    const { model } = this;
    const { t } = model.stage;
    const step = model.step(frame.seq);
    this.card.heading.textContent = step === null ? t("optimizer.landscape.page.mapping") : t("optimizer.landscape.page.after", { step });
    for (const [r, { cells }] of this.rows.entries())
      for (const cell of cells) {
        const value = Number(frame.tensors[cell.dataset.name ?? ""]?.data[r] ?? NaN);
        cell.textContent = Number.isNaN(value) ? "·" : num(value, 3);
        cell.dataset.exact = Number.isNaN(value) ? "" : exact(value);
      }
    const explained = /** @type {number[]} */ (frame.note.explained ?? []);
    const share = (/** @type {number} */ value) => num(100 * value, 3);
    const told = { parameters: num(Number(model.note.parameters), 9), origin: model.racers[Number(model.note.centre)]?.label ?? "" };
    this.about.textContent = explained.length
      ? t("optimizer.landscape.page.explained", { ...told, first: share(explained[0]), second: share(explained[1]), both: share(explained[0] + explained[1]) })
      : t("optimizer.landscape.page.random", told);
    const checks = Array.from({ length: Math.min(frame.seq + 1, model.maps) }, (_, k) => Number(model.stage.timeline.frame(k)?.note.check ?? 0));
    this.check.textContent = t(frame.note.together ? "optimizer.landscape.page.check" : "optimizer.landscape.page.check_alone", { difference: num(Math.max(0, ...checks), 2) });
  }
}
