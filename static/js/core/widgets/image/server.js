/**
 * Pictures on the server: sent there, asked about, shown. An id is 64 hex digits, or "sample:NAME".
 */

import { say, t } from "../../i18n.js";

/** @typedef {import("../../types.js").Message} Message */
/** @typedef {{id: string, values: Record<string, any>}} Step            image.step.ID with its values */
/** @typedef {{image: string, width: number, height: number, steps: Step[]}} About */
/** @typedef {{image: string, title: Message, author: string, source: string, licence: string}} Sample */

/** What the server takes at most, bytes. */
export const MOST_BYTES = 16 * 2 ** 20;

/** A picture that was refused, with the sentence why. */
export class Refused extends Error {
  /** @param {Message} why */
  constructor(why) {
    super(say(why));
    this.why = why;
  }
}

/** @type {Map<string, About>} */
const known = new Map();

/** The address that this page's server begins with. */
function root() {
  return JSON.parse(document.getElementById("page-data")?.textContent ?? "{}").root ?? "";
}

/**
 * Rejects with Refused, or with an Error that says the server was not reached.
 * @param {string} path @param {RequestInit} [options] @returns {Promise<any>}
 */
async function ask(path, options) {
  /** @type {any} */
  let answer;
  try {
    const response = await fetch(root() + path, options);
    answer = await response.json();
  } catch {
    throw new Error(t("image.failed"));
  }
  if (answer.error?.id) throw new Refused(answer.error);
  if (answer.error) throw new Error(t("image.failed"));
  return answer;
}

/** @param {Blob} blob @returns {Promise<About>} */
export async function send(blob) {
  if (blob.size > MOST_BYTES) throw new Refused({ id: "image.heavy", values: { got: blob.size / 2 ** 20, most: MOST_BYTES / 2 ** 20 } });
  const about = await ask("/api/images", { method: "POST", body: blob });
  known.set(about.image, about);
  return about;
}

/** @param {string} image @returns {Promise<About>} */
export async function about(image) {
  const told = known.get(image) ?? (await ask(`/api/images/${encodeURIComponent(image)}`));
  known.set(image, told);
  return told;
}

/** @returns {Promise<Sample[]>} */
export async function samples() {
  return (await ask("/api/gallery")).samples;
}

/**
 * The address of a picture, or of the small one of a step.
 * @param {string} image @param {{size?: number, step?: number}} [options]
 */
export function pictureUrl(image, { size, step } = {}) {
  const query = new URLSearchParams();
  if (size) query.set("size", String(size));
  if (step !== undefined) query.set("step", String(step));
  return `${root()}/api/images/${encodeURIComponent(image)}.png?${query}`;
}
