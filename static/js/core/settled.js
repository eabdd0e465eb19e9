/**
 * The params that were meant, not only tried: each is a step that can be undone and an entry of the
 * browser's history with its own address.
 */

import { byId } from "./dom.js";
import * as link from "./link.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").Experiment} Experiment */

/** So many steps can be undone. */
const MOST = 50;

export class Settled {
  /** @param {Experiment} experiment @param {boolean} first whether it is the first of its lab, which a link need not name */
  constructor(experiment, first) {
    this.experiment = experiment;
    this.first = first;
    /** @type {Params} */
    this.params = structuredClone(experiment.defaults);
    /** @type {Params[]} */
    this.undone = [];
  }

  /** These params were there before any edit: nothing to undo. @param {Params} params */
  begin(params) {
    this.params = structuredClone({ ...this.experiment.defaults, ...params });
  }

  /** @param {Params} params */
  settle(params) {
    this.undone = [...this.undone.slice(1 - MOST), this.params];
    this.params = structuredClone(params);
    this.#offer();
    window.history.pushState(null, "", this.url(params));
  }

  /** The params before the last; null where there are none. @returns {Params | null} */
  undo() {
    const params = this.undone.pop() ?? null;
    this.#offer();
    if (!params) return null;
    this.params = params;
    window.history.replaceState(null, "", this.url(params));
    return params;
  }

  /** A permalink without the origin. @param {Params} params @param {{at?: number | null, run?: string | null}} [options] */
  url(params, options = {}) {
    return window.location.pathname + link.write(this.experiment, params, { ...options, first: this.first });
  }

  #offer() {
    /** @type {HTMLButtonElement} */ (byId("undo")).disabled = !this.undone.length;
  }
}
