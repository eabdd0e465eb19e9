/**
 * What a branch changed, and from which step on; each can be taken back.
 */

import { el, fill, iconButton } from "../dom.js";
import { exact } from "../format.js";
import { pretty, registerWidget } from "../field.js";
import { t } from "../i18n.js";

registerWidget("changes", ({ value, onInput }) => {
  /** @type {{at: number, set: Record<string, any>}[]} */
  let list = value ?? [];
  const element = el("ul", { class: "changes" });
  const show = () =>
    fill(
      element,
      ...list.map((change, index) =>
        el(
          "li",
          {},
          el("span", { class: "change-at" }, t("shell.change.at", { step: change.at })),
          el("span", { class: "change-set" }, Object.entries(change.set).map(([path, to]) => `${pretty(path)} = ${typeof to === "number" ? exact(to) : JSON.stringify(to)}`).join(", ")),
          iconButton("close", t("shell.change.remove"), () => {
            list = list.filter((_, place) => place !== index);
            show();
            onInput(list, { commit: true });
          }),
        ),
      ),
    );
  show();
  return {
    element,
    set: (next) => {
      list = next ?? [];
      show();
    },
  };
});
