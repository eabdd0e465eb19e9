/**
 * Elements made in one line: el("button", {class: "quiet", onclick: go}, icon("play"), "Play").
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [props] attributes; `on...` functions are listeners; false, null: left out
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/**
 * An icon of templates/icons.svg. It is decoration: the control that holds it carries the name.
 * @param {string} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button that shows an icon only; its name is read aloud and shown on hover.
 * @param {string} name the icon's
 * @param {string} label
 * @param {(event: MouseEvent) => void} onclick
 * @param {Record<string, any>} [props]
 */
export function iconButton(name, label, onclick, props = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/**
 * A card with a heading and a grey caption beside it.
 * @param {string} title
 * @param {string} [caption]
 */
export function card(title, caption = "") {
  const heading = el("h2", {}, title);
  const note = el("p", { class: "caption" }, caption);
  const actions = el("div", { class: "card-actions" });
  const head = el("header", { class: "card-head" }, heading, note, actions);
  const body = el("div", { class: "card-body" });
  return { element: el("section", { class: "card" }, head, body), head, heading, caption: note, actions, body };
}

/**
 * The element of the page with this id; a page without it is broken.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** @param {HTMLElement} element @param {...Node} children */
export function fill(element, ...children) {
  element.replaceChildren(...children);
}

let made = 0;

/** An id no other element has. @param {string} prefix */
export function freshId(prefix) {
  made += 1;
  return `${prefix}-${made}`;
}
