/**
 * The shapes that modules hand to each other: types only, no code.
 *
 * @typedef {Float32Array | Float64Array | Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | BigInt64Array | BigUint64Array} TypedArray
 *
 * @typedef {{id: string, values?: Record<string, unknown>}} Message  a sentence as its catalogue id and values
 * @typedef {Record<string, any>} Params                            everything that decides a run
 * @typedef {Record<string, any>} Target                            what an explanation is asked of
 * @typedef {{path: (string | number)[], message: Message}} FieldError
 *
 * @typedef {([number, number] | number)[]} Slice                    per axis an index (the axis goes) or [start, stop]
 *
 * @typedef {object} Tensor        one frame's part of a tensor: `data` is a view, not a copy
 * @property {TypedArray} data
 * @property {number[]} shape
 * @property {string} dtype
 *
 * @typedef {{shape: number[], dtype: string}} Omitted  a tensor that did not travel; `stage.fetch` brings a slice of it
 *
 * @typedef {object} FrameView     one frame
 * @property {number} seq
 * @property {number} step
 * @property {Record<string, any>} note
 * @property {Record<string, Tensor>} tensors
 * @property {Record<string, Omitted>} omitted  by name: the true shape of what is fetched on demand
 *
 * @typedef {object} Stacked       a tensor stacked over a block's frames
 * @property {TypedArray} data     count x size numbers
 * @property {number} size         numbers in one frame
 * @property {number[]} shape      of one frame
 * @property {string} dtype
 *
 * @typedef {object} Block         consecutive frames as they came in one message
 * @property {number} seq          the first frame's
 * @property {number} count
 * @property {Float64Array} steps  each frame's step
 * @property {Record<number, Record<string, any>>} notes
 * @property {Map<string, Stacked>} stacked
 * @property {Record<string, Omitted>} omitted
 * @property {number} bytes
 * @property {(name: string) => Stacked | undefined} tensor
 *
 * @typedef {object} SceneView
 * @property {Record<string, any>} note
 * @property {Record<string, Tensor>} tensors
 *
 * @typedef {object} Preset
 * @property {string} id
 * @property {Message} title
 * @property {Message} caption
 * @property {Params} params
 * @property {string} citation
 *
 * @typedef {object} Experiment    an entry of /api/experiments
 * @property {string} name         "LAB/NAME"
 * @property {string} lab
 * @property {number} version
 * @property {Record<string, any>} schema
 * @property {Params} defaults
 * @property {Preset[]} presets
 *
 * @typedef {object} Pinned        a run kept beside the one shown
 * @property {SceneView} scene
 * @property {Params} params
 * @property {import("./timeline.js").Timeline} timeline
 *
 * @typedef {object} Stage         what a drawing module gets
 * @property {HTMLElement} main
 * @property {HTMLElement} small
 * @property {HTMLElement} numbers
 * @property {(id: string, values?: Record<string, unknown>) => string} t
 * @property {typeof import("./format.js")} format
 * @property {typeof import("./plots.js")} plots
 * @property {() => "light" | "dark"} theme
 * @property {() => string} lang
 * @property {() => boolean} reducedMotion
 * @property {() => Params} params
 * @property {(name: string) => any} ahead   what this param was changed to when the run shown does not have it yet, else null: the next
 *   change builds on it
 * @property {(partial: Params, options?: {commit?: boolean}) => void} edit
 * @property {import("./timeline.js").Timeline} timeline   of the run shown (a getter: ask it each time)
 * @property {{readonly seq: number, readonly playing: boolean, seek: (seq: number) => void}} player
 * @property {(target: Target, options?: {trail?: boolean}) => void} select  trail false: no step of the way back
 * @property {() => Target | null} selected
 * @property {(seq: number, name: string, slice?: Slice) => Promise<Tensor>} fetch  exact values of a frame's tensor; rejects with
 *   Lost where the line went down or the run is gone, with an Error that says what was wrong with the question
 * @property {(seq: number, set: Params) => void} branch
 * @property {(text: string) => void} announce
 * @property {Experiment} experiment
 *
 * @typedef {object} View          what a drawing module gives back
 * @property {(scene: SceneView, params: Params) => number | null | void} scene  the frame that the run is played to, where it is not the last
 * @property {() => void} frames
 * @property {(seq: number) => void} draw
 * @property {(pinned: Pinned | null) => void} [pin]
 * @property {() => void} [resize]
 * @property {() => void} [retheme]
 * @property {() => void} [relanguage]
 * @property {(seq: number) => string} [summary]
 * @property {(seq: number) => Target | null} [defaultTarget]
 * @property {(explanation: Record<string, any> | null, seq: number) => void} [explained]  what the right column shows of frame `seq`;
 *   null: nothing could be told
 * @property {() => void} [destroy]
 *
 * @typedef {(stage: Stage) => View} Mount
 */

export {};
