/**
 * The bar at the bottom: play, step both ways, the scrubber with the step's number, speed, mode.
 */

import { byId, el, fill, icon } from "./dom.js";
import { t } from "./i18n.js";
import { shortcuts } from "./keys.js";
import { SPEEDS } from "./player.js";

/** @typedef {import("./player.js").Player} Player */

export class Timebar {
  /** @param {Player} player @param {(mode: "every" | "live") => void} onMode */
  constructor(player, onMode) {
    this.player = player;
    this.play = byId("play");
    this.counter = byId("counter");
    this.scrubber = /** @type {HTMLInputElement} */ (byId("scrubber"));
    this.speed = /** @type {HTMLSelectElement} */ (byId("speed"));
    this.mode = /** @type {HTMLSelectElement} */ (byId("mode"));
    this.playing = false;
    this.play.addEventListener("click", () => player.toggle());
    byId("back").addEventListener("click", () => player.step(-1));
    byId("forward").addEventListener("click", () => player.step(1));
    byId("restart").addEventListener("click", () => player.restart());
    byId("shortcuts").addEventListener("click", shortcuts);
    this.scrubber.addEventListener("input", () => player.seek(Number(this.scrubber.value)));
    this.speed.addEventListener("change", () => player.setSpeed(SPEEDS[Number(this.speed.value)]));
    this.mode.addEventListener("change", () => onMode(this.mode.value === "live" ? "live" : "every"));
    this.relanguage();
  }

  relanguage() {
    const options = SPEEDS.map((speed, index) => el("option", { value: String(index) }, speed === Infinity ? t("shell.speed.max") : `${speed}×`));
    fill(this.speed, ...options);
    this.speed.value = String(SPEEDS.indexOf(this.player.speed));
    this.playing = !this.playing;
    this.update();
  }

  /** Show where the player is. */
  update() {
    const { player } = this;
    const { run } = player;
    if (this.playing !== player.playing) {
      this.playing = player.playing;
      const name = this.playing ? "pause" : "play";
      this.play.setAttribute("data-t-label", `shell.${name}`);
      this.play.setAttribute("aria-label", t(`shell.${name}`));
      this.play.setAttribute("title", t(`shell.${name}`));
      fill(this.play, icon(name));
    }
    const shown = player.wanted !== null && Number.isFinite(player.wanted) ? player.wanted : player.seq;
    const end = Math.max(run?.end ?? 0, shown); // a step that is waited for may lie behind all that are known
    const max = Math.max(end, 1);
    this.counter.textContent = `${shown} / ${end}`;
    if (Number(this.scrubber.max) !== max) this.scrubber.max = String(max);
    this.scrubber.value = String(shown);
    this.scrubber.setAttribute("aria-valuetext", t("shell.scrubber.value", { step: shown, end }));
    this.scrubber.style.setProperty("--played", `${(100 * shown) / max}%`);
    this.scrubber.style.setProperty("--held", `${(100 * Math.max(shown, run?.timeline.last ?? 0)) / max}%`);
    if (run && this.mode.value !== run.mode) this.mode.value = run.mode;
  }
}
