/**
 * What the Share and Export buttons give of the run shown: a link, files, code.
 */

import { announce, copy } from "./announce.js";
import { byId } from "./dom.js";
import * as exports from "./export.js";
import { say, t } from "./i18n.js";
import * as link from "./link.js";
import { menu } from "./menu.js";
import { banner, toast } from "./status.js";

/** @typedef {import("./types.js").Experiment} Experiment */
/** @typedef {import("./player.js").Player} Player */
/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./settled.js").Settled} Settled */

export class Takeaway {
  /** @param {Experiment} experiment @param {Player} player @param {Settled} settled */
  constructor(experiment, player, settled) {
    this.experiment = experiment;
    this.player = player;
    this.settled = settled;
    byId("share").addEventListener("click", () => void this.#share(false));
    menu(byId("export"), () => (player.run ? this.#items(player.run) : []));
  }

  /** @param {boolean} live a link that follows this very run */
  async #share(live) {
    const { run, seq, playing } = this.player;
    const inside = !playing && seq > 0 && run !== null && seq < run.end;
    const url = this.settled.url(run?.params ?? this.settled.params, live ? { run: run?.id ?? null } : { at: inside ? seq : null });
    const done = await copy(window.location.origin + url);
    toast(t(done ? "shell.share.done" : "shell.share.failed"));
    announce(t(done ? "shell.share.done" : "shell.share.failed"), true);
  }

  /** @param {Run} run */
  #items(run) {
    const name = this.experiment.name.replace("/", "-");
    const changed = link.differing(run.params, this.experiment.defaults);
    const held = t("shell.export.held", { first: run.timeline.first, last: run.timeline.last });
    const code = (/** @type {string} */ text) => void copy(text).then((done) => toast(t(done ? "shell.copied" : "shell.share.failed")));
    return [
      { label: t("shell.export.png"), run: () => void exports.picture(byId("main"), name) },
      { label: t("shell.export.csv"), note: held, run: () => exports.save(`${name}.csv`, exports.csv(run).map((line) => `${line}\n`), "text/csv") },
      { label: t("shell.export.json"), note: held, run: () => exports.save(`${name}.json`, [exports.json(run)], "application/json") },
      { label: t("shell.export.pytorch"), note: t("shell.export.pytorch.note"), run: () => void script(run, code) },
      { label: t("shell.export.python"), run: () => code(exports.pythonLines(run.experiment, changed)) },
      { label: t("shell.export.command"), run: () => code(exports.commandLine(run.experiment, changed)) },
      { label: t("shell.export.follow"), note: t("shell.export.follow.note"), run: () => void this.#share(true) },
    ];
  }
}

/** The run as a script of PyTorch's own, which the lab writes. @param {Run} run @param {(text: string) => void} give */
async function script(run, give) {
  try {
    const reply = await run.ask("script");
    if (reply.ok && reply.script) give(reply.script);
    else banner(() => say(reply.error) || t("shell.error.failed"));
  } catch {
    banner(() => t("shell.status.lost"));
  }
}
