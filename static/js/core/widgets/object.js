/**
 * An object: its fields, one under another.
 */

import { registerWidget } from "../field.js";
import { defaultOf } from "../schema.js";
import { subform } from "./subform.js";

registerWidget("object", (context) => {
  const { element, set, errors } = subform(context, context.schema, context.value ?? defaultOf(context.schema, context.defs));
  return { element, set, errors };
});
