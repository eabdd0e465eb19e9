/**
 * A start that was refused, or a run that failed: sentences beside the fields that would mend it, the
 * rest in the banner. The last picture stays, and so does what was typed.
 */

import { say, t } from "./i18n.js";
import { banner } from "./status.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").FieldError} FieldError */
/** @typedef {import("./form.js").Form} Form */
/** @typedef {import("./status.js").Action} Action */

/**
 * @param {Form} form
 * @param {{error?: Message | null, fields: FieldError[]}} what
 * @param {{back: Action | null, again?: Action | null}} ways `back`: without a picture, to one; `again`: where no field would mend it
 */
export function trouble(form, { error, fields }, { back, again = null }) {
  const rest = form.errors(fields);
  const marked = rest.length < fields.length;
  const text = () => rest.map((one) => say(one.message)).join(" ") || (marked ? t(back ? "shell.error.fields.first" : "shell.error.fields") : say(error));
  const show = { label: () => t("shell.error.show"), run: () => form.focusError() };
  const way = fields.length ? (back ?? (marked ? show : null)) : (again ?? back);
  banner(() => text() || t("shell.error.failed"), way);
}
