/**
 * What the page is doing (loading, queued, computing, reconnecting), and what went wrong: the last
 * picture stays in either case.
 */

import { byId, el, fill, iconButton } from "./dom.js";
import { duration, num } from "./format.js";
import { say, t } from "./i18n.js";

/** @typedef {import("./run.js").Run} Run */
/** @typedef {{label: () => string, run: () => void}} Action   a button in the banner */

/** The small line over the picture. Empty: nothing is going on. @param {string} text @param {boolean} [busy] */
export function status(text, busy = true) {
  const box = byId("status");
  const line = byId("status-text");
  if (line.textContent !== text) line.textContent = text;
  box.hidden = !text;
  box.classList.toggle("busy", busy);
}

/**
 * The sentence for a run that has nothing new to show yet; "" when there is nothing to say.
 * @param {Run} run
 */
export function sentence(run) {
  if (run.state === "starting") return t("shell.status.starting");
  if (run.state === "queued") return run.place ? t("shell.status.queued", { place: run.place }) : t("shell.status.starting");
  if (!run.progress) return "";
  const { done, total, stage } = run.progress;
  const spent = (performance.now() - (run.progressSince ?? performance.now())) / 1000;
  const since = done - run.progressFrom;
  const left = spent > 1 && since > 0 && total > done ? t("shell.status.left", { time: duration((spent / since) * (total - done)) }) : "";
  const share = total > 0 ? `${Math.floor((100 * done) / total)}%` : done > 0 ? num(done) : "";
  return [say(stage) || t("shell.status.computing"), share, left].filter(Boolean).join(" · ");
}

/**
 * What stands in the small line now.
 * @param {import("./runs.js").Runs} runs
 * @param {import("./player.js").Player} player
 */
export function doing(runs, player) {
  const run = runs.pending ?? runs.shown;
  if (runs.down !== null) status(runs.down === 0 ? t("shell.status.connecting") : t("shell.status.lost"));
  else if (!run) status(runs.busy ? t("shell.status.starting") : "");
  else if (runs.pending) status(sentence(run) || t("shell.status.computing"));
  else if (sentence(run)) status(sentence(run));
  else if (player.waiting) status(t("shell.status.computing"));
  else if (run.mode === "live" && run.skipped) status(t("shell.status.gap", { count: run.skipped }), false);
  else if (run.follows) status(t("shell.status.following", { viewers: run.viewers }), false);
  else if (run.viewers > 1) status(t("shell.status.watched", { viewers: run.viewers - 1 }), false);
  else status("");
}

/** What stands in the boxes over the picture, by the box's id: made anew in another language. @type {Map<string, () => Node[]>} */
const standing = new Map();

/** @param {string} id @param {(() => Node[]) | null} content null: the box goes */
function stand(id, content) {
  if (content) standing.set(id, content);
  else standing.delete(id);
  const box = byId(id);
  box.hidden = !content;
  fill(box, ...(content ? content() : []));
}

/**
 * An error that says what to change; it stays until closed or until a run succeeds.
 * @param {(() => string) | null} text in the language of now; null: it goes
 * @param {Action | null} [action]
 */
export function banner(text, action = null) {
  stand(
    "banner",
    text &&
      (() => {
        const button = action && el("button", { type: "button", class: "button small", onclick: action.run }, action.label());
        return [el("p", {}, text()), ...(button ? [button] : []), iconButton("close", t("shell.close"), () => banner(null))];
      }),
  );
}

/**
 * A line above the picture: a preset's caption, a pinned run's difference, a run that is followed.
 * @param {(() => Node[]) | null} content in the language of now; null: the line goes
 */
export function notice(content) {
  stand("notice", content);
}

/** Say what stands over the picture in the language of now. */
export function restate() {
  for (const [id, content] of standing) fill(byId(id), ...content());
}

/** A short confirmation that goes by itself. @param {string} text */
export function toast(text) {
  document.querySelector(".toast")?.remove();
  const box = el("div", { class: "toast", role: "status" }, text);
  document.body.append(box);
  window.setTimeout(() => box.remove(), 2600);
}
