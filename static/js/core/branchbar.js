/**
 * "A change of settings holds: from the start | from step 99".
 */

import { announce } from "./announce.js";
import { byId, el } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {import("./player.js").Player} Player */

export class BranchBar {
  /** @param {Player} player @param {boolean} branches whether this experiment's params can change on the way */
  constructor(player, branches) {
    this.player = player;
    /** The step from which changes hold; null: they start the run anew. @type {number | null} */
    this.from = null;
    this.anew = el("button", { type: "button", onclick: () => this.#holdFrom(null) });
    this.onward = el("button", { type: "button", id: "branch-here", onclick: () => this.#holdFrom(player.seq) });
    byId("branch-choice").append(this.anew, this.onward);
    byId("branch").hidden = !branches;
    this.update();
  }

  /** The player's place, the run or the language changed. */
  update() {
    const { run, seq } = this.player;
    const step = this.from ?? seq;
    const inside = this.from !== null || (run !== null && step > 0 && step < run.end);
    this.anew.textContent = t("shell.branch.start");
    this.onward.textContent = t("shell.branch.step", { step });
    this.anew.setAttribute("aria-pressed", String(this.from === null));
    this.onward.setAttribute("aria-pressed", String(this.from !== null));
    this.onward.disabled = !inside;
  }

  /** @param {number | null} from */
  #holdFrom(from) {
    if (from !== null) this.player.pause();
    this.from = from;
    this.update();
    announce(t(from === null ? "shell.branch.anew" : "shell.branch.on", { step: from ?? 0 }), true);
  }
}
