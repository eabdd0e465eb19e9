/**
 * The runs of this page: the one shown, the one that will be shown once its first frame is here, the
 * one pinned beside it. A drag asks for dozens: only the newest wish is started, one at a time.
 */

import { Run } from "./run.js";
import { Lost, Socket } from "./socket.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./socket.js").Reply} Reply */
/** @typedef {{params: Params, at: number, play: boolean, follow: string | null}} Wish */
/**
 * @typedef {object} Hooks
 * @property {(run: Run, wish: Wish) => void} show      its scene and first frame are here
 * @property {(run: Run) => void} frames               new frames of the run shown
 * @property {(reply: Reply, wish: Wish) => void} refused   the params were bad; the last picture stays
 * @property {(run: Run) => void} failed
 * @property {(fields: import("./types.js").FieldError[]) => Promise<boolean>} mend   a question was refused: whether it may be asked again
 * @property {() => void} changed                      something that the status line tells of
 * @property {(error: Error) => void} broken
 */

export class Runs {
  /** @param {string} url @param {string} experiment @param {Hooks} hooks */
  constructor(url, experiment, hooks) {
    this.experiment = experiment;
    this.hooks = hooks;
    /** @type {"every" | "live"} */
    this.mode = "every";
    /** @type {Run | null} */
    this.shown = null;
    /** @type {Run | null} */
    this.pending = null;
    /** @type {Run | null} */
    this.pinned = null;
    /** @type {Wish | null} */
    this.wish = null;
    /** @type {Wish | null} */
    this.current = null;
    this.busy = false;
    /** Seconds until the next try; null: connected. @type {number | null} */
    this.down = 0;
    this.wasHidden = false;
    this.socket = new Socket(url, {
      state: (event) => this.#state(event),
      block: (header, block) => this.#block(header, block),
      up: () => void this.#up(),
      down: (seconds) => {
        this.down = seconds;
        hooks.changed();
      },
      broken: hooks.broken,
    });
    document.addEventListener("visibilitychange", () => this.#visibility());
  }

  /** Start (or follow) a run and show it when its first frame is here. @param {Wish} wish */
  want(wish) {
    this.wish = wish;
    void this.#next();
  }

  /** Whether something else than the run shown was asked for. */
  get changing() {
    return this.busy || this.wish !== null || this.pending !== null;
  }

  /** Keep the run shown, or let the pinned one go. @param {boolean} on */
  pin(on) {
    const old = this.pinned;
    this.pinned = on ? this.shown : null;
    if (old && old !== this.shown && old !== this.pinned) void old.tell("cancel");
  }

  /** @param {"every" | "live"} mode */
  setMode(mode) {
    this.mode = mode;
    const { shown } = this;
    if (!shown) return;
    void shown.setMode(mode).catch(this.#quiet);
    if (shown.state === "paused" && mode === "every") void shown.tell("resume");
  }

  async #next() {
    if (this.busy || !this.wish || !this.socket.isUp) return;
    this.busy = true;
    const { wish } = this;
    this.wish = null;
    const { params, follow } = wish;
    const run = new Run(this.socket, { experiment: this.experiment, params, mode: this.mode, id: follow, mend: this.hooks.mend });
    try {
      const before = this.pending ?? (this.shown === this.pinned ? null : this.shown);
      const replaces = before?.owner && !follow ? before.id : null;
      this.arriving = run;
      this.current = wish;
      const reply = await run.begin(replaces);
      if (reply.ok) {
        if (before && replaces) before.gone = true;
        if (this.pending && this.pending.id !== replaces) void this.pending.tell("cancel");
        this.pending = run;
        this.#ready(run);
      } else {
        this.hooks.refused(reply, wish);
      }
    } catch (error) {
      this.wish ??= wish; // the line was lost: ask again when it is up
      this.#quiet(error);
    } finally {
      this.arriving = null;
      this.busy = false;
      this.hooks.changed();
      if (this.wish && this.socket.isUp) void this.#next();
    }
  }

  /** @param {string} id */
  #find(id) {
    return [this.pending, this.shown, this.pinned, this.arriving].find((run) => run?.id === id) ?? null;
  }

  /** @param {import("./frames.js").Header} header @param {import("./types.js").Block} block */
  #block(header, block) {
    const run = this.#find(header.run);
    if (!run || !run.receive(header, block)) return;
    if (header.kind === "frames")
      document.dispatchEvent(new CustomEvent("unrolled:frames", { detail: { run: run.id, seq: block.seq, count: block.count, last: run.timeline.last } }));
    if (run === this.pending) this.#ready(run);
    else if (run === this.shown) this.hooks.frames(run);
  }

  /** @param {any} event */
  #state(event) {
    const run = this.#find(event.run);
    if (!run) return;
    run.changed(event);
    if (run.state === "failed" && run !== this.pinned) {
      if (run === this.pending) this.pending = null;
      this.hooks.failed(run);
    }
    this.hooks.changed();
  }

  /** The pending run takes the stage with its first frame. @param {Run} run */
  #ready(run) {
    if (!run.scene || run.timeline.last < 0) return;
    const before = this.shown;
    this.pending = null;
    this.shown = run;
    if (before && before !== this.pinned && before !== run) {
      void before.tell("cancel");
      if (before.id) this.socket.unpacker.forget(before.id);
    }
    if (this.current) this.hooks.show(run, this.current);
  }

  async #up() {
    this.down = null;
    this.hooks.changed();
    const mine = new Set([this.shown, this.pending, this.pinned]);
    for (const run of mine) {
      if (!run || run.gone) continue;
      try {
        const reply = await run.recover();
        if (reply && !reply.ok && run === this.shown) this.hooks.refused(reply, { params: run.params, at: 0, play: false, follow: null });
      } catch (error) {
        this.#quiet(error);
      }
    }
    void this.#next();
  }

  /** A hidden page pauses its run (unless others watch it); coming back resumes it. */
  #visibility() {
    const { shown } = this;
    if (document.hidden && shown && shown.viewers <= 1 && (shown.state === "running" || shown.state === "queued")) {
      this.wasHidden = true;
      void shown.tell("pause");
    } else if (!document.hidden) {
      this.socket.retry();
      if (this.wasHidden) void shown?.tell("resume");
      this.wasHidden = false;
    }
  }

  /** @param {unknown} error */
  #quiet(error) {
    if (!(error instanceof Lost)) throw error;
  }
}
