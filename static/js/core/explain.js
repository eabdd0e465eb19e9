/**
 * The arithmetic of the value that is selected: formula, the same with this step's numbers, result,
 * and torch's own value beside it. Something is always selected.
 */

import { el, fill } from "./dom.js";
import { exact, latex, num } from "./format.js";
import { say, t } from "./i18n.js";
import { typeset } from "./math.js";
import { Lost } from "./socket.js";

/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./run.js").Run} Run */
/** @typedef {{latex: string, value: number, meaning?: import("./types.js").Message | null, target?: Target | null}} Term */
/** @typedef {{formula: string, substitution: string, value: number, terms?: Record<string, Term>, label?: import("./types.js").Message | null}} Equation */

/** At most five questions a second while playing. */
const PERIOD = 200;
/** Typesetting takes at most one part in so many of a playing page's time: the paths come first. */
const COSTS = 20;
/** Milliseconds that a question waits at most: the first answer also loads KaTeX, and says nothing of the next one's cost. */
const LONGEST = 1000;
const KEPT = 200;
/** Two roads to one float32 number may part by rounding: less than this, relative, is called equal. */
const NEAR = 1e-4;

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
    /** @type {Promise<void>[]} what is being typeset */
    this.setting = [];
    /** @type {any} what is shown, to say it again in another language */
    this.shown = null;
    /** @type {Target[]} the way back */
    this.trail = [];
    /** The target that is drawn, as text. */
    this.drawn = "";
    this.legendOpen = false;
    this.tip = el("div", { class: "tip", role: "tooltip", id: "exact-tip", hidden: true });
    document.body.append(this.tip);
    this.#tips();
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
      this.#render(kept, seq);
      return;
    }
    this.next = { seq };
    this.#pump();
  }

  /** Say what is shown again, in the language of now. */
  again() {
    if (this.shown) this.#render(this.shown.answer, this.shown.seq);
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
      if (key === this.#key(seq)) this.#render(answer, seq);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    }
  }

  /** @param {any} answer @param {number} seq */
  #render(answer, seq) {
    const begun = performance.now();
    if (this.shown?.answer !== answer) this.onShown(answer.problem ? null : answer, seq);
    this.shown = { answer, seq };
    this.setting = [];
    const focused = this.#focused();
    const back = el("button", { type: "button", class: "button small", hidden: !this.trail.length, onclick: () => this.#back() }, t("shell.explain.back"));
    if (answer.problem) {
      fill(this.host, this.#head(t("shell.explain.title"), back), el("p", { class: "muted" }, say(answer.problem)));
      return;
    }
    const title = say(answer.title);
    const equations = /** @type {Equation[]} */ (answer.equations ?? []);
    // The value itself comes first, then what it is made of in the order of computing.
    const [whole, ...lines] = [...equations.slice(-1), ...equations.slice(0, -1)].map((equation) => this.#equation(equation));
    const made = lines.length ? [el("p", { class: "caption where" }, t("shell.explain.where")), ...lines] : [];
    const remarks = (answer.remarks ?? []).map((/** @type {any} */ remark) => el("p", { class: "remark" }, say(remark)));
    fill(this.host, this.#head(title, back), ...(whole ? [whole] : []), ...this.#result(answer), ...remarks, ...made, this.#legend(equations));
    const boxes = /** @type {HTMLElement[]} */ ([...this.host.querySelectorAll(".formula")]);
    void Promise.all(this.setting).then(() => {
      shrink(boxes);
      this.cost = performance.now() - begun;
      this.#refocus(focused);
      // The first formulas are measured before their fonts are there.
      if (document.fonts.status === "loading") void document.fonts.ready.then(() => shrink(boxes));
    });
  }

  /** What of the panel has the keyboard's focus: which of the numbers that open, and of what; null: nothing. */
  #focused() {
    const at = document.activeElement;
    if (!at || !this.host.contains(at)) return null;
    return { index: [...this.host.querySelectorAll(".opens")].indexOf(at), target: this.drawn };
  }

  /** The same number a step later, or, where another value is shown now, the way back. @param {{index: number, target: string} | null} focused */
  #refocus(focused) {
    this.drawn = JSON.stringify(this.target);
    if (!focused || this.host.contains(document.activeElement)) return;
    const same = focused.target === this.drawn ? this.host.querySelectorAll(".opens")[focused.index] : null;
    /** @type {HTMLElement | null} */ (same ?? this.host.querySelector("button:not([hidden])"))?.focus();
  }

  /** @param {string} title @param {HTMLElement} back */
  #head(title, back) {
    const caption = el("p", { class: "caption" }, t("shell.explain.hint"));
    return el("header", { class: "card-head" }, el("h2", {}, title), caption, el("div", { class: "card-actions" }, back));
  }

  /** @param {Equation} equation */
  #equation(equation) {
    const terms = equation.terms ?? {};
    const formula = el("div", { class: "formula" });
    const numbers = el("div", { class: "formula numbers" });
    this.setting.push(typeset(formula, equation.formula, true));
    const value = `= \\htmlData{exact=${exact(toNumber(equation.value))}}{${latex(toNumber(equation.value))}}`;
    this.setting.push(typeset(numbers, `${substitute(equation.substitution, terms)} ${value}`, true, true).then(() => this.#terms(numbers, terms)));
    const label = equation.label ? el("p", { class: "caption" }, say(equation.label)) : null;
    return el("div", { class: "equation" }, label, formula, numbers);
  }

  /** The symbols with their meaning, each once; those with arithmetic of their own are buttons. @param {Equation[]} equations */
  #legend(equations) {
    /** @type {Map<string, Term>} */
    const terms = new Map();
    for (const equation of equations) for (const term of Object.values(equation.terms ?? {})) terms.set(term.latex, { ...terms.get(term.latex), ...term });
    const rows = [...terms.values()].map((term) => {
      const symbol = el("span", { class: "symbol" });
      void typeset(symbol, term.latex);
      const value = el("span", { class: "value", "data-exact": exact(toNumber(term.value)), tabindex: term.target ? null : 0 }, num(toNumber(term.value)));
      const meaning = el("span", { class: "meaning" }, term.meaning ? say(term.meaning) : "");
      const { target } = term;
      if (!target) return el("li", {}, el("span", { class: "term" }, symbol, meaning, value));
      return el("li", {}, el("button", { type: "button", class: "term", onclick: () => this.onSelect(target) }, symbol, meaning, value));
    });
    const fold = el("details", { class: "fold", hidden: !rows.length }, el("summary", {}, t("shell.explain.symbols")), el("ul", { class: "legend" }, ...rows));
    fold.open = this.legendOpen;
    fold.addEventListener("toggle", () => (this.legendOpen = fold.open));
    return fold;
  }

  /** @param {any} answer */
  #result(answer) {
    const { reference } = answer;
    if (!reference) return [];
    const difference = Math.abs(toNumber(reference.difference));
    const near = difference <= NEAR * Math.max(1, Math.abs(toNumber(answer.result)));
    const id = difference === 0 ? "shell.explain.parity.exact" : near ? "shell.explain.parity" : "shell.explain.parity.off";
    const line = el("p", { class: near ? "parity good" : "parity bad" });
    line.append(t(id, { name: reference.name, difference: num(difference, 2) }));
    line.setAttribute("data-exact", exact(toNumber(reference.value)));
    line.tabIndex = 0;
    return [line];
  }

  #back() {
    const target = this.trail.pop();
    if (!target) return;
    this.select(target, { back: true });
    this.onSelect(target);
    this.trail = this.trail.filter((_, index) => index < this.trail.length - 1);
  }

  /** Numbers in a formula show every digit, and open where they have arithmetic of their own. @param {HTMLElement} root @param {Record<string, Term>} terms */
  #terms(root, terms) {
    for (const node of root.querySelectorAll("[data-term]")) {
      const span = /** @type {HTMLElement} */ (node);
      const term = terms[span.dataset.term ?? ""];
      if (!term) continue;
      span.dataset.exact = exact(toNumber(term.value));
      const { target } = term;
      if (!target) continue;
      span.classList.add("opens");
      span.tabIndex = 0;
      span.setAttribute("role", "button");
      span.addEventListener("click", () => this.onSelect(target));
      span.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        this.onSelect(target);
      });
    }
  }

  /** Every digit of what the pointer or the focus is on. */
  #tips() {
    const show = (/** @type {Event} */ event) => {
      const at = event.target instanceof Element ? event.target.closest("[data-exact]") : null;
      this.tip.hidden = !at;
      if (!at) return;
      this.tip.textContent = at.getAttribute("data-exact");
      const box = at.getBoundingClientRect();
      const width = this.tip.offsetWidth;
      this.tip.style.left = `${Math.max(8, Math.min(window.innerWidth - width - 8, box.left + box.width / 2 - width / 2))}px`;
      this.tip.style.top = `${box.top - this.tip.offsetHeight - 6}px`;
    };
    document.addEventListener("pointerover", show);
    document.addEventListener("focusin", show);
    document.addEventListener("scroll", () => (this.tip.hidden = true), { capture: true, passive: true });
  }
}

/** JSON has no NaN: the server says null or the name. @param {unknown} value @returns {number} */
export function toNumber(value) {
  return value === null || value === undefined ? NaN : Number(String(value).replace("inf", "Infinity").replace("Infinityinity", "Infinity"));
}

/**
 * Put the numbers into `\num{NAME}`; a negative one after an operator or under a power gets parentheses.
 * @param {string} text
 * @param {Record<string, {value: number}>} terms
 */
export function substitute(text, terms) {
  return text.replace(/\\num\{(\w+)\}/g, (whole, name, offset) => {
    if (!(name in terms)) return `\\text{?}`;
    const value = toNumber(terms[name].value);
    const before = text.slice(0, offset).trimEnd();
    const power = /^\s*\^/.test(text.slice(offset + whole.length));
    const opened = before === "" || /[=({[,&]$/.test(before);
    const shown = latex(value);
    const wrap = (power && (value < 0 || shown.includes("times"))) || (value < 0 && !opened);
    return `\\htmlData{term=${name}}{${wrap ? `\\left(${shown}\\right)` : shown}}`;
  });
}

/**
 * Make long lines of arithmetic smaller, down to three quarters; beyond that they scroll. All are measured
 * before any is changed: one layout, not one for each.
 * @param {HTMLElement[]} boxes as just typeset
 */
function shrink(boxes) {
  for (const box of boxes) box.style.fontSize = "";
  const ratios = boxes.map((box) => (box.clientWidth - 24) / (box.querySelector(".katex-html")?.scrollWidth ?? 1));
  boxes.forEach((box, i) => {
    if (!(ratios[i] > 0 && ratios[i] < 1)) return;
    box.style.fontSize = `${Math.max(0.75, ratios[i])}em`;
    if (ratios[i] < 0.75) box.tabIndex = 0;
  });
}
