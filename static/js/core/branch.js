/**
 * Branching: a setting changed at a step, the run going on from there with its state kept. A branch
 * is still a pure function of its params, which gain `changes: [{at, set}]`.
 */

import { same } from "./link.js";

/** @typedef {import("./types.js").Params} Params */

/**
 * The leaves that differ, by path: {"racers.2.lr": 0.05}. Null where a list grew or shrank, or a
 * whole part came or went: that cannot be changed on the way.
 * @param {any} before @param {any} after @param {string} [path]
 * @returns {Params | null}
 */
export function leaves(before, after, path = "") {
  if (same(before, after)) return {};
  const nested = (/** @type {any} */ value) => value !== null && typeof value === "object";
  if (!nested(before) || !nested(after)) return { [path]: after };
  const names = Object.keys({ ...before, ...after });
  const alike = Array.isArray(before) === Array.isArray(after) && names.every((name) => name in before && name in after);
  if (!alike) return path.includes(".") ? { [path]: after } : null;
  /** @type {Params} */
  const result = {};
  for (const name of names) {
    const inner = leaves(before[name], after[name], path ? `${path}.${name}` : name);
    if (inner === null) return null;
    Object.assign(result, inner);
  }
  return result;
}

/**
 * The params of the branch: as `params` up to step `at`, from there on with `set`.
 * @param {Params} params @param {number} at @param {Params} set
 * @returns {Params}
 */
export function branched(params, at, set) {
  /** @type {{at: number, set: Params}[]} */
  const earlier = (params.changes ?? []).filter((/** @type {{at: number}} */ change) => change.at < at);
  const here = (params.changes ?? []).find((/** @type {{at: number}} */ change) => change.at === at);
  return { ...params, changes: [...earlier, { at, set: { ...here?.set, ...set } }] };
}
