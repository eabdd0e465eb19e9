/**
 * What the parts of the page share: the layers that have come, the place that is selected in them, the colours.
 *
 * The layer shown is the frame at the play head. The place in it is kept as a share of the map's sides, so
 * that going from layer to layer stays over the same spot of the picture.
 */

import { LEVELS, palettes, rangeOf } from "../../../core/tiles.js";

/** @typedef {import("../../../core/types.js").Stage} Stage */
/** @typedef {import("../../../core/types.js").SceneView} SceneView */
/** @typedef {import("../../../core/types.js").FrameView} FrameView */
/** @typedef {import("../../../core/types.js").Target} Target */
/** @typedef {import("../../../core/tiles.js").Tiles & {stats?: ArrayLike<number>}} Tiles */
/** @typedef {import("../../../core/tiles.js").Range} Range */

/**
 * @typedef {object} Layer   `note.layer` of a frame
 * @property {number} index
 * @property {string} name
 * @property {number} call      which use of a module that is used again
 * @property {string} type
 * @property {string} kind
 * @property {string} side
 * @property {number[]} shape   [C, H, W], [N] or [H, W]
 * @property {number} params
 * @property {number} macs
 * @property {{size: number[], jump: number[], start: number[]} | null} receptive
 * @property {number[]} inputs
 * @property {string[]} [channels]  names of the maps, where they have some
 * @property {Record<string, any>} options
 * @property {boolean} [functional]  an operation without a module
 * @property {number} [dead]
 * @property {number[]} [ablated]
 * @property {number} [factor]
 * @property {string} [method]   an attribution's
 * @property {number} [class]    what was asked of
 * @property {string} [label]    that class's name
 * @property {string} [layer]    where it was taken
 */

/** What `stats` holds of each map, in order. */
export const STATS = ["min", "max", "mean", "std", "zeros"];

export class Network {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {SceneView | null} */
    this.scene = null;
    /** @type {import("../../../core/types.js").Params} */
    this.params = {};
    this.colours = palettes();
    /** One colour scale for all maps of a layer, or one each. */
    this.shared = true;
    this.channel = 0;
    /** The place in a map, as shares of its height and width. */
    this.down = 0.5;
    this.across = 0.5;
    /** The element of a vector; null: none was picked yet. @type {number | null} */
    this.index = null;
    /** The likeliest class of the frame shown, which is opened where none was picked. */
    this.top = 0;
    /** A run kept to compare with. @type {import("../../../core/types.js").Pinned | null} */
    this.pinned = null;
    /** How high the maps below may be, CSS pixels: they end where the window does. */
    this.room = 210;
  }

  /** @param {SceneView} scene @param {import("../../../core/types.js").Params} params */
  take(scene, params) {
    this.scene = scene;
    this.params = params;
  }

  /** @param {number} seq @returns {FrameView | null} the frame, or what is nearest before it in live mode */
  frame(seq) {
    const { timeline } = this.stage;
    return timeline.frame(seq) ?? timeline.frame(timeline.nearest(seq));
  }

  /** The pinned run's frame of the same layer; null: none. @param {Layer} layer @returns {FrameView | null} */
  beside(layer) {
    const frame = this.pinned?.timeline.frame(layer.index) ?? null;
    const other = layerOf(frame);
    return other && other.name === layer.name && shapeOf(other) === shapeOf(layer) ? frame : null;
  }

  /** The selected map of a layer that has several. @param {Layer} layer */
  channelOf(layer) {
    return Math.min(this.channel, Math.max(0, channels(layer) - 1));
  }

  /** The selected element of a vector. @param {Layer} layer */
  indexOf(layer) {
    return Math.min(this.index ?? (layer.kind === "softmax" ? this.top : 0), layer.shape[0] - 1);
  }

  /** The selected row and column of a layer's map. @param {Layer} layer */
  placeOf(layer) {
    const [height, width] = sides(layer);
    return { y: Math.min(height - 1, Math.floor(this.down * height)), x: Math.min(width - 1, Math.floor(this.across * width)) };
  }

  /** What to open of this layer. @param {Layer} layer @returns {Target} */
  target(layer) {
    const { y, x } = this.placeOf(layer);
    if (layer.kind === "attribution") return { kind: "attribution", y, x };
    if (isVector(layer)) return { kind: "value", index: this.indexOf(layer) };
    return { kind: layer.kind === "gradient" ? "gradient" : "value", channel: this.channelOf(layer), y, x };
  }

  /** Make what is opened the place selected. @param {Layer} layer @param {Target} target @returns {boolean} whether the layer has such a value */
  adopt(layer, target) {
    const own = this.target(layer);
    if (Object.keys(own).some((key) => typeof target[key] !== typeof own[key]) || target.kind !== own.kind) return false;
    if ("index" in own) {
      if (target.index >= layer.shape[0]) return false;
      if (target.index !== own.index) this.index = target.index;
      return true;
    }
    const [height, width] = sides(layer);
    if (target.y >= height || target.x >= width || (target.channel ?? 0) >= channels(layer)) return false;
    if (target.channel !== undefined) this.channel = target.channel;
    if (target.y !== own.y) this.down = (target.y + 0.5) / height;
    if (target.x !== own.x) this.across = (target.x + 0.5) / width;
    return true;
  }

  /** Open another value of the layer shown. @param {Layer} layer @param {Partial<{channel: number, y: number, x: number, index: number}>} change */
  open(layer, change) {
    this.stage.select({ ...this.target(layer), ...change });
  }

  /** The frame's maps as tiles; null where it has none. @param {FrameView} frame @returns {Tiles | null} */
  tiles(frame) {
    const { mosaic, low, step, maps, probabilities } = frame.tensors;
    if (mosaic) {
      const [count, height, width] = mosaic.shape;
      return { count, height, width, bytes: /** @type {Uint8Array} */ (mosaic.data), low: numbers(low), step: numbers(step), stats: numbers(frame.tensors.stats) };
    }
    const vector = probabilities ?? maps;
    return vector && vector.shape.length === 1 ? { count: vector.shape[0], height: 1, width: 1, values: numbers(vector) } : null;
  }

  /**
   * The colour scale of each map, or the one they share, and its palette.
   * @param {Tiles} tiles
   * @returns {{ranges: Range | Range[], whole: Range, colours: Uint32Array}}
   */
  scale(tiles) {
    /** @type {[number, number][]} */
    const extents = [];
    for (let i = 0; i < tiles.count; i += 1) {
      if (tiles.values) extents.push([tiles.values[i], tiles.values[i]]);
      else extents.push(extent(tiles, i));
    }
    const low = extents.reduce((least, [one]) => Math.min(least, one), Infinity);
    const high = extents.reduce((most, [, one]) => Math.max(most, one), -Infinity);
    const whole = rangeOf(Number.isFinite(low) ? low : -1, Number.isFinite(high) ? high : 1);
    const colours = whole.low < 0 ? this.colours.signed : this.colours.magnitude;
    if (this.shared || tiles.values) return { ranges: whole, whole, colours };
    // A map of a signed layer keeps the signed palette, so that zero has one colour.
    const own = extents.map(([from, to]) => (whole.low < 0 ? rangeOf(-Math.max(-from, to, 0) || -1e-30, 0) : rangeOf(0, to)));
    return { ranges: own, whole, colours };
  }

  /** Told by a frame: its likeliest class. @param {FrameView} frame */
  likeliest(frame) {
    this.top = frame.note.top?.[0]?.class ?? this.top;
  }

  retheme() {
    this.colours = palettes();
  }

  /** Which channels are switched off: [{layer, channel}]. @returns {{layer: string, channel: number}[]} */
  get off() {
    return this.stage.params().ablate ?? [];
  }

  /** Switch a channel off, or on again. @param {string} layer @param {number} channel */
  toggle(layer, channel) {
    /** @type {{layer: string, channel: number}[]} */
    const off = this.stage.ahead("ablate") ?? this.off;
    const rest = off.filter((one) => one.layer !== layer || one.channel !== channel);
    const ablate = rest.length < off.length ? rest : [...rest, { layer, channel }];
    this.stage.edit({ ablate });
  }
}

/** A map's least and greatest value: the exact ones, where what is drawn are averages. @param {Tiles} tiles @param {number} i @returns {[number, number]} */
function extent(tiles, i) {
  const [min, max] = [tiles.stats?.[i * STATS.length], tiles.stats?.[i * STATS.length + 1]];
  if (Number.isFinite(min) && Number.isFinite(max)) return [Number(min), Number(max)];
  const low = Number(tiles.low?.[i]);
  return [low, low + LEVELS * Number(tiles.step?.[i])];
}

/** @param {import("../../../core/types.js").Tensor | undefined} tensor @returns {ArrayLike<number>} */
export function numbers(tensor) {
  return /** @type {ArrayLike<number>} */ (tensor?.data ?? []);
}

/** @param {Layer} layer */
export function isVector(layer) {
  return layer.shape.length === 1;
}

/** How many maps a layer has; 1 for a lone one. @param {Layer} layer */
export function channels(layer) {
  return layer.shape.length === 3 ? layer.shape[0] : 1;
}

/** A map's height and width. @param {Layer} layer @returns {number[]} */
export function sides(layer) {
  return layer.shape.length >= 2 ? layer.shape.slice(-2) : [1, layer.shape[0] ?? 1];
}

/** 64×32×32. @param {Layer} layer */
export function shapeOf(layer) {
  return layer.shape.join("×");
}

/** "layer1.0.conv1", and which use of it where it is used again; a gradient with its sign. @param {Layer} layer */
export function nameOf(layer) {
  const name = layer.call ? `${layer.name} (${layer.call + 1})` : layer.name;
  return layer.kind === "gradient" ? `∇ ${name}` : name;
}

/** A map's number, and its name where it has one. @param {Layer} layer @param {number} channel */
export function titled(layer, channel) {
  const name = layer.channels?.[channel];
  return name ? `${channel} (${name})` : String(channel);
}

/** @param {FrameView | null} frame @returns {Layer | null} */
export function layerOf(frame) {
  return frame?.note.layer ?? null;
}
