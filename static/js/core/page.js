/**
 * A page of parts that share a model. What holds words is made anew with the language; a part is planned when the run, the theme, the
 * language, the room or the pinned run changed, and drawn frame by frame.
 */

/** @typedef {import("./types.js").Stage} Stage */
/** @typedef {import("./types.js").FrameView} FrameView */
/** @typedef {import("./types.js").SceneView} SceneView */
/** @typedef {import("./types.js").Pinned} Pinned */
/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {{plan?: () => void, draw?: (frame: FrameView) => void, pinned?: Pinned | null}} Part  drawn in the order of the list */
/**
 * @typedef {object} Model
 * @property {SceneView | null} scene
 * @property {(scene: SceneView, params: Params) => void} take
 * @property {(target: Target) => boolean} has  whether it can be opened in this run
 * @property {() => void} [paint]               the theme's colours, read once
 */

/** @template {Model} M */
export class Page {
  /** @param {Stage} stage @param {M} model */
  constructor(stage, model) {
    this.stage = stage;
    this.model = model;
    this.seq = -1;
    this.lang = "";
    /** @type {Pinned | null} */
    this.pinned = null;
    /** @type {Part[]} */
    this.parts = [];
  }

  /** What a drawing module gives back. @returns {import("./types.js").View} */
  mount() {
    this.#words();
    return {
      scene: (scene, params) => this.scene(scene, params),
      frames: () => undefined,
      draw: (seq) => this.draw(seq),
      pin: (pinned) => this.pin(pinned),
      resize: () => this.plan(),
      retheme: () => this.plan(),
      relanguage: () => this.relanguage(),
      explained: () => this.again(),
      summary: (seq) => {
        const frame = this.stage.timeline.frame(seq);
        return frame ? this.told(frame) : "";
      },
      defaultTarget: (seq) => this.first(seq),
    };
  }

  // What a page says of itself

  /** Everything on it, made anew. @returns {Part[]} */
  words() {
    return [];
  }

  /** What is open before anything was chosen. @param {number} seq @returns {Target | null} */
  first(seq) {
    return null;
  }

  /** The frame in one sentence. @param {FrameView} frame */
  told(frame) {
    return "";
  }

  /** Before the parts are drawn. @param {FrameView} frame */
  ready(frame) {}

  // What happens to it

  /** @param {SceneView} scene @param {Params} params */
  scene(scene, params) {
    const { model, stage } = this;
    if (this.lang !== stage.lang()) this.#words();
    model.take(scene, params);
    const [open, first] = [stage.selected(), this.first(1)];
    if (open && first && !model.has(open)) stage.select(first, { trail: false });
    this.seq = -1;
    this.plan();
  }

  plan() {
    if (!this.model.scene) return;
    this.model.paint?.();
    for (const part of this.parts) part.plan?.();
    this.again();
  }

  /** @param {number} seq */
  draw(seq) {
    const { timeline } = this.stage;
    const frame = timeline.frame(timeline.nearest(seq));
    if (!frame || !this.model.scene) return;
    this.seq = seq;
    this.ready(frame);
    for (const part of this.parts) part.draw?.(frame);
  }

  again() {
    if (this.seq >= 0) this.draw(this.seq);
  }

  /** @param {Pinned | null} pinned */
  pin(pinned) {
    this.pinned = pinned;
    this.#hand();
    this.plan();
  }

  relanguage() {
    this.#words();
    this.plan();
  }

  #words() {
    this.lang = this.stage.lang();
    this.parts = this.words();
    this.#hand();
  }

  /** To the parts that draw the pinned run beside the one shown. */
  #hand() {
    for (const part of this.parts) if ("pinned" in part) part.pinned = this.pinned;
  }
}
