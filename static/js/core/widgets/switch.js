/**
 * On or off.
 */

import { el } from "../dom.js";
import { registerWidget } from "../field.js";

registerWidget("switch", ({ value, id, describedby, onInput }) => {
  const input = el("input", { id, type: "checkbox", role: "switch", "aria-describedby": describedby });
  input.checked = Boolean(value);
  input.addEventListener("change", () => onInput(input.checked, { commit: true }));
  return { element: input, set: (next) => void (input.checked = Boolean(next)) };
});
