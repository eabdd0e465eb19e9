/**
 * The arithmetic of the value that is selected: formula, the same with this step's numbers, result,
 * and torch's own value beside it. Something is always selected.
 */

import { arithmetic, shrink } from "./arithmetic.js";
import { el } from "./dom.js";
import { say, t } from "./i18n.js";
import { rewrite } from "./rewrite.js";
import { Lost } from "./socket.js";
import { Tips } from "./tips.js";

/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./run.js").Run} Run */

/** At most five questions a second while playing. */
const PERIOD = 200;
/** Typesetting takes at most one part in so many of a playing page's time: the paths come first. */
const COSTS = 20;
/** Milliseconds that a question waits at most: the first answer also loads KaTeX, and says nothing of the next one's cost. */
const LONGEST = 1000;
const KEPT = 200;
/** What of the panel may have the keyboard's focus: one of these, the first that it is. */
const PLACES = [".opens", "button.term", "summary", ".back", ".parity", ".value", ".formula"];

export class Explain {
  /**
   * @param {HTMLElement} host
   * @param {(target: Target) => void} onSelect a term was opened
   * @param {(explanation: any, seq: number) => void} [onShown] another answer is shown; null: nothing could be told
   */
  constructor(host, onSelect, onShown = () => undefined) {
    this.host = host;
    this.onSelect = onSelect;
    this.onShown = onShown;
    /** @type {Target | null} */
    this.target = null;
    /** @type {Map<string, any>} answers of this run, by seq and target */
    this.kept = new Map();
    /** @type {Run | null} */
    this.run = null;
    this.busy = false;
    /** @type {{seq: number} | null} the newest question that waits */
    this.next = null;
    this.asked = 0;
    /** Milliseconds that the last answer took to show. */
    this.cost = 0;
    this.timer = 0;
    /** @type {any} what is shown, to say it again in another language */
    this.shown = null;
    /** @type {Target[]} the way back */
    this.trail = [];
    /** How often something was drawn: what is typeset late must not come over what is newer. */
    this.drawn = 0;
    /** The focus goes to the way back, once what was opened is shown. */
    this.entered = false;
    this.legendOpen = false;
    this.tips = new Tips();
    this.#listen();
  }

  /** @param {Run} run */
  forRun(run) {
    if (run === this.run) return;
    this.run = run;
    this.kept.clear();
    this.next = null;
  }

  /** @param {Target | null} target @param {{back?: boolean}} [options] back: what was selected is no step of the way back */
  select(target, { back = false } = {}) {
    this.host.hidden = target === null;
    const same = JSON.stringify(target) === JSON.stringify(this.target);
    if (this.target && !back && !same) this.trail = [...this.trail.slice(-20), this.target];
    this.target = target;
  }

  /**
   * Show the target at frame `seq`, now or within a fifth of a second.
   * @param {number} seq
   */
  at(seq) {
    if (!this.target || !this.run) return;
    const kept = this.kept.get(this.#key(seq));
    if (kept) {
      this.next = null;
      void this.#render(kept, seq);
      return;
    }
    this.next = { seq };
    this.#pump();
  }

  /** Say what is shown again, in the language of now. */
  again() {
    if (this.shown) void this.#render(this.shown.answer, this.shown.seq);
  }

  /** @param {number} seq */
  #key(seq) {
    return `${seq} ${JSON.stringify(this.target)}`;
  }

  #pump() {
    if (this.busy || this.timer || !this.next) return;
    const wait = this.asked + Math.max(PERIOD, Math.min(LONGEST, COSTS * this.cost)) - performance.now();
    if (wait > 0) {
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        this.#pump();
      }, wait);
      return;
    }
    const { seq } = this.next;
    this.next = null;
    this.busy = true;
    this.asked = performance.now();
    void this.#ask(seq).finally(() => {
      this.busy = false;
      this.#pump();
    });
  }

  /** @param {number} seq */
  async #ask(seq) {
    const { run, target } = this;
    if (!run || !target) return;
    const key = this.#key(seq);
    try {
      const reply = await run.ask("explain", { seq, target });
      if (run !== this.run) return;
      const answer = reply.ok ? reply.explanation : { problem: reply.error };
      if (reply.ok) {
        if (this.kept.size >= KEPT) this.kept.delete(this.kept.keys().next().value ?? "");
        this.kept.set(key, answer);
      }
      if (key === this.#key(seq)) await this.#render(answer, seq);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    }
  }

  /** @param {any} answer @param {number} seq */
  async #render(answer, seq) {
    const begun = performance.now();
    if (this.shown?.answer !== answer) this.onShown(answer.problem ? null : answer, seq);
    this.shown = { answer, seq };
    this.drawn += 1;
    const { drawn } = this;
    const content = answer.problem ? [el("p", { class: "muted" }, say(answer.problem))] : await arithmetic(answer);
    if (drawn !== this.drawn) return;
    const place = this.#place();
    this.legendOpen = this.host.querySelector("details")?.open ?? this.legendOpen;
    for (const one of content) if (one instanceof HTMLDetailsElement) one.open = this.legendOpen;
    rewrite(this.host, this.#head(answer.problem ? t("shell.explain.title") : say(answer.title)), ...content);
    const boxes = /** @type {HTMLElement[]} */ ([...this.host.querySelectorAll(".formula")]);
    shrink(boxes);
    if (place) this.#focus(place);
    this.entered = false;
    this.tips.again();
    this.cost = performance.now() - begun;
    // The first formulas are measured before their fonts are there.
    if (document.fonts.status === "loading") void document.fonts.ready.then(() => shrink(boxes));
  }

  /** @param {string} title */
  #head(title) {
    const back = el("button", { type: "button", class: "button small back", hidden: !this.trail.length }, t("shell.explain.back"));
    const caption = el("p", { class: "caption" }, t("shell.explain.hint"));
    return el("header", { class: "card-head" }, el("h2", {}, title), caption, el("div", { class: "card-actions" }, back));
  }

  /** What has the keyboard's focus: the how manieth of its kind; null: nothing of the panel. */
  #place() {
    const at = document.activeElement;
    if (!at || !this.host.contains(at)) return null;
    const kind = PLACES.find((one) => at.matches(one)) ?? ".back";
    return { kind, index: [...this.host.querySelectorAll(kind)].indexOf(at) };
  }

  /**
   * The focus on the same place of what is written now. Most often it never left: its node stayed. Where a term was
   * opened it goes to the way back, and where its place is gone to the first that is there.
   * @param {{kind: string, index: number}} place
   */
  #focus({ kind, index }) {
    const same = this.entered ? null : this.host.querySelectorAll(kind)[index];
    for (const one of [same, this.host.querySelector(".back"), this.host.querySelector(".opens, summary")]) {
      /** @type {HTMLElement | null | undefined} */ (one)?.focus({ preventScroll: true });
      if (one && one === document.activeElement) return;
    }
  }

  /** On the panel itself: what is in it is written anew. */
  #listen() {
    const open = (/** @type {Event} */ event) => {
      const at = event.target instanceof Element ? event.target.closest("[data-opens], .back") : null;
      if (!at) return false;
      this.entered = true;
      if (at.matches(".back")) this.#back();
      else this.onSelect(JSON.parse(/** @type {HTMLElement} */ (at).dataset.opens ?? "null"));
      return true;
    };
    this.host.addEventListener("click", open);
    this.host.addEventListener("keydown", (event) => {
      // A button clicks itself.
      if ((event.key !== "Enter" && event.key !== " ") || event.target instanceof HTMLButtonElement || !open(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #back() {
    const target = this.trail.pop();
    if (!target) return;
    this.select(target, { back: true });
    this.onSelect(target);
    this.trail = this.trail.filter((_, index) => index < this.trail.length - 1);
  }
}
