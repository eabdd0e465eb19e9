/** The presets of an experiment: one click each, with what to look for and the source, which then stand over the picture. */

import { el, iconButton } from "./dom.js";
import { say, t } from "./i18n.js";
import { dialog } from "./keys.js";
import { notice } from "./status.js";

/** @typedef {import("./types.js").Preset} Preset */

/**
 * @param {Preset[]} presets
 * @param {(preset: Preset) => void} choose
 */
export function presetDialog(presets, choose) {
  const list = el("ul", { class: "preset-list" });
  for (const preset of presets) {
    const button = el(
      "button",
      {
        type: "button",
        class: "preset",
        onclick: () => {
          box.close();
          choose(preset);
        },
      },
      el("strong", {}, say(preset.title)),
      el("span", {}, say(preset.caption)),
      preset.citation ? el("small", {}, preset.citation) : null,
    );
    list.append(el("li", {}, button));
  }
  const box = dialog(t("shell.presets"), list);
}

/** @param {Preset | null} preset @param {() => void} close */
export function caption(preset, close) {
  if (!preset) return notice(null);
  notice(() => {
    const cite = preset.citation ? [" ", el("cite", {}, preset.citation)] : [];
    return [el("p", {}, el("strong", {}, say(preset.title)), " ", say(preset.caption), ...cite), iconButton("close", t("shell.close"), close)];
  });
}
