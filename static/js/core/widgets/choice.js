/**
 * One of a few names, with a sentence about the chosen one where there is one.
 */

import { el } from "../dom.js";
import { choiceAbout, choiceLabel, registerWidget } from "../field.js";
import { t } from "../i18n.js";

registerWidget("choice", ({ schema, value, id, describedby, onInput, prefix, path }) => {
  const select = el("select", { id, "aria-describedby": `${describedby} ${id}-about` });
  const about = el("p", { class: "choice-about", id: `${id}-about` });
  if (schema.nullable) select.append(el("option", { value: "" }, t("shell.form.none")));
  const options = schema.enum ?? [];
  for (const [index, option] of options.entries()) select.append(el("option", { value: String(index) }, schema.names?.[option] ?? choiceLabel(prefix, path, option)));
  const chosen = () => (select.value === "" ? null : options[Number(select.value)]);
  const tell = () => {
    about.textContent = chosen() === null ? "" : choiceAbout(prefix, path, chosen());
    about.hidden = !about.textContent;
  };
  const set = (/** @type {any} */ next) => {
    select.value = next === null ? "" : String(options.indexOf(next));
    tell();
  };
  select.addEventListener("change", () => {
    tell();
    onInput(chosen(), { commit: true });
  });
  set(value);
  return { element: el("div", { class: "choice" }, select, about), set };
});
