/**
 * optimizer/basins on the page: the map, its legend and its numbers, the chosen pixel's run beside it. What is zoomed into is a run
 * of its own; the boxes before are kept to go back to.
 */

import { card, el, iconButton } from "../../core/dom.js";
import { exact, num } from "../../core/format.js";
import { Switcher } from "../../core/switcher.js";
import { height, scheme } from "./basins/colours.js";
import { DIVERGED, NEVER, NO_MINIMUM, PixelMap, STOPPED } from "./basins/map.js";
import { Legend, MapNumbers } from "./basins/numbers.js";
import { Picture } from "./basins/picture.js";
import { PixelRun } from "./basins/run.js";
import { showFormulas } from "./formula.js";
import "./racers.js";

/** @typedef {import("../../core/types.js").Stage} Stage */
/** @typedef {import("../../core/types.js").View} View */
/** @typedef {import("../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../core/types.js").Params} Params */
/** @typedef {import("./basins/colours.js").Kind} Kind */
/** @typedef {import("./basins/picture.js").Share} Share */

const WHOLE = { left: 0, right: 1, bottom: 0, top: 1 };

/** @param {Stage} stage @returns {View} */
export default function mount(stage) {
  return new BasinsView(stage);
}

/** @implements {View} */
class BasinsView {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.map = new PixelMap();
    /** @type {SceneView | null} */
    this.last = null;
    /** @type {Kind} */
    this.kind = "minimum";
    this.seq = -1;
    /** log10 of the loss above the minimum over all pixels here. @type {[number, number]} */
    this.range = [0, 1];
    /** Axes zoomed out of, to go back to. @type {Params[]} */
    this.before = [];
    /** The fewest and the most steps to the tolerance. @type {[number, number]} */
    this.reached = [1, 1];
    /** Whether a range grew since the last painting. */
    this.wider = false;
    /** @type {{row: number, column: number, difference: number} | null} */
    this.check = null;
    this.theme = stage.theme();
    this.lang = stage.lang();
    this.picture = new Picture(stage, this.map, {
      pick: (row, column) => this.#pick(row, column),
      zoom: (box) => this.#zoom(box),
      nearer: (factor) => this.#nearer(factor),
      back: () => this.#back(),
      says: (pixel) => this.#rows(pixel).map(([name, value]) => [name, value]),
    });
    this.#build();
  }

  /** The cards, with their words. */
  #build() {
    const { stage } = this;
    const { t } = stage;
    this.legend = new Legend(stage);
    this.numbers = new MapNumbers(stage, (kind) => this.#select(kind));
    this.run = new PixelRun(stage);
    this.colour = new Switcher(t("optimizer.basins.page.colour"), this.#kinds(), this.kind, (kind) => {
      this.kind = /** @type {Kind} */ (kind);
      this.#paint();
    });
    const main = card(t("optimizer.basins.page.map"), t("optimizer.basins.page.caption"));
    const key = (/** @type {string} */ text, /** @type {string} */ name, /** @type {number} */ factor) =>
      el("button", { type: "button", class: "icon-button", "aria-label": name, title: name, onclick: () => this.#nearer(factor) }, text);
    this.undo = iconButton("back", t("optimizer.basins.page.back"), () => this.#back());
    main.actions.append(
      key("+", t("optimizer.page.zoom_in"), 0.5),
      key("−", t("optimizer.page.zoom_out"), 2),
      this.undo,
      iconButton("fit", t("shell.plot.reset"), () => this.#to({ x_range: null, y_range: null })),
    );
    main.body.classList.add("basins-main");
    main.body.append(this.picture.element, el("div", { class: "basins-key" }, this.colour.element, this.legend.element));
    stage.main.replaceChildren(main.head, main.body);
    stage.small.replaceChildren(...this.run.elements);
    stage.numbers.replaceChildren(this.numbers.card.head, this.numbers.card.body);
    this.undo.disabled = !this.before.length;
  }

  /** What this map can be coloured by. @returns {[Kind, string][]} */
  #kinds() {
    const note = this.last?.note;
    /** @type {Kind[]} */
    const kinds = ["loss", "ending"];
    if (!note || note.minimum !== null) kinds.splice(1, 0, "steps");
    if (!note || note.minima.length) kinds.unshift("minimum");
    return kinds.map((kind) => [kind, this.stage.t(`optimizer.basins.page.by_${kind}`)]);
  }

  /** @param {SceneView} scene @param {Params} params */
  scene(scene, params) {
    const other = !this.last || this.last.note.axes.x.setting !== scene.note.axes.x.setting || this.last.note.surface !== scene.note.surface;
    this.last = scene;
    if (this.lang !== this.stage.lang()) this.#words();
    this.map.begin(scene, Number(params.pixels), params.dtype === "float64");
    this.check = null;
    this.seq = -1;
    this.range = [Infinity, -Infinity];
    this.reached = [Infinity, -Infinity];
    const kinds = this.#kinds();
    this.colour?.offer(kinds);
    if (other) this.kind = scene.note.minima.length > 1 && scene.note.axes.x.setting === null ? "minimum" : scene.note.minimum === null ? "loss" : "steps";
    if (!kinds.some(([kind]) => kind === this.kind)) this.kind = kinds[0][0];
    this.colour?.set(this.kind);
    showFormulas(String(scene.note.formula ?? ""), scene.note.rule);
    const target = this.stage.selected();
    if (target && !(Number(target.row) < this.map.side && Number(target.column) < this.map.side)) this.stage.select(this.#middle(), { trail: false });
    this.#choose();
    void this.#begin(scene);
  }

  /** @param {SceneView} scene */
  async #begin(scene) {
    const titles = /** @type {("x" | "y")[]} */ (["x", "y"]).map((axis) => this.#axisName(axis));
    await Promise.all([this.picture.begin(titles, this.stage.t("optimizer.basins.page.label", { pixels: this.map.side })), this.run?.begin(scene)]);
    this.#paint();
    if (this.seq >= 0) this.draw(this.seq);
  }

  frames() {
    this.#take();
  }

  /** @param {number} seq */
  draw(seq) {
    this.seq = seq;
    this.#take();
    this.check = this.stage.timeline.frame(0)?.note.check ?? this.check;
    this.#choose();
    if (this.wider && (this.kind === "loss" || this.kind === "steps")) this.#paint();
    this.picture.draw(seq);
    this.#tell();
  }

  /** Take in what came. */
  #take() {
    const least = this.last?.note.minimum ?? null;
    let [low, high] = this.range;
    let [first, latest] = this.reached;
    for (const k of this.map.take(this.stage.timeline))
      this.map.each(k, (pixel) => {
        const steps = this.map.steps[pixel];
        if (steps !== NEVER) [first, latest] = [Math.min(first, steps), Math.max(latest, steps)];
        const value = height(this.map.loss[pixel], least);
        if (!Number.isFinite(value) || this.map.status[pixel] >= DIVERGED) return;
        low = Math.min(low, value);
        high = Math.max(high, value);
      });
    this.wider ||= low < this.range[0] || high > this.range[1] || first < this.reached[0] || latest > this.reached[1];
    this.range = [low, high];
    this.reached = [first, latest];
  }

  resize() {
    this.picture.resize();
    this.run?.resize();
  }

  retheme() {
    this.theme = this.stage.theme();
    if (!this.last) return;
    void this.#begin(this.last);
    this.run?.retheme();
  }

  relanguage() {
    this.#words();
    if (!this.last) return;
    this.colour?.offer(this.#kinds());
    showFormulas(String(this.last.note.formula ?? ""), this.last.note.rule);
    void this.#begin(this.last);
  }

  /** Make every part that holds words anew; the map's image stays. */
  #words() {
    this.lang = this.stage.lang();
    const alone = this.run?.alone ?? null;
    this.run?.destroy();
    this.#build();
    if (this.last && alone) void this.run?.begin(this.last).then(() => this.run?.show(alone));
  }

  /** @param {Record<string, any> | null} explanation */
  explained(explanation) {
    this.run?.show(/** @type {any} */ (explanation?.note?.path ? explanation.note : null));
  }

  /** @returns {Record<string, unknown>} */
  defaultTarget() {
    return this.#middle();
  }

  /** @param {number} seq */
  summary(seq) {
    const { map, stage } = this;
    if (!map.side) return "";
    const { row, column } = this.picture;
    const pixel = row * map.side + column;
    const owner = map.owner[pixel] < 0 ? pixel : map.owner[pixel];
    const values = { done: num(map.known(seq)), all: num(map.side ** 2), row, column, ending: this.#ending(owner), loss: num(map.loss[owner], 3) };
    return stage.t("optimizer.basins.page.summary", values);
  }

  destroy() {
    this.picture.destroy();
    this.run?.destroy();
  }

  #middle() {
    const middle = Math.floor(this.map.side / 2);
    return { kind: "loss", row: middle, column: middle };
  }

  /** The colours, the legend. */
  #paint() {
    if (!this.last) return;
    this.wider = false;
    const [low, high] = this.range[1] > this.range[0] ? this.range : [0, 1];
    const look = { theme: this.theme, colour: (/** @type {number} */ i) => this.stage.plots.racerColor(i, this.theme), steps: this.reached, range: /** @type {[number, number]} */ ([low, high]) };
    this.picture.paint(scheme(this.kind, this.map, this.last.note, look));
    this.#tell();
  }

  /** The legend and the numbers of now. */
  #tell() {
    const { last, stage } = this;
    if (!last || !this.picture.scheme) return;
    const { t } = stage;
    const least = last.note.minimum;
    const of = this.kind === "steps" ? t("optimizer.basins.page.steps") : least ? t("optimizer.basins.page.excess", { least: num(least) }) : t("optimizer.basins.page.loss");
    this.legend?.show(this.picture.scheme, this.map, this.seq, of);
    const { row, column } = this.picture;
    const pixel = row * this.map.side + column;
    const here = this.map.owner[pixel] === pixel;
    this.numbers?.show(t("optimizer.basins.page.pixel", { row, column }), here ? this.#rows(pixel) : this.#rows(pixel).slice(0, 2));
    this.numbers?.tell(last.note.way, this.check);
    this.numbers?.card.caption.replaceChildren(t("optimizer.basins.page.done", { done: num(this.map.known(this.seq)), all: num(this.map.side ** 2) }));
  }

  /** A pixel's values. @param {number} pixel @returns {import("./basins/numbers.js").Rows} */
  #rows(pixel) {
    const { map, last } = this;
    const { t } = this.stage;
    const [row, column] = [Math.floor(pixel / map.side), pixel % map.side];
    const [x, y] = [map.value("x", column), map.value("y", row)];
    const minimum = map.minimum[pixel];
    /** @type {import("./basins/numbers.js").Rows} */
    const rows = [
      [this.#axisName("x"), num(x, 6), exact(x), ""],
      [this.#axisName("y"), num(y, 6), exact(y), ""],
      [t("optimizer.basins.page.loss"), num(map.loss[pixel]), exact(map.loss[pixel]), "loss"],
    ];
    if (last?.note.minimum !== null) rows.push([t("optimizer.basins.page.steps"), map.steps[pixel] === NEVER ? "·" : num(map.steps[pixel]), exact(map.steps[pixel]), "steps"]);
    if (last?.note.minima.length) rows.push([t("optimizer.basins.page.by_minimum"), minimum === NO_MINIMUM ? "·" : String(minimum + 1), "", "minimum"]);
    rows.push([t("optimizer.basins.page.ending"), this.#ending(pixel), "", ""]);
    return rows;
  }

  /** @param {number} pixel */
  #ending(pixel) {
    const { map } = this;
    const name = map.status[pixel] === DIVERGED ? "diverged" : map.status[pixel] === STOPPED ? "stopped" : map.steps[pixel] === NEVER ? "elsewhere" : "arrived";
    return this.stage.t(`optimizer.basins.page.${name}`);
  }

  /** @param {"x" | "y"} axis */
  #axisName(axis) {
    const { setting } = this.map.axes[axis];
    const names = this.stage.experiment.schema.properties.x_setting.names ?? {};
    return setting === null ? axis : (names[setting] ?? setting);
  }

  /** The mark goes where the open value's pixel is. */
  #choose() {
    const target = this.stage.selected();
    const { row, column } = target?.row === undefined ? this.#middle() : /** @type {any} */ (target);
    this.picture.choose(Number(row), Number(column));
  }

  /** @param {number} row @param {number} column */
  #pick(row, column) {
    const kind = String(this.stage.selected()?.kind ?? "loss");
    this.stage.select({ kind, row, column }, { trail: false });
    this.#choose();
    this.#tell();
  }

  /** @param {string} kind */
  #select(kind) {
    const { row, column } = this.picture;
    this.stage.select({ kind, row, column });
  }

  /** Zoom by a factor about the chosen pixel, as far as the axes allow. @param {number} factor */
  #nearer(factor) {
    const { side } = this.map;
    if (!side) return;
    const [x, y] = factor < 1 ? [(this.picture.column + 0.5) / side, (this.picture.row + 0.5) / side] : [0.5, 0.5];
    const about = (/** @type {number} */ share) => [share - factor / 2, share + factor / 2];
    const [left, right] = about(x);
    const [bottom, top] = about(y);
    this.#zoom({ left, right, bottom, top });
  }

  /** @param {Share} box */
  #zoom({ left, right, bottom, top } = WHOLE) {
    const { map } = this;
    const side = (/** @type {"x" | "y"} */ axis, /** @type {number} */ from, /** @type {number} */ to) => {
      const [low, high] = [map.along(axis, from), map.along(axis, to)];
      const { setting } = map.axes[axis];
      if (setting === null) return [low, high];
      // Settings have bounds; the map's own ends were inside them.
      return [Math.max(low, Math.min(0, map.axes[axis].low)), setting === "lr" ? high : Math.min(high, Math.max(1, map.axes[axis].high))];
    };
    this.#to({ x_range: side("x", left, right), y_range: side("y", bottom, top) });
  }

  /** Another part of the plane, which this map can be gone back to. @param {Params} axes */
  #to(axes) {
    const { x_range, y_range } = this.stage.params();
    if (JSON.stringify({ x_range, y_range }) === JSON.stringify(axes)) return;
    this.before = [...this.before.slice(-50), { x_range, y_range }];
    if (this.undo) this.undo.disabled = false;
    this.stage.edit(axes, { commit: true });
  }

  #back() {
    const axes = this.before.pop();
    if (this.undo) this.undo.disabled = !this.before.length;
    if (axes) this.stage.edit(axes, { commit: true });
  }
}
