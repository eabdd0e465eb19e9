/**
 * A lab's page: the parts of core/ put together around one experiment and its drawing module.
 */

import { announce, copy } from "./announce.js";
import { branched, leaves } from "./branch.js";
import { byId, el, fill, icon } from "./dom.js";
import { Explain } from "./explain.js";
import * as exports from "./export.js";
import { Form } from "./form.js";
import * as format from "./format.js";
import { first, lang, load, retranslate, say, t } from "./i18n.js";
import { listen } from "./keys.js";
import * as link from "./link.js";
import { menu } from "./menu.js";
import { Player } from "./player.js";
import * as plots from "./plots.js";
import { presetDialog } from "./presets.js";
import { Runs } from "./runs.js";
import { Lost } from "./socket.js";
import { banner, notice, sentence, status, toast } from "./status.js";
import { onTheme, reducedMotion, theme } from "./theme.js";
import { Timebar } from "./timebar.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./types.js").Experiment} Experiment */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").FieldError} FieldError */
/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./status.js").Action} Action */
/** @typedef {{root: string, lab: string, lang: string, locales: Record<string, string>}} PageData */

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
    /** @type {Params} what a step back undoes to */
    this.settled = structuredClone(experiment.defaults);
    /** @type {Params[]} */
    this.undone = [];
    /** The step from which changes hold; null: they start the run anew. @type {number | null} */
    this.from = null;
    /** @type {import("./types.js").Preset | null} */
    this.preset = null;
    this.typing = 0;
    this.framesCame = false;
    /** @type {Params | null} the params last asked for */
    this.asked = null;
    this.anew = el("button", { type: "button", onclick: () => this.#holdFrom(null) });
    this.onward = el("button", { type: "button", id: "branch-here", onclick: () => this.#holdFrom(this.player.seq) });
    byId("branch-choice").append(this.anew, this.onward);

    this.player = new Player({ draw: (seq) => this.#draw(seq), changed: () => this.#moved() });
    this.explain = new Explain(
      byId("explain"),
      (target) => this.#select(target),
      (explanation, seq) => this.view.explained?.(explanation, seq),
    );
    this.timebar = new Timebar(this.player, (mode) => {
      this.runs.setMode(mode);
      this.#moved();
    });
    this.form = new Form(byId("form"), experiment, (params, { commit }) => this.#edited(params, commit));
    this.view = mount(this.#stage());
    const scheme = window.location.protocol === "https:" ? "wss" : "ws";
    this.runs = new Runs(`${scheme}://${window.location.host}${page.root}/ws`, experiment.name, {
      show: (run, wish) => this.#show(run, wish),
      frames: () => void (this.framesCame = true),
      refused: (reply) => this.#refused(reply),
      failed: (run) => this.#failed(run),
      changed: () => this.#status(),
      broken: (error) => banner(t("shell.error.broken", { text: error.message })),
    });
    this.#controls();
    this.#tabs();
    this.open();
  }

  /** Start what the address says. */
  open() {
    const place = link.read(window.location, this.experiment);
    const params = { ...structuredClone(this.experiment.defaults), ...place.params };
    this.form.set(params);
    this.settled = params;
    if (place.version !== null && place.version !== this.experiment.version)
      notice(el("p", {}, t("shell.link.version", { was: place.version, now: this.experiment.version })));
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

  /** @returns {import("./types.js").Stage} */
  #stage() {
    const lab = this;
    return {
      main: byId("main"),
      small: byId("small"),
      numbers: byId("numbers"),
      t,
      format,
      plots,
      theme,
      lang,
      reducedMotion,
      params: () => this.runs.shown?.params ?? this.form.values,
      edit: (partial, { commit = true } = {}) => {
        const params = { ...this.form.values, ...partial };
        this.form.set(params);
        this.#edited(params, commit, true);
      },
      get timeline() {
        if (!lab.runs.shown) throw new Error("no run is shown yet");
        return lab.runs.shown.timeline;
      },
      player: {
        get seq() {
          return lab.player.seq;
        },
        get playing() {
          return lab.player.playing;
        },
        seek: (seq) => {
          this.player.pause();
          this.player.seek(seq);
        },
      },
      select: (target, { trail = true } = {}) => this.#select(target, trail),
      selected: () => this.explain.target,
      fetch: (seq, name, slice) => this.runs.shown?.fetch(seq, name, slice) ?? Promise.reject(new Lost("no run is shown yet")),
      branch: (seq, set) => this.#branch(seq, set),
      announce: (text) => announce(text, true),
      experiment: this.experiment,
    };
  }

  /** A control changed. @param {Params} params @param {boolean} commit @param {boolean} [dragged] */
  #edited(params, commit, dragged = false) {
    window.clearTimeout(this.typing);
    if (!commit && !dragged) {
      this.typing = window.setTimeout(() => this.#edited(params, true), TYPING);
      return;
    }
    if (this.from !== null && !dragged) {
      const base = this.runs.shown?.params ?? this.settled;
      const set = leaves(base, { ...params, changes: base.changes });
      if (set === null) {
        banner(t("shell.branch.refused"));
        this.form.set(base);
      } else if (Object.keys(set).length) this.#branch(this.from, set);
      return;
    }
    if (commit && !link.same(params, this.settled)) this.#settle(params);
    // What is dragged bends under the pointer: the play head stays where it is.
    const place = dragged && !commit ? { at: this.player.seq, play: this.player.playing } : {};
    if (!link.same(params, this.asked)) this.start(params, place);
  }

  /** The params are meant: one step that can be undone, one entry of the browser's history. @param {Params} params */
  #settle(params) {
    this.undone = [...this.undone.slice(-49), this.settled];
    this.settled = structuredClone(params);
    /** @type {HTMLButtonElement} */ (byId("undo")).disabled = false;
    if (this.preset && !link.same({ ...this.experiment.defaults, ...this.preset.params }, params)) this.#caption(null);
    window.history.pushState(null, "", this.#url(params));
  }

  undo() {
    const params = this.undone.pop();
    if (!params) return;
    /** @type {HTMLButtonElement} */ (byId("undo")).disabled = !this.undone.length;
    this.settled = params;
    this.form.set(params);
    window.history.replaceState(null, "", this.#url(params));
    this.start(params);
    announce(t("shell.undo.done"), true);
  }

  /** Go on from frame `seq` with other settings. @param {number} seq @param {Params} set */
  #branch(seq, set) {
    const run = this.runs.shown;
    if (!run) return;
    const params = branched(run.params, seq, set);
    this.form.set(params);
    this.#settle(params);
    this.start(params, { at: seq, play: !reducedMotion() });
  }

  /** @param {Params} params @param {{at?: number | null, run?: string | null}} [options] */
  #url(params, options = {}) {
    const lone = this.siblings[0] === this.experiment;
    return window.location.pathname + link.write(this.experiment, params, { ...options, first: lone });
  }

  /** @param {Run} run @param {import("./runs.js").Wish} wish */
  #show(run, wish) {
    banner("");
    this.form.errors([]);
    this.explain.forRun(run);
    if (wish.follow) {
      this.form.set(run.params);
      this.settled = structuredClone({ ...this.experiment.defaults, ...run.params });
    }
    if (run.scene) {
      this.form.suggest(run.scene.note);
      this.view.scene(run.scene, run.params);
    }
    this.player.show(run, wish.at, wish.play);
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
    this.#branchBar();
    this.#status();
  }

  #status() {
    const { runs } = this;
    if (!runs) return;
    const run = runs.pending ?? runs.shown;
    if (runs.down !== null) status(runs.down === 0 ? t("shell.status.connecting") : t("shell.status.lost"));
    else if (!run) status(runs.busy ? t("shell.status.starting") : "");
    else if (runs.pending) status(sentence(run) || t("shell.status.computing"));
    else if (!run.ended && sentence(run)) status(sentence(run));
    else if (this.player.waiting) status(t("shell.status.computing"));
    else if (run.mode === "live" && run.skipped) status(t("shell.status.gap", { count: run.skipped }), false);
    else if (run.follows) status(t("shell.status.following", { viewers: run.viewers }), false);
    else if (run.viewers > 1) status(t("shell.status.watched", { viewers: run.viewers - 1 }), false);
    else status("");
  }

  /** The params were bad: sentences beside their fields, the picture stays. @param {import("./socket.js").Reply} reply */
  #refused(reply) {
    if (this.runs.current?.follow) {
      notice(el("p", {}, t("shell.follow.gone")));
      this.start(this.form.values);
      return;
    }
    this.#mend(reply.error, reply.fields, null);
    this.#status();
  }

  /** The run stopped with an error: the same, and where no field would mend it, it can be tried again. @param {Run} run */
  #failed(run) {
    const again = { label: t("shell.error.again"), run: () => this.start(run.params) };
    this.#mend(run.error, run.fields, again);
  }

  /** @param {Message | null | undefined} error @param {FieldError[]} fields @param {Action | null} otherwise where no field would mend it */
  #mend(error, fields, otherwise) {
    const rest = this.form.errors(fields);
    const marked = rest.length < fields.length;
    const text = rest.map((one) => say(one.message)).join(" ") || (marked ? t("shell.error.fields") : say(error));
    const show = { label: t("shell.error.show"), run: () => this.form.focusError() };
    const defaults = { label: t("shell.error.defaults"), run: () => this.#reset() };
    // Without a picture to go back to, the defaults are the way out.
    const mending = this.runs.shown ? marked && show : defaults;
    banner(text || t("shell.error.failed"), (fields.length ? mending : otherwise ?? (this.runs.shown ? null : defaults)) || null);
  }

  #reset() {
    banner("");
    this.form.set(this.experiment.defaults);
    this.#settle(this.experiment.defaults);
    this.start(this.experiment.defaults);
  }

  /** @param {Target} target @param {boolean} [trail] whether what was selected is a step of the way back */
  #select(target, trail = true) {
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
    byId("share").addEventListener("click", () => void this.#share(false));
    byId("pin").addEventListener("click", () => this.#pin());
    byId("presets").hidden = !this.experiment.presets.length;
    byId("presets").addEventListener("click", () =>
      presetDialog(this.experiment.presets, (preset) => {
        const params = { ...structuredClone(this.experiment.defaults), ...structuredClone(preset.params) };
        this.form.set(params);
        this.preset = preset;
        this.#settle(params);
        this.#caption(preset);
        this.start(params);
      }),
    );
    menu(byId("export"), () => this.#exports());
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
    await load(code, this.page.locales[code]);
    document.cookie = `lang=${code}; path=${this.page.root || "/"}; max-age=31536000; samesite=lax`;
    const button = byId("language");
    const other = code === "zh" ? "en" : "zh";
    button.textContent = other === "zh" ? "中文" : "English";
    button.lang = other === "zh" ? "zh-CN" : "en";
    button.setAttribute("href", `?lang=${other}`);
    retranslate(document);
    document.title = `${t(`shell.lab.${this.page.lab}`)} · ${t("shell.name")}`;
    this.form.build();
    this.timebar.relanguage();
    this.#tabs();
    this.#branchBar();
    if (this.runs.shown) {
      if (this.runs.shown.scene) this.form.suggest(this.runs.shown.scene.note);
      this.view.relanguage?.();
    }
    this.#caption(this.preset);
    this.explain.again();
    this.player.invalidate();
    this.#status();
  }

  #tabs() {
    const tabs = byId("tabs");
    tabs.hidden = this.siblings.length < 2;
    const links = this.siblings.map((one, index) => {
      const short = one.name.split("/")[1];
      const label = first([`${one.lab}.${short}.title`, `${one.lab}.${short}`], short);
      const href = index === 0 ? window.location.pathname : `?experiment=${short}`;
      return el("a", { href, "aria-current": one === this.experiment ? "page" : null }, label);
    });
    fill(tabs, ...links);
  }

  /** "A change of settings holds: from the start | from step 99". */
  #branchBar() {
    const run = this.runs?.shown;
    const bar = byId("branch");
    bar.hidden = !("changes" in (this.experiment.schema.properties ?? {}));
    if (bar.hidden) return;
    const seq = this.from ?? this.player.seq;
    const inside = this.from !== null || (run !== null && run !== undefined && seq > 0 && seq < run.end);
    this.anew.textContent = t("shell.branch.start");
    this.onward.textContent = t("shell.branch.step", { step: seq });
    this.anew.setAttribute("aria-pressed", String(this.from === null));
    this.onward.setAttribute("aria-pressed", String(this.from !== null));
    this.onward.disabled = !inside;
  }

  /** @param {number | null} from changes hold from this step; null: they start the run anew */
  #holdFrom(from) {
    if (from !== null) this.player.pause();
    this.from = from;
    this.#branchBar();
    announce(t(from === null ? "shell.branch.anew" : "shell.branch.on", { step: from ?? 0 }), true);
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

  /** @param {import("./types.js").Preset | null} preset */
  #caption(preset) {
    this.preset = preset;
    if (!preset) return notice();
    const cite = preset.citation ? el("cite", {}, preset.citation) : null;
    const close = el("button", { type: "button", class: "icon-button", "aria-label": t("shell.close"), title: t("shell.close"), onclick: () => this.#caption(null) }, icon("close"));
    notice(el("p", {}, el("strong", {}, say(preset.title)), " ", say(preset.caption), " ", ...(cite ? [cite] : [])), close);
  }

  /** @param {boolean} live a link that follows this very run */
  async #share(live) {
    const { seq, playing } = this.player;
    const run = this.runs.shown;
    const inside = !playing && seq > 0 && run !== null && seq < run.end;
    const url = window.location.origin + this.#url(run?.params ?? this.settled, live ? { run: run?.id ?? null } : { at: inside ? seq : null });
    const done = await copy(url);
    toast(t(done ? "shell.share.done" : "shell.share.failed"));
    announce(t(done ? "shell.share.done" : "shell.share.failed"), true);
  }

  #exports() {
    const run = this.runs.shown;
    if (!run) return [];
    const name = this.experiment.name.replace("/", "-");
    const changed = link.differing(run.params, this.experiment.defaults);
    const held = t("shell.export.held", { first: run.timeline.first, last: run.timeline.last });
    const code = (/** @type {string} */ text) => void copy(text).then((done) => toast(t(done ? "shell.copied" : "shell.share.failed")));
    return [
      { label: t("shell.export.png"), run: () => void exports.picture(byId("main"), name) },
      { label: t("shell.export.csv"), note: held, run: () => exports.save(`${name}.csv`, exports.csv(run).map((line) => `${line}\n`), "text/csv") },
      { label: t("shell.export.json"), note: held, run: () => exports.save(`${name}.json`, [exports.json(run)], "application/json") },
      { label: t("shell.export.pytorch"), note: t("shell.export.pytorch.note"), run: () => void this.#script(run, code) },
      { label: t("shell.export.python"), run: () => code(exports.pythonLines(run.experiment, changed)) },
      { label: t("shell.export.command"), run: () => code(exports.commandLine(run.experiment, changed)) },
      { label: t("shell.export.follow"), note: t("shell.export.follow.note"), run: () => void this.#share(true) },
    ];
  }

  /** @param {Run} run @param {(text: string) => void} give */
  async #script(run, give) {
    try {
      const reply = await run.ask("script");
      if (reply.ok && reply.script) give(reply.script);
      else banner(say(reply.error) || t("shell.error.failed"));
    } catch {
      banner(t("shell.status.lost"));
    }
  }
}
