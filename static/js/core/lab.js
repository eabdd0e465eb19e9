/**
 * A lab's page: the parts of core/ put together around one experiment and its drawing module.
 */

import { announce } from "./announce.js";
import { branched, leaves } from "./branch.js";
import { BranchBar } from "./branchbar.js";
import { byId, el } from "./dom.js";
import { Explain } from "./explain.js";
import { Form } from "./form.js";
import { lang, t } from "./i18n.js";
import { listen } from "./keys.js";
import { speak } from "./language.js";
import * as link from "./link.js";
import { Player } from "./player.js";
import { caption, presetDialog } from "./presets.js";
import { Runs } from "./runs.js";
import { Settled } from "./settled.js";
import { stageOf } from "./stage.js";
import { banner, doing, notice, restate, toast } from "./status.js";
import { tabs } from "./tabs.js";
import { Takeaway } from "./takeaway.js";
import { onTheme, reducedMotion } from "./theme.js";
import { Timebar } from "./timebar.js";
import { trouble } from "./trouble.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./types.js").Experiment} Experiment */
/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./language.js").PageData} PageData */

/** Typed text is settled after this long, milliseconds. */
const TYPING = 300;

export class Lab {
  /**
   * @param {PageData} page
   * @param {Experiment} experiment
   * @param {Experiment[]} siblings every experiment of this lab
   * @param {import("./types.js").Mount} mount
   */
  constructor(page, experiment, siblings, mount) {
    this.page = page;
    this.experiment = experiment;
    this.siblings = siblings;
    this.settled = new Settled(experiment, siblings[0] === experiment);
    /** @type {import("./types.js").Preset | null} */
    this.preset = null;
    this.typing = 0;
    this.framesCame = false;
    /** @type {Params | null} the params last asked for */
    this.asked = null;
    this.player = new Player({ draw: (seq) => this.#draw(seq), changed: () => this.#moved() });
    this.branchBar = new BranchBar(this.player, "changes" in (experiment.schema.properties ?? {}));
    this.takeaway = new Takeaway(experiment, this.player, this.settled);
    this.explain = new Explain(
      byId("explain"),
      (target) => this.select(target),
      (explanation, seq) => this.view.explained?.(explanation, seq),
    );
    this.timebar = new Timebar(this.player, (mode) => {
      this.runs.setMode(mode);
      this.#moved();
    });
    this.form = new Form(byId("form"), experiment, (params, { commit, live }) => (live && !commit ? this.#typed(params) : this.edited(params, commit)));
    this.view = mount(stageOf(this));
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    this.runs = new Runs(`${scheme}://${window.location.host}${page.root}/ws`, experiment.name, {
      show: (run, wish) => this.#show(run, wish),
      frames: () => void (this.framesCame = true),
      refused: (reply) => this.#refused(reply),
      failed: (run) => void this.#failed(run),
      mend: (fields) => this.form.mend(fields),
      changed: () => this.#status(),
      broken: (error) => banner(() => t("shell.error.broken", { text: error.message })),
    });
    this.#controls();
    tabs(siblings, experiment);
    this.open();
  }

  /** Start what the address says. */
  open() {
    const place = link.read(window.location, this.experiment);
    const params = { ...structuredClone(this.experiment.defaults), ...place.params };
    this.form.set(params);
    this.settled.begin(params);
    if (place.version !== null && place.version !== this.experiment.version)
      notice(() => [el("p", {}, t("shell.link.version", { was: place.version, now: this.experiment.version }))]);
    this.start(params, { at: place.at, follow: place.run });
  }

  /**
   * @param {Params} params
   * @param {{at?: number | null, play?: boolean, follow?: string | null}} [options] `at`: open there, paused
   */
  start(params, { at = null, play = at === null, follow = null } = {}) {
    this.asked = structuredClone(params);
    const still = reducedMotion() && at === null;
    this.runs.want({ params, at: still ? Infinity : (at ?? 0), play: play && !still, follow });
    this.#status();
  }

  /** A control changed. @param {Params} params @param {boolean} commit @param {boolean} [dragged] */
  edited(params, commit, dragged = false) {
    window.clearTimeout(this.typing);
    this.typing = 0;
    if (!commit && !dragged) {
      this.typing = window.setTimeout(() => this.edited(params, true), TYPING);
      this.#status();
      return;
    }
    const { from } = this.branchBar;
    if (from !== null && !dragged) {
      const base = this.runs.shown?.params ?? this.settled.params;
      const set = leaves(base, { ...params, changes: base.changes });
      if (set === null) {
        banner(() => t("shell.branch.refused"));
        this.form.set(base);
      } else if (Object.keys(set).length) this.branch(from, set);
      return;
    }
    if (commit && !link.same(params, this.settled.params)) this.#settle(params);
    // What is dragged bends under the pointer: the play head stays where it is, or where it was on its way to.
    const ahead = this.runs.changing ? (this.runs.wish ?? this.runs.current) : null;
    const place = dragged && !commit ? { at: ahead?.at ?? this.player.place, play: ahead?.play ?? this.player.playing } : {};
    if (!link.same(params, this.asked)) this.start(params, place);
    else this.#status(); // nobody types any more
  }

  /** A letter of a text that is answered at once; when no other follows soon it is settled. @param {Params} params */
  #typed(params) {
    this.edited(params, false, true);
    this.typing = window.setTimeout(() => this.edited(params, true), TYPING);
  }

  /** @param {Params} params */
  #settle(params) {
    this.settled.settle(params);
    if (this.preset && !link.same({ ...this.experiment.defaults, ...this.preset.params }, params)) this.#caption(null);
  }

  undo() {
    const params = this.settled.undo();
    if (!params) return;
    this.form.set(params);
    this.start(params);
    announce(t("shell.undo.done"), true);
  }

  /** Go on from frame `seq` with other settings. @param {number} seq @param {Params} set */
  branch(seq, set) {
    const run = this.runs.shown;
    if (!run) return;
    const params = branched(run.params, seq, set);
    this.form.set(params);
    this.#settle(params);
    this.start(params, { at: seq, play: !reducedMotion() });
  }

  /** @param {Run} run @param {import("./runs.js").Wish} wish */
  #show(run, wish) {
    banner(null);
    this.form.errors([]);
    this.explain.forRun(run);
    let until = Infinity;
    if (wish.follow) {
      this.form.set(run.params);
      this.settled.begin(run.params);
    }
    if (run.scene) {
      this.form.suggest(run.scene.note);
      until = this.view.scene(run.scene, run.params) ?? Infinity;
    }
    this.player.show(run, wish.at === Infinity ? until : wish.at, wish.play, until);
    this.framesCame = true;
    if (!this.explain.target) this.explain.select(this.view.defaultTarget?.(0) ?? null);
    this.#status();
  }

  /** @param {number} seq */
  #draw(seq) {
    if (this.framesCame) {
      this.framesCame = false;
      this.view.frames();
    }
    this.view.draw(seq);
    document.dispatchEvent(new CustomEvent("unrolled:draw", { detail: { seq } }));
    if (!this.explain.target) this.explain.select(this.view.defaultTarget?.(seq) ?? null);
    this.explain.at(seq);
    const text = this.view.summary?.(seq);
    if (text) announce(text, !this.player.playing);
  }

  /** The player's place, or the frames held, changed. */
  #moved() {
    if (this.framesCame && this.view && this.runs?.shown) {
      this.framesCame = false;
      this.view.frames();
    }
    this.timebar?.update();
    this.branchBar?.update();
    this.#status();
  }

  #status() {
    if (!this.runs) return;
    doing(this.runs, this.player);
    const busy = this.typing > 0 || this.runs.changing || this.player.wanted !== null;
    byId("main").setAttribute("aria-busy", String(busy));
  }

  /** The params were bad: sentences beside their fields, the picture stays. @param {import("./socket.js").Reply} reply */
  #refused(reply) {
    if (this.runs.current?.follow) {
      notice(() => [el("p", {}, t("shell.follow.gone"))]);
      this.start(this.form.values);
      return;
    }
    trouble(this.form, reply, { back: this.#wayBack() });
    this.#status();
  }

  /** @param {Run} run */
  async #failed(run) {
    if (await this.form.mend(run.fields)) {
      if (link.same(run.params, this.asked)) this.start(run.params);
      return;
    }
    trouble(this.form, run, { back: this.#wayBack(), again: { label: () => t("shell.error.again"), run: () => this.start(run.params) } });
  }

  /** Without a picture to stay with, the defaults are the way out. @returns {import("./status.js").Action | null} */
  #wayBack() {
    return this.runs.shown ? null : { label: () => t("shell.error.defaults"), run: () => this.#reset() };
  }

  #reset() {
    banner(null);
    this.form.set(this.experiment.defaults);
    this.#settle(this.experiment.defaults);
    this.start(this.experiment.defaults);
  }

  /** @param {Target} target @param {boolean} [trail] whether what was selected is a step of the way back */
  select(target, trail = true) {
    this.explain.select(target, { back: !trail });
    this.explain.at(this.player.seq);
    this.player.invalidate();
  }

  #controls() {
    const { player } = this;
    listen({
      toggle: () => player.toggle(),
      step: (n) => player.step(n),
      home: () => player.seek(0),
      end: () => player.seek(player.run?.end ?? 0),
      restart: () => player.restart(),
      undo: () => this.undo(),
    });
    byId("undo").addEventListener("click", () => this.undo());
    byId("pin").addEventListener("click", () => this.#pin());
    byId("presets").hidden = !this.experiment.presets.length;
    byId("presets").addEventListener("click", () =>
      presetDialog(this.experiment.presets, (preset) => {
        const params = { ...structuredClone(this.experiment.defaults), ...structuredClone(preset.params) };
        this.form.set(params);
        this.#settle(params);
        this.#caption(preset);
        this.start(params);
      }),
    );
    byId("language").addEventListener("click", (event) => {
      event.preventDefault();
      void this.relanguage(lang() === "zh" ? "en" : "zh");
    });
    window.addEventListener("popstate", () => this.open());
    window.addEventListener("pagehide", () => this.view.destroy?.());
    onTheme(() => this.#repaint(() => this.view.retheme?.()));
    let frame = 0;
    new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => this.#repaint(() => this.view.resize?.()));
    }).observe(byId("main"));
  }

  /** @param {() => void} change */
  #repaint(change) {
    if (!this.runs.shown) return;
    change();
    this.player.invalidate();
  }

  /** Everything on the page in another language; the run goes on. @param {string} code */
  async relanguage(code) {
    await speak(this.page, code);
    this.form.build();
    this.timebar.relanguage();
    tabs(this.siblings, this.experiment);
    this.branchBar.update();
    if (this.runs.shown) {
      if (this.runs.shown.scene) this.form.suggest(this.runs.shown.scene.note);
      this.view.relanguage?.();
    }
    restate();
    this.explain.again();
    this.player.invalidate();
    this.#status();
  }

  /** Keep the run shown to compare with the next, or let it go. */
  #pin() {
    const on = this.runs.pinned === null && this.runs.shown !== null;
    this.runs.pin(on);
    const { pinned } = this.runs;
    byId("pin").setAttribute("aria-pressed", String(on));
    this.view.pin?.(pinned?.scene ? { scene: pinned.scene, params: pinned.params, timeline: pinned.timeline } : null);
    this.player.invalidate();
    toast(t(on ? "shell.pin.on" : "shell.pin.off"));
    announce(t(on ? "shell.pin.on" : "shell.pin.off"), true);
  }

  /** @param {import("./types.js").Preset | null} preset whose caption stands over the picture */
  #caption(preset) {
    this.preset = preset;
    caption(preset, () => this.#caption(null));
  }
}
