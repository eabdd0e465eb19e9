/**
 * What an explanation looks like: its value's formula with symbols and with this step's numbers, torch's own value
 * beside it, what it is made of, and what the symbols mean. `data-opens` marks what has arithmetic of its own.
 */

import { el } from "./dom.js";
import { exact, latex, num } from "./format.js";
import { say, t } from "./i18n.js";
import { typeset } from "./math.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {{latex: string, value: number, meaning?: Message | null, target?: Target | null}} Term */
/** @typedef {{formula: string, substitution: string, value: number, terms?: Record<string, Term>, label?: Message | null}} Equation */

/** Two roads to one float32 number may part by rounding: less than this, relative, is called equal. */
const NEAR = 1e-4;

/**
 * All of it, typeset.
 * @param {any} answer
 * @returns {Promise<HTMLElement[]>}
 */
export async function arithmetic(answer) {
  const equations = /** @type {Equation[]} */ (answer.equations ?? []);
  const legend = symbols(equations);
  // The value itself comes first, then what it is made of in the order of computing.
  const [whole, ...lines] = await Promise.all([...equations.slice(-1), ...equations.slice(0, -1)].map(written));
  const made = lines.length ? [el("p", { class: "caption where" }, t("shell.explain.where")), ...lines] : [];
  const remarks = (answer.remarks ?? []).map((/** @type {Message} */ remark) => el("p", { class: "remark" }, say(remark)));
  return [...(whole ? [whole] : []), ...parity(answer), ...remarks, ...made, await legend];
}

/** @param {Equation} equation */
async function written(equation) {
  const terms = equation.terms ?? {};
  const formula = el("div", { class: "formula" });
  const numbers = el("div", { class: "formula numbers" });
  const value = `= \\htmlData{exact=${exact(toNumber(equation.value))}}{${latex(toNumber(equation.value))}}`;
  await Promise.all([
    typeset(formula, equation.formula, true),
    typeset(numbers, equal(substitute(equation.substitution, terms), value), true, true),
  ]);
  mark(numbers, terms);
  const label = equation.label ? el("p", { class: "caption" }, say(equation.label)) : null;
  return el("div", { class: "equation" }, label, formula, numbers);
}

/** The value after the numbers: below them, where they are several lines. @param {string} numbers @param {string} value */
function equal(numbers, value) {
  const end = "\\end{aligned}";
  return numbers.endsWith(end) ? `${numbers.slice(0, -end.length)} \\\\ & ${value} ${end}` : `${numbers} ${value}`;
}

/** Numbers in a formula show every digit, and open where they have arithmetic of their own. @param {HTMLElement} root @param {Record<string, Term>} terms */
function mark(root, terms) {
  for (const node of root.querySelectorAll("[data-term]")) {
    const span = /** @type {HTMLElement} */ (node);
    const term = terms[span.dataset.term ?? ""];
    if (!term) continue;
    span.dataset.exact = exact(toNumber(term.value));
    if (!term.target) continue;
    span.dataset.opens = JSON.stringify(term.target);
    span.classList.add("opens");
    span.tabIndex = 0;
    span.setAttribute("role", "button");
  }
}

/** The symbols with their meaning, each once; those with arithmetic of their own are buttons. @param {Equation[]} equations */
async function symbols(equations) {
  /** @type {Map<string, Term>} */
  const terms = new Map();
  for (const equation of equations) for (const term of Object.values(equation.terms ?? {})) terms.set(term.latex, { ...terms.get(term.latex), ...term });
  const rows = await Promise.all([...terms.values()].map(row));
  return el("details", { class: "fold", hidden: !rows.length }, el("summary", {}, t("shell.explain.symbols")), el("ul", { class: "legend" }, ...rows));
}

/** @param {Term} term */
async function row(term) {
  const symbol = el("span", { class: "symbol" });
  await typeset(symbol, term.latex);
  const value = el("span", { class: "value", "data-exact": exact(toNumber(term.value)), tabindex: term.target ? null : 0 }, num(toNumber(term.value)));
  const meaning = el("span", { class: "meaning" }, term.meaning ? say(term.meaning) : "");
  if (!term.target) return el("li", {}, el("span", { class: "term" }, symbol, meaning, value));
  return el("li", {}, el("button", { type: "button", class: "term", "data-opens": JSON.stringify(term.target) }, symbol, meaning, value));
}

/** torch's own value of the same quantity, and how near it is. @param {any} answer */
function parity(answer) {
  const { reference } = answer;
  if (!reference) return [];
  const difference = Math.abs(toNumber(reference.difference));
  const near = difference <= NEAR * Math.max(1, Math.abs(toNumber(answer.result)));
  const id = difference === 0 ? "shell.explain.parity.exact" : near ? "shell.explain.parity" : "shell.explain.parity.off";
  const text = t(id, { name: reference.name, difference: num(difference, 2) });
  return [el("p", { class: near ? "parity good" : "parity bad", "data-exact": exact(toNumber(reference.value)), tabindex: 0 }, text)];
}

/** JSON has no NaN: the server says null or the name. @param {unknown} value @returns {number} */
function toNumber(value) {
  return value === null || value === undefined ? NaN : Number(String(value).replace("inf", "Infinity").replace("Infinityinity", "Infinity"));
}

/**
 * Put the numbers into `\num{NAME}`; a negative one after an operator or under a power gets parentheses.
 * @param {string} text
 * @param {Record<string, {value: number}>} terms
 */
function substitute(text, terms) {
  return text.replace(/\\num\{(\w+)\}/g, (whole, name, offset) => {
    if (!(name in terms)) return `\\text{?}`;
    const value = toNumber(terms[name].value);
    const before = text.slice(0, offset).trimEnd();
    const power = /^\s*\^/.test(text.slice(offset + whole.length));
    const opened = before === "" || /([=({[,&]|\\allowbreak)$/.test(before);
    const shown = latex(value);
    const wrap = (power && (value < 0 || shown.includes("times"))) || (value < 0 && !opened);
    return `\\htmlData{term=${name}}{${wrap ? `\\left(${shown}\\right)` : shown}}`;
  });
}

/**
 * Make what cannot go on in a next line smaller, down to three quarters; beyond that it scrolls. All are measured
 * before any is changed: one layout, not one for each.
 * @param {HTMLElement[]} boxes as just typeset
 */
export function shrink(boxes) {
  for (const box of boxes) box.style.fontSize = "";
  const ratios = boxes.map((box) => (box.clientWidth - 24) / (box.querySelector(".katex-html")?.scrollWidth ?? 1));
  boxes.forEach((box, i) => {
    if (!(ratios[i] > 0 && ratios[i] < 0.99)) return;
    box.style.fontSize = `${Math.max(0.75, ratios[i])}em`;
    if (ratios[i] < 0.75) box.tabIndex = 0;
  });
}
