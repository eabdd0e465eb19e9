/**
 * Text as typed: a line, or as many as the schema's `lines`; a line of code; or a small value written as JSON.
 */

import { el } from "../dom.js";
import { messageIds, registerWidget } from "../field.js";
import { first, t } from "../i18n.js";

/** @typedef {import("../field.js").WidgetContext} WidgetContext */
/** @typedef {import("../field.js").Widget} Widget */

/** @param {WidgetContext} context @param {HTMLInputElement | HTMLTextAreaElement} input @returns {Widget} */
function textual({ schema, value, onInput, prefix, path }, input) {
  input.value = value ?? "";
  const read = (/** @type {boolean} */ commit) => {
    const text = input.value;
    const problem = schema.maxLength && text.length > schema.maxLength ? t("shell.error.long", { most: schema.maxLength, got: text.length }) : "";
    onInput(text.trim() === "" && schema.nullable ? null : text, { commit, problem });
  };
  input.addEventListener("input", () => read(false));
  input.addEventListener("change", () => read(true));
  const names = el("datalist", { id: `${input.id}-names` });
  /** What an empty field will mean, or the names that there are. @param {unknown} next */
  const suggest = (next) => {
    input.placeholder = typeof next === "string" ? next : "";
    if (Array.isArray(next)) {
      names.replaceChildren(...next.map((name) => el("option", { value: String(name), label: first(messageIds(prefix, path).map((id) => `${id}.${name}`), String(name)) })));
      input.setAttribute("list", names.id);
      if (!names.isConnected) input.after(names);
    }
  };
  return {
    element: input,
    suggest,
    set: (next) => void (input.value = next ?? ""),
    raw: () => input.value,
    setRaw: (text) => void (input.value = text),
  };
}

registerWidget("text", (context) => {
  const { id, describedby, schema } = context;
  const more = { id, autocomplete: "off", "aria-describedby": describedby };
  return textual(context, schema.lines ? el("textarea", { ...more, rows: schema.lines, spellcheck: "false" }) : el("input", { ...more, type: "text" }));
});

registerWidget("code", (context) => {
  if (context.schema.type === "string") {
    const one = el("input", { id: context.id, type: "text", class: "code", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": context.describedby });
    return textual(context, one);
  }
  const area = el("textarea", { id: context.id, class: "code", rows: 3, spellcheck: "false", "aria-describedby": context.describedby });
  const { nullable } = context.schema;
  const show = (/** @type {any} */ value) => void (area.value = value === null && nullable ? "" : (JSON.stringify(value, null, 1) ?? ""));
  const read = (/** @type {boolean} */ commit) => {
    try {
      context.onInput(area.value.trim() === "" && nullable ? null : JSON.parse(area.value), { commit });
    } catch {
      context.onInput(null, { commit, problem: t("shell.error.json") });
    }
  };
  area.addEventListener("input", () => read(false));
  area.addEventListener("change", () => read(true));
  show(context.value);
  return { element: area, set: show, raw: () => area.value, setRaw: (text) => void (area.value = text) };
});
