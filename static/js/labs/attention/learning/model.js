/** The run that the parts of the picture share: its scene, and the head that is open. All count from 0. */

import { inksOf } from "../../../core/chart/ink.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */

export class Model {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {import("../../../core/types.js").SceneView | null} */
    this.scene = null;
    /** @type {import("../../../core/types.js").Params} */
    this.params = {};
    this.layer = 0;
    this.head = 0;
    /** Something that is no run's changed. @type {() => void} */
    this.changed = () => undefined;
  }

  /** @param {import("../../../core/types.js").SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    const first = !this.scene || this.layers !== Number(scene.note?.layers) || this.heads !== Number(scene.note?.heads);
    this.scene = scene;
    this.params = params;
    if (first) [this.layer, this.head] = [this.layers - 1, 0];
  }

  get note() {
    return /** @type {Record<string, any>} */ (this.scene?.note ?? {});
  }

  get layers() {
    return Number(this.note.layers ?? 0);
  }

  get heads() {
    return Number(this.note.heads ?? 0);
  }

  /** @type {string[]} what the rows stand for */
  get queries() {
    return this.note.queries ?? [];
  }

  /** @type {string[]} what the columns stand for */
  get keys() {
    return this.note.keys ?? [];
  }

  /** @type {string[]} */
  get wanted() {
    return this.note.wanted ?? [];
  }

  /** Whether a map's row should look there. @param {number} query @param {number} key */
  gold(query, key) {
    return Number(this.scene?.tensors.gold.data[query * this.keys.length + key]) > 0;
  }

  /** Whether a row may look there. @param {number} query @param {number} key */
  seen(query, key) {
    return !this.note.causal || key <= query;
  }

  get chance() {
    return Number(this.scene?.tensors.chance.data[0] ?? NaN);
  }

  get inks() {
    return inksOf(this.stage.plots.colors());
  }

  /** "Layer 2, head 3" in short. @param {number} layer @param {number} head */
  named(layer, head) {
    return this.stage.t("attention.learning.page.head", { layer: layer + 1, head: head + 1 });
  }

  /** A head's map. @param {FrameView} frame @param {number} layer @param {number} head */
  map(frame, layer, head) {
    const size = this.queries.length * this.keys.length;
    const at = (layer * this.heads + head) * size;
    return /** @type {Float32Array} */ (frame.tensors.maps.data).subarray(at, at + size);
  }

  /** A head's mean weight on gold, in the sentence. @param {FrameView} frame @param {number} layer @param {number} head */
  here(frame, layer, head) {
    return Number(frame.tensors.here.data[layer * this.heads + head]);
  }

  /** Look at another head; what is open stays of the same kind. @param {number} layer @param {number} head */
  look(layer, head) {
    [this.layer, this.head] = [layer, head];
    const target = this.stage.selected();
    this.stage.select(target?.kind === "weight" ? { ...target, layer, head } : { kind: "score", layer, head });
    this.changed();
  }

  /** What is opened may be another head's. @param {Target | null} target */
  adopt(target) {
    if (target && ["weight", "logit", "score"].includes(target.kind)) [this.layer, this.head] = [Number(target.layer ?? 0), Number(target.head ?? 0)];
  }

  /** What is open before anything was chosen: the last layer's first head on gold. @returns {Target} */
  first() {
    for (let query = 0; query < this.queries.length; query += 1)
      for (let key = 0; key < this.keys.length; key += 1) if (this.gold(query, key)) return { kind: "weight", layer: this.layer, head: this.head, query, key };
    return { kind: "loss", at: 0 };
  }

  /** Whether a target can be opened in this run. @param {Target} target */
  has(target) {
    if (target.kind === "loss") return Number(target.at ?? 0) < this.wanted.length;
    if (Number(target.layer ?? 0) >= this.layers || Number(target.head ?? 0) >= this.heads) return false;
    if (target.kind === "score") return true;
    const [query, key] = [Number(target.query ?? 0), Number(target.key ?? 0)];
    return ["weight", "logit"].includes(target.kind) && query < this.queries.length && key < this.keys.length && this.seen(query, key);
  }
}
