/**
 * The controls that every lab has: number, slider, choice, switch, text, code, matrix, point, object,
 * variant, changes. A lab registers its own beside them (core/form.js).
 */

import { el, iconButton, fill } from "./dom.js";
import { exact, num } from "./format.js";
import { choiceAbout, choiceLabel, Field, pretty, registerWidget } from "./form.js";
import { t } from "./i18n.js";
import { bounds, defaultOf, resolve } from "./schema.js";

/** @typedef {import("./form.js").WidgetContext} WidgetContext */
/** @typedef {import("./form.js").Widget} Widget */

/**
 * A number as typed: "-0.3", "−0.3", "1e-8", "1,000"; or the sentence that says what is wrong.
 * @param {string} text
 * @param {Record<string, any>} schema
 * @returns {{value: number | null, problem: string}}
 */
export function readNumber(text, schema) {
  const clean = text.trim().replaceAll("−", "-").replaceAll(/,(?=\d{3}\b)/g, "").replaceAll("_", "");
  if (clean === "") return schema.nullable ? { value: null, problem: "" } : { value: null, problem: t("shell.error.empty") };
  const value = Number(clean);
  const whole = schema.type === "integer";
  if (!Number.isFinite(value)) return { value: null, problem: t("shell.error.number", { got: text.trim() }) };
  if (whole && !Number.isInteger(value)) return { value: null, problem: t("shell.error.integer", { got: text.trim() }) };
  const { low, high, openLow, openHigh } = bounds(schema);
  const got = exact(value);
  if (value < low || (openLow && value === low))
    return { value: null, problem: t(openLow ? "shell.error.above" : "shell.error.atleast", { low: exact(low), got }) };
  if (value > high || (openHigh && value === high))
    return { value: null, problem: t(openHigh ? "shell.error.below" : "shell.error.atmost", { high: exact(high), got }) };
  return { value, problem: "" };
}

/**
 * The text a number field shows: every digit, but an ASCII minus so that it can be edited anywhere.
 * @param {number | null | undefined} value
 */
export function writeNumber(value) {
  return value === null || value === undefined ? "" : String(value);
}

/**
 * One more or one less in the second significant digit (integers: by one).
 * @param {number} value @param {number} direction @param {boolean} whole
 */
function nudged(value, direction, whole) {
  const unit = whole ? 1 : value === 0 ? 0.01 : 10 ** (Math.floor(Math.log10(Math.abs(value))) - 1);
  return Number((value + direction * unit).toPrecision(12));
}

/**
 * An input that reads a number; arrow keys nudge it.
 * @param {{schema: Record<string, any>, value: any, id?: string, describedby?: string, label?: string,
 *   onInput: (value: number | null, options: import("./form.js").InputOptions) => void}} options
 */
export function numberInput({ schema, value, id, describedby, label, onInput }) {
  const input = el("input", { id, type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-describedby": describedby });
  if (label) input.setAttribute("aria-label", label);
  input.value = writeNumber(value);
  let told = input.value;
  const read = (/** @type {boolean} */ commit) => {
    const result = readNumber(input.value, schema);
    if (commit && input.value === told) return;
    if (commit) told = input.value;
    onInput(result.value, { commit, problem: result.problem });
  };
  input.addEventListener("input", () => read(false));
  input.addEventListener("change", () => read(true));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    const { value: now } = readNumber(input.value, schema);
    if (now === null) return;
    event.preventDefault();
    const next = nudged(now, event.key === "ArrowUp" ? 1 : -1, schema.type === "integer");
    if (readNumber(String(next), schema).problem) return;
    input.value = writeNumber(next);
    read(false);
  });
  return input;
}

registerWidget("number", (context) => {
  const input = numberInput(context);
  return {
    element: input,
    set: (value) => void (input.value = writeNumber(value)),
    suggest: (value) => void (input.placeholder = typeof value === "number" ? num(value) : ""),
    raw: () => input.value,
    setRaw: (text) => void (input.value = text),
  };
});

const NOTCHES = 1000;

registerWidget("slider", (context) => {
  const { schema, label, onInput } = context;
  const { low, high } = bounds(schema);
  const log = Boolean(schema.log) && low > 0;
  const place = (/** @type {number} */ value) =>
    Math.round(NOTCHES * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low)));
  const valueAt = (/** @type {number} */ notch) => {
    const part = notch / NOTCHES;
    const value = log ? low * (high / low) ** part : low + part * (high - low);
    return schema.type === "integer" ? Math.round(value) : Math.min(high, Math.max(low, Number(value.toPrecision(3))));
  };
  const slide = el("input", { type: "range", min: 0, max: NOTCHES, "aria-label": label });
  const input = numberInput({
    ...context,
    onInput: (value, options) => {
      if (value !== null) slide.value = String(place(value));
      onInput(value, options);
    },
  });
  const show = (/** @type {number | null} */ value) => {
    input.value = writeNumber(value);
    if (value !== null && value !== undefined) slide.value = String(place(value));
    slide.setAttribute("aria-valuetext", input.value);
  };
  for (const kind of ["input", "change"])
    slide.addEventListener(kind, () => {
      const value = valueAt(Number(slide.value));
      input.value = writeNumber(value);
      slide.setAttribute("aria-valuetext", input.value);
      onInput(value, { commit: kind === "change" });
    });
  show(context.value);
  return { element: el("div", { class: "slider" }, slide, input), set: show, raw: () => input.value, setRaw: (text) => void (input.value = text) };
});

registerWidget("choice", ({ schema, value, id, describedby, onInput, prefix, path }) => {
  const select = el("select", { id, "aria-describedby": `${describedby} ${id}-about` });
  const about = el("p", { class: "choice-about", id: `${id}-about` });
  if (schema.nullable) select.append(el("option", { value: "" }, t("shell.form.none")));
  const options = schema.enum ?? [];
  for (const [index, option] of options.entries()) select.append(el("option", { value: String(index) }, choiceLabel(prefix, path, option)));
  const chosen = () => (select.value === "" ? null : options[Number(select.value)]);
  const tell = () => {
    about.textContent = chosen() === null ? "" : choiceAbout(prefix, path, chosen());
    about.hidden = !about.textContent;
  };
  const set = (/** @type {any} */ next) => {
    select.value = next === null ? "" : String(options.indexOf(next));
    tell();
  };
  select.addEventListener("change", () => {
    tell();
    onInput(chosen(), { commit: true });
  });
  set(value);
  return { element: el("div", { class: "choice" }, select, about), set };
});

registerWidget("switch", ({ value, id, describedby, onInput }) => {
  const input = el("input", { id, type: "checkbox", role: "switch", "aria-describedby": describedby });
  input.checked = Boolean(value);
  input.addEventListener("change", () => onInput(input.checked, { commit: true }));
  return { element: input, set: (next) => void (input.checked = Boolean(next)) };
});

/** @param {WidgetContext} context @param {HTMLInputElement | HTMLTextAreaElement} input @returns {Widget} */
function textual({ schema, value, onInput }, input) {
  input.value = value ?? "";
  const read = (/** @type {boolean} */ commit) => {
    const text = input.value;
    const problem = schema.maxLength && text.length > schema.maxLength ? t("shell.error.long", { most: schema.maxLength, got: text.length }) : "";
    onInput(text.trim() === "" && schema.nullable ? null : text, { commit, problem });
  };
  input.addEventListener("input", () => read(false));
  input.addEventListener("change", () => read(true));
  return {
    element: input,
    set: (next) => void (input.value = next ?? ""),
    suggest: (next) => void (input.placeholder = typeof next === "string" ? next : ""),
    raw: () => input.value,
    setRaw: (text) => void (input.value = text),
  };
}

registerWidget("text", (context) =>
  textual(context, el("input", { id: context.id, type: "text", autocomplete: "off", "aria-describedby": context.describedby })),
);

registerWidget("code", (context) => {
  if (context.schema.type === "string") {
    const one = el("input", { id: context.id, type: "text", class: "code", autocomplete: "off", autocapitalize: "off", spellcheck: "false", "aria-describedby": context.describedby });
    return textual(context, one);
  }
  const area = el("textarea", { id: context.id, class: "code", rows: 3, spellcheck: "false", "aria-describedby": context.describedby });
  const show = (/** @type {any} */ value) => void (area.value = JSON.stringify(value, null, 1) ?? "");
  const read = (/** @type {boolean} */ commit) => {
    try {
      context.onInput(JSON.parse(area.value), { commit });
    } catch {
      context.onInput(null, { commit, problem: t("shell.error.json") });
    }
  };
  area.addEventListener("input", () => read(false));
  area.addEventListener("change", () => read(true));
  show(context.value);
  return { element: area, set: show, raw: () => area.value, setRaw: (text) => void (area.value = text) };
});

/**
 * Rows of numbers: a line a row, numbers parted by spaces, commas or tabs; brackets are ignored.
 * @param {string} text
 * @returns {{value: number[][], problem: string}}
 */
export function readMatrix(text) {
  const lines = text
    .replaceAll("−", "-")
    .replaceAll(/\]\s*,?\s*\[/g, "\n")
    .replaceAll(/[[\]]/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const value = lines.map((line) => line.split(/[\s,;]+/).filter(Boolean).map(Number));
  const bad = value.findIndex((row) => row.some((number) => !Number.isFinite(number)));
  if (bad >= 0) return { value, problem: t("shell.error.row", { row: bad + 1, got: lines[bad] }) };
  if (value.some((row) => row.length !== value[0].length)) return { value, problem: t("shell.error.ragged") };
  return { value, problem: "" };
}

registerWidget("matrix", ({ schema, value, id, describedby, onInput }) => {
  const area = el("textarea", { id, class: "code", rows: 4, spellcheck: "false", "aria-describedby": describedby });
  const show = (/** @type {any} */ next) => void (area.value = (next ?? []).map((/** @type {number[]} */ row) => row.join("  ")).join("\n"));
  const read = (/** @type {boolean} */ commit) => {
    const result = readMatrix(area.value);
    const empty = !result.value.length;
    onInput(empty && schema.nullable ? null : result.value, { commit, problem: result.problem });
  };
  area.addEventListener("input", () => read(false));
  area.addEventListener("change", () => read(true));
  show(value);
  return { element: area, set: show, raw: () => area.value, setRaw: (text) => void (area.value = text) };
});

const AXES = ["x", "y", "z"];

registerWidget("point", ({ schema, defs, value, id, describedby, onInput, label }) => {
  /** @type {string[]} */
  const axes = schema.axes ?? AXES;
  const parts = schema.prefixItems ?? Array.from({ length: schema.minItems ?? 2 }, () => schema.items ?? { type: "number" });
  /** @type {(number | null)[]} */
  let now = value ?? parts.map(() => null);
  /** @type {any[] | null} */
  let hint = null;
  const inputs = parts.map((/** @type {any} */ part, /** @type {number} */ index) =>
    numberInput({
      schema: { ...resolve(part, defs), nullable: true },
      value: now[index],
      id: index === 0 ? id : undefined,
      describedby,
      label: `${label} ${axes[index]}`,
      onInput: (next, { commit, problem }) => {
        now = now.map((old, place) => (place === index ? next : old));
        const empty = now.every((one) => one === null);
        // A half-given point takes the other half from what the empty field meant.
        const whole = now.map((one, place) => one ?? hint?.[place] ?? 0);
        onInput(empty && schema.nullable ? null : whole, { commit, problem });
      },
    }),
  );
  const set = (/** @type {any} */ next) => {
    now = next ?? parts.map(() => null);
    inputs.forEach((/** @type {HTMLInputElement} */ input, /** @type {number} */ index) => {
      if (document.activeElement !== input || Number(input.value) !== now[index]) input.value = writeNumber(round(now[index]));
    });
  };
  const element = el("div", { class: "point" }, ...inputs.map((/** @type {HTMLElement} */ input, /** @type {number} */ index) => el("span", { class: "axis", "data-axis": axes[index] }, input)));
  return {
    element,
    set,
    suggest: (next) => {
      hint = Array.isArray(next) ? next : null;
      inputs.forEach((/** @type {HTMLInputElement} */ input, /** @type {number} */ index) => void (input.placeholder = hint ? num(hint[index]) : ""));
    },
  };
});

/** A dragged point has more digits than anyone reads. @param {number | null} value */
function round(value) {
  return value === null ? null : Number(value.toPrecision(6));
}

/**
 * The fields of an object, one under another.
 * @param {WidgetContext} context
 * @param {Record<string, any>} schema
 * @param {Record<string, any>} start
 * @returns {{fields: Map<string, Field>, element: HTMLElement, set: (value: any) => void, errors: (list: import("./form.js").Problem[]) => void}}
 */
function subform({ defs, path, prefix, onInput }, schema, start) {
  let values = { ...start };
  /** @type {Map<string, Field>} */
  const fields = new Map();
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const full = resolve(raw, defs);
    if (full.const !== undefined) continue;
    fields.set(
      name,
      new Field({
        schema: full,
        defs,
        value: values[name],
        path: [...path, name],
        prefix,
        onInput: (value, commit) => {
          values = { ...values, [name]: value };
          onInput(values, { commit });
        },
      }),
    );
  }
  return {
    fields,
    element: el("div", { class: "fields" }, ...[...fields.values()].map((field) => field.element)),
    set: (value) => {
      values = { ...value };
      for (const [name, field] of fields) field.widget.set(values[name]);
    },
    errors: (list) => {
      for (const [name, field] of fields) {
        const own = list.filter((one) => one.path.includes(name));
        field.served(own.map((one) => ({ path: one.path.slice(one.path.indexOf(name) + 1), text: one.text })));
      }
    },
  };
}

registerWidget("object", (context) => {
  const { element, set, errors } = subform(context, context.schema, context.value ?? defaultOf(context.schema, context.defs));
  return { element, set, errors };
});

registerWidget("variant", (context) => {
  const { schema, defs, id, describedby, onInput, prefix, path } = context;
  const tag = schema.discriminator.propertyName;
  /** @type {Map<string, any>} */
  const variants = new Map();
  for (const option of schema.oneOf) {
    const full = resolve(option, defs);
    const names = full.properties[tag].enum ?? [full.properties[tag].const ?? full.properties[tag].default];
    for (const name of names) variants.set(name, full);
  }
  const select = el("select", { id, "aria-describedby": describedby });
  if (schema.nullable) select.append(el("option", { value: "" }, t("shell.form.none")));
  for (const name of variants.keys()) select.append(el("option", { value: name }, choiceLabel(prefix, [...path, tag], name)));
  const about = el("p", { class: "choice-about" });
  const body = el("div");
  /** @type {ReturnType<typeof subform> | null} */
  let inner = null;
  const show = (/** @type {any} */ value) => {
    select.value = value?.[tag] ?? "";
    about.textContent = choiceAbout(prefix, [...path, tag], select.value);
    about.hidden = !about.textContent;
    const variant = variants.get(select.value);
    inner = variant ? subform(context, variant, value) : null;
    fill(body, ...(inner ? [inner.element] : []));
  };
  select.addEventListener("change", () => {
    const variant = variants.get(select.value);
    const value = variant ? { ...defaultOf({ ...bare(variant), nullable: false }, defs), [tag]: select.value } : null;
    show(value);
    onInput(value, { commit: true });
  });
  show(context.value);
  return {
    element: el("div", { class: "variant" }, select, about, body),
    set: (value) => {
      if (inner && value?.[tag] === select.value) inner.set(value);
      else show(value);
    },
    errors: (list) => inner?.errors(list),
  };
});

/** A variant without its own default, so that each field gives its own. @param {Record<string, any>} variant */
function bare(variant) {
  const { default: _default, ...rest } = variant;
  return rest;
}

registerWidget("changes", ({ value, onInput }) => {
  /** @type {{at: number, set: Record<string, any>}[]} */
  let list = value ?? [];
  const element = el("ul", { class: "changes" });
  const show = () =>
    fill(
      element,
      ...list.map((change, index) =>
        el(
          "li",
          {},
          el("span", { class: "change-at" }, t("shell.change.at", { step: change.at })),
          el("span", { class: "change-set" }, Object.entries(change.set).map(([path, to]) => `${pretty(path)} = ${typeof to === "number" ? exact(to) : JSON.stringify(to)}`).join(", ")),
          iconButton("close", t("shell.change.remove"), () => {
            list = list.filter((_, place) => place !== index);
            show();
            onInput(list, { commit: true });
          }),
        ),
      ),
    );
  show();
  return {
    element,
    set: (next) => {
      list = next ?? [];
      show();
    },
  };
});
