/**
 * Permalinks: what differs from the defaults, and the version of the params.
 *
 * Short values stand in the query, readable; typed text, lists and matrices in the fragment, which
 * servers never log. `at` opens at a step, `run` follows a run that is going on.
 */

import { resolve, widgetOf } from "./schema.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").Experiment} Experiment */
/** @typedef {{experiment: string | null, version: number | null, params: Params, at: number | null, run: string | null}} Place */

const OURS = new Set(["experiment", "v", "at", "run", "lang"]);

/** Whether two plain values are the same. @param {unknown} a @param {unknown} b */
export function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * What of the params is not as by default.
 * @param {Params} params @param {Params} defaults
 * @returns {Params}
 */
export function differing(params, defaults) {
  return Object.fromEntries(Object.entries(params).filter(([name, value]) => !same(value, defaults[name])));
}

/**
 * @param {Experiment} experiment
 * @param {Params} params
 * @param {{at?: number | null, run?: string | null, first?: boolean}} [options] first: the lab's first experiment goes without saying
 * @returns {string} "?query#fragment", empty when all is as by default
 */
export function write(experiment, params, { at = null, run = null, first = false } = {}) {
  const query = new URLSearchParams();
  const fragment = new URLSearchParams();
  const defs = experiment.schema.$defs ?? {};
  /** @type {Params} */
  const long = {};
  if (!first) query.set("experiment", experiment.name.split("/")[1]);
  const changed = differing(params, experiment.defaults);
  if (Object.keys(changed).length) query.set("v", String(experiment.version));
  for (const [name, value] of Object.entries(changed)) {
    const kind = widgetOf(resolve(experiment.schema.properties?.[name] ?? {}, defs));
    const typed = ["text", "code", "matrix"].includes(kind);
    if (kind === "point" && Array.isArray(value)) query.set(name, value.join(","));
    else if (value !== null && typeof value !== "object" && !typed) query.set(name, String(value));
    else long[name] = value;
  }
  if (Object.keys(long).length) fragment.set("p", JSON.stringify(long));
  if (at !== null) query.set("at", String(at));
  if (run !== null) fragment.set("run", run);
  const [q, f] = [query.toString().replaceAll("%2C", ","), fragment.toString()];
  return (q ? `?${q}` : "") + (f ? `#${f}` : "");
}

/**
 * The experiment that a link names, its short name.
 * @param {Location | URL} url
 */
export function experimentOf(url) {
  return new URLSearchParams(url.search).get("experiment");
}

/**
 * Read a link. What the query says is turned into the type that the schema gives; the server judges it.
 * @param {Location | URL} url
 * @param {Experiment} experiment
 * @returns {Place}
 */
export function read(url, experiment) {
  const query = new URLSearchParams(url.search);
  const fragment = new URLSearchParams(url.hash.slice(1));
  const defs = experiment.schema.$defs ?? {};
  /** @type {Params} */
  const params = {};
  for (const [name, text] of query) {
    const raw = experiment.schema.properties?.[name];
    if (OURS.has(name) || !raw) continue;
    params[name] = parse(text, resolve(raw, defs));
  }
  try {
    const long = JSON.parse(fragment.get("p") ?? "{}");
    if (long && typeof long === "object" && !Array.isArray(long)) Object.assign(params, long);
  } catch {
    // A cut-off fragment: the rest of the link still holds.
  }
  const number = (/** @type {string | null} */ text) => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null);
  return {
    experiment: query.get("experiment"),
    version: number(query.get("v")),
    params,
    at: number(query.get("at")),
    run: fragment.get("run") ?? query.get("run"),
  };
}

/** @param {string} text @param {Record<string, any>} schema */
function parse(text, schema) {
  if (schema.type === "integer" || schema.type === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  if (schema.type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (schema.enum) return schema.enum.find((/** @type {unknown} */ option) => String(option) === text) ?? text;
  if (schema.type === "array") return text.split(",").map(Number);
  return text;
}
