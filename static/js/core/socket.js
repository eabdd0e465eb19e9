/**
 * The line to the server: requests that get one reply each, state events, binary blocks; it comes
 * back by itself after a loss, waiting longer each time, with jitter so that a class does not return at once.
 */

import { Unpacker } from "./frames.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./frames.js").Header} Header */
/**
 * @typedef {object} Reply
 * @property {boolean} ok
 * @property {Message} [error]
 * @property {import("./types.js").FieldError[]} fields
 * @property {string} [run]
 * @property {string} [experiment]
 * @property {string} [state]
 * @property {string} [owner]
 * @property {number | null} [length]
 * @property {import("./types.js").Params} [params]
 * @property {any} [explanation]
 * @property {string} [script]
 * @property {import("./types.js").Tensor} [tensor]  the answer to `tensor`: it came as a binary message before the reply
 */
/**
 * @typedef {object} Handlers
 * @property {(event: any) => void} state
 * @property {(header: Header, block: import("./types.js").Block) => void} block
 * @property {() => void} up        also after the first connection
 * @property {(seconds: number) => void} down   seconds until the next try
 * @property {(error: Error) => void} broken    a message that cannot be read
 */

/** The line went down, or the answer did not come in time. */
export class Lost extends Error {}

const FIRST_WAIT = 250;
const LONGEST_WAIT = 8000;
const DEADLINE = 30_000;

export class Socket {
  /** @param {string} url @param {Handlers} handlers */
  constructor(url, handlers) {
    this.url = url;
    this.handlers = handlers;
    this.unpacker = new Unpacker();
    /** @type {Map<number, {resolve: (reply: Reply) => void, reject: (error: Error) => void, timer: number}>} */
    this.waiting = new Map();
    /** Exact values whose reply has not come yet, by request. @type {Map<number, import("./types.js").Tensor>} */
    this.exact = new Map();
    this.next = 1;
    this.tries = 0;
    this.timer = 0;
    /** @type {WebSocket | null} */
    this.line = null;
    this.#connect();
    window.addEventListener("online", () => this.retry());
  }

  get isUp() {
    return this.line?.readyState === WebSocket.OPEN;
  }

  /**
   * Ask and wait for the reply. Rejects with Lost; a refusal is a reply with `ok` false.
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @param {number} [deadline] milliseconds
   * @returns {Promise<Reply>}
   */
  request(type, fields, deadline = DEADLINE) {
    const { line } = this;
    if (!line || line.readyState !== WebSocket.OPEN) return Promise.reject(new Lost("not connected"));
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.waiting.delete(id);
        reject(new Lost(`no reply to ${type} in ${deadline} ms`));
      }, deadline);
      this.waiting.set(id, { resolve, reject, timer });
      line.send(JSON.stringify({ type, id, ...fields }));
    });
  }

  /** Every frame of `run` up to `seq` is on the timeline: no reply is asked for. @param {string} run @param {number} seq */
  ack(run, seq) {
    if (this.isUp) this.line?.send(JSON.stringify({ type: "ack", id: 0, run, seq }));
  }

  /** Try now instead of waiting. */
  retry() {
    if (this.line && this.line.readyState <= WebSocket.OPEN) return;
    window.clearTimeout(this.timer);
    this.#connect();
  }

  #connect() {
    const line = new WebSocket(this.url);
    line.binaryType = "arraybuffer";
    this.line = line;
    line.onopen = () => {
      this.tries = 0;
      this.unpacker = new Unpacker();
      this.handlers.up();
    };
    line.onmessage = (event) => this.#receive(event.data);
    line.onclose = () => this.#lost();
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    try {
      if (data instanceof ArrayBuffer) {
        const { header, block } = this.unpacker.unpack(data);
        if (header.kind === "tensor") this.#keep(header, block);
        else this.handlers.block(header, block);
        return;
      }
      const message = JSON.parse(data);
      if (message.type === "state") this.handlers.state(message);
      if (message.type !== "reply") return;
      const waiting = this.waiting.get(message.id);
      const tensor = this.exact.get(message.id);
      this.exact.delete(message.id);
      if (!waiting) return;
      this.waiting.delete(message.id);
      window.clearTimeout(waiting.timer);
      waiting.resolve({ fields: [], ...message, ...(tensor ? { tensor } : {}) });
    } catch (error) {
      this.handlers.broken(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** The values that answer a `tensor` request; its reply follows. @param {Header} header @param {import("./types.js").Block} block */
  #keep(header, block) {
    const [part] = block.stacked.values();
    if (header.id !== undefined && part) this.exact.set(header.id, { data: part.data, shape: part.shape, dtype: part.dtype });
  }

  #lost() {
    for (const { reject, timer } of this.waiting.values()) {
      window.clearTimeout(timer);
      reject(new Lost("the connection was lost"));
    }
    this.waiting.clear();
    this.exact.clear();
    const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.tries);
    const wait = longest * (0.5 + Math.random() / 2);
    this.tries += 1;
    this.handlers.down(wait / 1000);
    this.timer = window.setTimeout(() => this.#connect(), wait);
  }
}
