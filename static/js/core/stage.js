/**
 * What a drawing module gets of the page: its places, its words, the run shown, and what it may ask for.
 */

import { announce } from "./announce.js";
import { byId } from "./dom.js";
import * as format from "./format.js";
import { lang, t } from "./i18n.js";
import { same } from "./link.js";
import * as plots from "./plots.js";
import { Lost } from "./socket.js";
import { reducedMotion, theme } from "./theme.js";

/** @typedef {import("./types.js").Stage} Stage */

/** @param {import("./lab.js").Lab} lab @returns {Stage} */
export function stageOf(lab) {
  return {
    main: byId("main"),
    small: byId("small"),
    numbers: byId("numbers"),
    t,
    format,
    plots,
    theme,
    lang,
    reducedMotion,
    params: () => lab.runs.shown?.params ?? lab.form.values,
    ahead: (name) => {
      const { shown } = lab.runs;
      const newest = lab.form.values[name];
      return !shown || same(newest, shown.params[name]) ? null : newest;
    },
    edit: (partial, { commit = true } = {}) => {
      const params = { ...lab.form.values, ...partial };
      lab.form.set(params);
      lab.edited(params, commit, true);
    },
    get timeline() {
      if (!lab.runs.shown) throw new Error("no run is shown yet");
      return lab.runs.shown.timeline;
    },
    player: {
      get seq() {
        return lab.player.seq;
      },
      get playing() {
        return lab.player.playing;
      },
      seek: (seq) => {
        lab.player.pause();
        lab.player.seek(seq);
      },
    },
    select: (target, { trail = true } = {}) => lab.select(target, trail),
    selected: () => lab.explain.target,
    fetch: (seq, name, slice) => lab.runs.shown?.fetch(seq, name, slice) ?? Promise.reject(new Lost("no run is shown yet")),
    branch: (seq, set) => lab.branch(seq, set),
    announce: (text) => announce(text, true),
    experiment: lab.experiment,
  };
}
