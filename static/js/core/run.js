/**
 * A run as this page knows it: its params, its scene, the frames held, and the conversation about it.
 *
 * A run is a pure function of its params, so a run that the server lost is started again and skips to
 * where this page was. Blocks are acknowledged once they are on the timeline, and held back while the
 * page has too much that was not shown yet.
 */

import { frameOf } from "./frames.js";
import { say } from "./i18n.js";
import { Lost } from "./socket.js";
import { BUDGET, Timeline } from "./timeline.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").FieldError} FieldError */
/** @typedef {import("./socket.js").Socket} Socket */
/** @typedef {import("./socket.js").Reply} Reply */
/** @typedef {"queued" | "running" | "paused" | "done" | "failed" | "cancelled" | "starting"} State */
/** @typedef {"every" | "live"} Mode */

const ENDED = new Set(["done", "failed", "cancelled"]);

export class Run {
  /**
   * @param {Socket} socket
   * @param {{experiment: string, params: Params, mode?: Mode, budget?: number, id?: string | null, mend?: (fields: FieldError[]) => Promise<boolean>}} options
   *   with `id` an existing run is followed instead of a new one started; `mend`: whether what a question was refused for is well now
   */
  constructor(socket, { experiment, params, mode = "every", budget = BUDGET, id = null, mend = async () => false }) {
    this.socket = socket;
    this.mend = mend;
    /** What is being mended: two questions may be refused for the same. @type {Promise<boolean> | null} */
    this.mending = null;
    /** @type {Promise<Reply> | null} */
    this.reviving = null;
    this.experiment = experiment;
    this.params = params;
    this.mode = mode;
    /** @type {string | null} */
    this.id = id;
    /** @type {string | null} */
    this.owner = null;
    this.follows = id !== null;
    /** @type {State} */
    this.state = "starting";
    /** The last seq, when it is known before the run. @type {number | null} */
    this.length = null;
    this.computed = -1;
    /** @type {number | null} */
    this.place = null;
    /** @type {{done: number, total: number, stage: Message} | null} */
    this.progress = null;
    /** When this stretch of progress began. @type {number | null} */
    this.progressSince = null;
    /** What was done when it began. */
    this.progressFrom = 0;
    /** @type {Message | null} */
    this.error = null;
    /** The same beside the fields that would mend it. @type {FieldError[]} */
    this.fields = [];
    this.viewers = 1;
    /** Another run took its place on the server: it is not asked, and not revived. */
    this.gone = false;
    /** How many frames live mode left out. */
    this.skipped = 0;
    /** @type {import("./types.js").SceneView | null} */
    this.scene = null;
    this.timeline = new Timeline(budget);
    this.head = 0;
    /** @type {number | null} a block's last seq that waits for the play head */
    this.heldBack = null;
    /** @type {number | null} what was sought and has not come yet: the timeline may start there */
    this.seeking = null;
  }

  get ended() {
    return ENDED.has(this.state);
  }

  /** Whether every frame there will be is known and held to the end. */
  get complete() {
    return this.ended && this.timeline.last >= this.computed;
  }

  /** The last seq of the run as far as anyone knows. */
  get end() {
    if (this.ended) return Math.max(0, this.computed, this.timeline.last);
    return Math.max(this.length ?? 0, this.computed, this.timeline.last, 0);
  }

  /**
   * Ask the server to begin (or to let us watch). The reply tells of bad params.
   * @param {string | null} [replaces] a run of this connection that ends first
   * @returns {Promise<Reply>}
   */
  async begin(replaces = null) {
    return this.follows ? this.#attach() : this.#start(-1, replaces);
  }

  /** Take the run up again on a new connection. @returns {Promise<Reply | null>} null: nothing was missing */
  async recover() {
    if (this.id === null) return this.begin();
    const { seeking } = this;
    if (seeking === null && (this.complete || this.state === "cancelled")) return null;
    const reply = await this.revive();
    this.seeking = null;
    if (reply.ok && seeking !== null) await this.seek(seeking);
    return reply;
  }

  /** Attach, or, where the run is gone, start it again past what is here. @returns {Promise<Reply>} */
  async revive() {
    const reply = await this.#attach();
    if (reply.ok) return reply;
    this.follows = false;
    return this.#start(this.timeline.last, null);
  }

  /**
   * Ask about this run; where the server no longer knows it, revive it first; where it lost what the params name, bring that.
   * @param {string} type @param {Record<string, unknown>} [fields]
   * @returns {Promise<Reply>}
   */
  async ask(type, fields = {}) {
    if (this.id === null || this.gone) throw new Lost("the run is not on the server");
    const reply = await this.socket.request(type, { run: this.id, ...fields });
    if (reply.ok) return reply;
    if (reply.fields?.length && (await this.#mended(reply.fields))) return this.socket.request(type, { run: this.id, ...fields });
    if (reply.error?.id !== "server.unknown-run") return reply;
    if (this.gone) throw new Lost("another run took its place meanwhile"); // revived, nobody would ever let it go
    const revived = await this.#revived();
    if (!revived.ok) return revived;
    return this.socket.request(type, { run: this.id, ...fields });
  }

  /** Questions that find the run gone at once have it revived once. */
  #revived() {
    this.reviving ??= this.revive().finally(() => (this.reviving = null));
    return this.reviving;
  }

  /** @param {FieldError[]} fields */
  #mended(fields) {
    this.mending ??= this.mend(fields).finally(() => (this.mending = null));
    return this.mending;
  }

  /** @param {"pause" | "resume" | "cancel"} type @param {Record<string, unknown>} [fields] */
  async tell(type, fields = {}) {
    if (this.id === null || !this.owner || this.ended || this.gone) return;
    try {
      await this.socket.request(type, { run: this.id, ...fields });
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
    }
  }

  /**
   * Exact values of a frame's tensor, or of a slice of it: also of one that did not travel with its frame.
   * @param {number} seq -1: the scene @param {string} name @param {import("./types.js").Slice} [slice]
   * @returns {Promise<import("./types.js").Tensor>} rejects with Lost, or with the server's sentence
   */
  async fetch(seq, name, slice = []) {
    const { ok, error, tensor } = await this.ask("tensor", { seq, name, slice });
    if (ok && tensor) return tensor;
    throw new Error(say(error) || `no tensor ${name}`);
  }

  /** Compute `n` more steps of a paused run. @param {number} n */
  async step(n) {
    if (this.owner && !this.ended) await this.ask("step", { n });
  }

  /** Send the frames from `seq` on again; those held are let go when they come. @param {number} seq */
  async seek(seq) {
    if (this.seeking === seq) return;
    this.seeking = seq;
    this.heldBack = null;
    try {
      const reply = await this.ask("seek", { step: seq });
      if (!reply.ok) this.seeking = null;
    } catch (error) {
      this.seeking = null;
      throw error;
    }
  }

  /** @param {Mode} mode */
  async setMode(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    this.skipped = 0;
    if (this.id !== null && !this.complete) await this.#attach();
  }

  /** Where the play head is: what was held back may flow again. @param {number} seq */
  moved(seq) {
    this.head = seq;
    if (this.heldBack !== null && this.#room()) {
      this.#ack(this.heldBack);
      this.heldBack = null;
    }
  }

  /**
   * A binary message of this run.
   * @param {import("./frames.js").Header} header
   * @param {import("./types.js").Block} block
   * @returns {boolean} whether there is something new to draw
   */
  receive(header, block) {
    if (header.kind === "scene") {
      const { note, tensors } = frameOf(block, 0);
      this.scene = { note, tensors };
      return true;
    }
    if (header.kind !== "frames") return false;
    const last = block.seq + block.count - 1;
    const expected = this.timeline.last + 1;
    if (this.seeking !== null && block.seq <= this.seeking && this.seeking <= last) {
      if (block.seq !== expected) this.timeline.clear();
      this.seeking = null;
    } else if (this.mode === "every" && this.timeline.length && block.seq > expected) {
      // Never shown with a hole: what is missing is asked for again.
      void this.seek(expected).catch(() => undefined);
      return false;
    }
    // Counted here: the server tells of several gaps as one, from the first to the last.
    if (this.mode === "live" && this.timeline.length && block.seq > expected) this.skipped += block.seq - expected;
    const fresh = this.timeline.push(block, this.head);
    this.computed = Math.max(this.computed, last);
    if (this.#room()) this.#ack(last);
    else this.heldBack = last;
    return fresh;
  }

  /** A state event of this run. @param {any} event */
  changed(event) {
    this.state = event.state;
    this.computed = Math.max(this.computed, event.computed ?? -1);
    this.place = event.place ?? null;
    if (event.progress && !this.progress) {
      this.progressSince = performance.now();
      this.progressFrom = event.progress.done;
    }
    this.progress = event.progress ?? null;
    this.error = event.error ?? null;
    this.fields = event.fields ?? [];
    this.viewers = event.viewers ?? 1;
    // What was sought cannot be computed again: the frames go on after it.
    if (event.gap && this.seeking !== null && event.gap[0] <= this.seeking && this.seeking <= event.gap[1]) this.seeking = null;
  }

  /** @param {number} skip @param {string | null} replaces */
  async #start(skip, replaces) {
    const { experiment, params, mode } = this;
    const reply = await this.socket.request("start", { experiment, params, mode, skip, ...(replaces ? { replaces } : {}) });
    if (reply.ok) this.#take(reply);
    return reply;
  }

  async #attach() {
    const { mode } = this;
    const owner = this.owner ? { owner: this.owner } : {};
    const reply = await this.socket.request("attach", { run: this.id, seq: this.timeline.last, mode, ...owner });
    if (reply.ok) this.#take(reply);
    return reply;
  }

  /** @param {Reply} reply */
  #take(reply) {
    this.id = reply.run ?? this.id;
    if (reply.owner) this.owner = reply.owner;
    if (reply.params) this.params = reply.params;
    if (reply.experiment) this.experiment = reply.experiment;
    if (reply.length !== undefined && reply.length !== null) this.length = reply.length;
    // That it ended is told again after its last frame: until then it is not complete here.
    const state = /** @type {State} */ (reply.state);
    if (this.state === "starting" && state && !ENDED.has(state)) this.state = state;
  }

  /** Whether less than half of the budget lies ahead of the play head. */
  #room() {
    return this.timeline.ahead(this.head) < this.timeline.budget / 2;
  }

  /** @param {number} seq */
  #ack(seq) {
    if (this.id === null) return;
    this.socket.ack(this.id, seq);
  }
}
