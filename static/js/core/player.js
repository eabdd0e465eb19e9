/**
 * The play head: which frame is shown, and when the next one comes.
 *
 * Paced by requestAnimationFrame, at most one painting each. In "every step" mode the head walks the
 * frames in order (several between two paintings at high speeds, and always to the very last); in
 * "live" mode it stays on the newest.
 */

/** @typedef {import("./run.js").Run} Run */

/** Steps a second at speed 1. */
export const PACE = 30;
export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, Infinity];
/** A tab that was away must not leap: at most this much time counts between two paintings. */
const LONGEST_GAP = 0.1;
/** A run shown from a later frame on keeps the last picture at most this long, milliseconds, until that frame is here. */
const PATIENCE = 200;

export class Player {
  /**
   * @param {object} hooks
   * @param {(seq: number) => void} hooks.draw paint this frame
   * @param {() => void} hooks.changed playing, speed or place changed
   */
  constructor({ draw, changed }) {
    this.draw = draw;
    this.changed = changed;
    /** @type {Run | null} */
    this.run = null;
    this.seq = 0;
    this.playing = false;
    /** The frame that it is played to at first; Infinity: the last. */
    this.stop = Infinity;
    this.speed = 1;
    /** @type {number | null} a frame asked for that is not here yet */
    this.wanted = null;
    /** Until when the picture of the run before stays. */
    this.until = 0;
    this.drawn = -1;
    this.revision = -1;
    this.credit = 0;
    this.time = 0;
    this.tick = this.tick.bind(this);
    requestAnimationFrame(this.tick);
  }

  /** Show another run from `seq` on, played until `stop`. @param {Run} run @param {number} seq @param {boolean} playing @param {number} [stop] */
  show(run, seq, playing, stop = Infinity) {
    this.run = run;
    this.seq = Math.max(0, run.timeline.nearest(seq));
    this.wanted = seq > this.seq ? seq : null;
    this.until = performance.now() + PATIENCE;
    this.drawn = -1;
    this.credit = 0;
    this.playing = playing;
    this.stop = stop > this.place ? stop : Infinity;
    run.moved(this.seq);
    this.changed();
  }

  /** Where the play head is, or will be once the frame waited for is here. */
  get place() {
    return this.wanted ?? this.seq;
  }

  /** Whether the last frame of the run is shown. */
  get atEnd() {
    const { run } = this;
    return run !== null && run.complete && this.seq >= run.timeline.last;
  }

  /** Frames are played but the next one has not come. */
  get waiting() {
    const { run } = this;
    return this.wanted !== null || (this.playing && run !== null && !run.complete && this.seq >= run.timeline.last);
  }

  play() {
    if (!this.run) return;
    if (this.atEnd) this.seek(0);
    this.playing = true;
    this.credit = 0;
    if (this.run.state === "paused") void this.run.tell("resume");
    this.changed();
  }

  pause() {
    this.playing = false;
    this.stop = Infinity;
    this.invalidate();
    if (this.run?.mode === "live") void this.run.tell("pause");
    this.changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Pause and move by `n` steps. @param {number} n */
  step(n) {
    const { run } = this;
    if (!run) return;
    if (this.playing) this.pause();
    const next = this.seq + n;
    if (n > 0 && run.timeline.length && next <= run.timeline.last && !run.timeline.has(next)) this.seek(run.timeline.after(next));
    else if (n > 0 && run.state === "paused" && next > run.timeline.last) {
      this.wanted = next;
      void run.step(next - run.timeline.last);
      this.changed();
    } else this.seek(next);
  }

  /** Show frame `seq`, or the nearest there can be; the server is asked for what is no longer held. @param {number} seq */
  seek(seq) {
    const { run } = this;
    if (!run) return;
    const goal = Math.max(0, Math.min(Math.round(seq), run.end));
    this.wanted = null;
    this.stop = Infinity;
    this.credit = 0;
    const { timeline } = run;
    if (timeline.has(goal)) this.#move(goal);
    else if (timeline.length && goal < timeline.first) {
      this.wanted = goal;
      void run.seek(goal).catch(() => undefined);
    } else if (goal > timeline.last && !run.complete) {
      this.wanted = goal;
      this.#move(Math.max(timeline.last, 0));
    } else this.#move(Math.max(timeline.nearest(goal), 0));
    this.changed();
  }

  restart() {
    if (!this.run) return;
    this.seek(0);
    this.play();
  }

  /** @param {number} speed */
  setSpeed(speed) {
    this.speed = speed;
    this.credit = 0;
    this.changed();
  }

  /** Paint again, although the frame is the same. */
  invalidate() {
    this.drawn = -1;
  }

  /** @param {number} now milliseconds */
  tick(now) {
    requestAnimationFrame(this.tick);
    const elapsed = Math.min((now - this.time) / 1000, LONGEST_GAP);
    this.time = now;
    const { run } = this;
    if (!run?.scene || run.timeline.last < 0) return;
    const before = this.seq;
    const { playing } = this;
    this.#arrive(run);
    if (this.playing && this.wanted === null) this.#advance(run, elapsed);
    if (this.playing !== playing) this.drawn = -1; // what is written seldom while it plays is written now
    const early = this.wanted !== null && this.drawn < 0 && now < this.until;
    if (this.seq !== this.drawn && !early) {
      this.drawn = this.seq;
      this.draw(this.seq);
    }
    if (this.seq !== before || this.playing !== playing || run.timeline.revision !== this.revision) {
      this.revision = run.timeline.revision;
      this.changed();
    }
  }

  /** The frame waited for has come, or will not come. @param {Run} run */
  #arrive(run) {
    if (this.wanted === null) return;
    const { timeline } = run;
    if (timeline.has(this.wanted)) {
      this.#move(this.wanted);
      this.wanted = null;
    } else if (run.seeking !== null) {
      // The server was asked: what is held until then says nothing of what there will be.
    } else if (this.wanted > timeline.last && !run.complete) {
      run.moved(timeline.last); // nothing before the frame waited for holds the run back
    } else {
      this.#move(timeline.nearest(Math.min(this.wanted, timeline.last)));
      this.wanted = null;
    }
  }

  /** @param {Run} run @param {number} elapsed seconds */
  #advance(run, elapsed) {
    const { timeline } = run;
    const last = Math.min(timeline.last, this.stop);
    if (run.mode === "live" || this.speed === Infinity) this.#move(timeline.nearest(last));
    else {
      this.credit = Math.min(this.credit + elapsed * this.speed * PACE, 4096);
      const steps = Math.floor(this.credit);
      this.credit -= steps;
      if (steps > 0) {
        const goal = Math.min(this.seq + steps, last);
        this.#move(timeline.has(goal) ? goal : Math.max(timeline.nearest(goal), this.seq));
        if (!timeline.has(this.seq)) this.#move(timeline.first);
      }
    }
    if (this.seq >= this.stop) this.pause();
    else if (run.complete && this.seq >= timeline.last) this.playing = false;
  }

  /** @param {number} seq */
  #move(seq) {
    this.seq = seq;
    this.run?.moved(seq);
  }
}
