/**
 * A decoder as the parts that show its steps know it: types only. Its step k is the frame `read + k`; what it says are numbers of a
 * vocabulary.
 *
 * @typedef {object} Speaker
 * @property {import("../types.js").Stage} stage
 * @property {import("../types.js").Params} params      feeding, decoding
 * @property {number} read                               frames before it speaks
 * @property {number} said                               its steps, as far as is known
 * @property {string[]} rows                             free, forced: those that speak
 * @property {string} row                                the one that is looked at
 * @property {(row: string) => string} named             a row's name
 * @property {number[] | null} wanted                    what should be said; null: nobody knows
 * @property {string} noTarget                           says so
 * @property {(seq: number, row: string) => {given: number, said: number} | null} says  null: it has ended
 * @property {(token: number | undefined) => string} shown
 * @property {(tokens: number[]) => string} text
 * @property {(step: number, target: import("../types.js").Target) => void} open  go to a step and open a value there
 */

export {};
