/**
 * What a JSON schema (as pydantic writes it) says about a field, with references followed.
 */

/** @typedef {Record<string, any>} Schema */

/**
 * The schema with `$ref`, a lone `allOf` and `anyOf [..., null]` put in; `nullable` tells of the last.
 * @param {Schema} schema
 * @param {Record<string, Schema>} defs
 * @returns {Schema}
 */
export function resolve(schema, defs) {
  let result = schema;
  for (let depth = 0; depth < 8; depth += 1) {
    if (result.$ref) {
      const { $ref, ...rest } = result;
      result = { ...defs[$ref.split("/").at(-1)], ...rest };
    } else if (result.allOf?.length === 1) {
      const { allOf, ...rest } = result;
      result = { ...allOf[0], ...rest };
    } else if (result.anyOf) {
      const { anyOf, ...rest } = result;
      const some = anyOf.filter((/** @type {Schema} */ option) => option.type !== "null");
      const nullable = some.length < anyOf.length || rest.nullable;
      if (some.length !== 1) return { ...rest, oneOf: some, nullable };
      result = { ...some[0], ...rest, nullable };
    } else return result;
  }
  return result;
}

/**
 * The widget a field asks for, or the one that follows from its type.
 * @param {Schema} schema resolved
 * @returns {string}
 */
export function widgetOf(schema) {
  if (schema.widget) return schema.widget;
  if (schema.enum) return "choice";
  if (schema.const !== undefined) return "hidden";
  if (schema.type === "boolean") return "switch";
  if (schema.type === "integer" || schema.type === "number") return schema.log && bounds(schema).closed ? "slider" : "number";
  if (schema.type === "string") return "text";
  if (schema.oneOf && schema.discriminator) return "variant";
  if (schema.type === "object" && schema.properties) return "object";
  if (schema.type === "array" && schema.items?.type === "array") return "matrix";
  return "code";
}

/**
 * @param {Schema} schema resolved
 * @returns {{low: number, high: number, openLow: boolean, openHigh: boolean, closed: boolean}}
 */
export function bounds(schema) {
  const low = Math.max(schema.minimum ?? -Infinity, schema.exclusiveMinimum ?? -Infinity);
  const high = Math.min(schema.maximum ?? Infinity, schema.exclusiveMaximum ?? Infinity);
  const openLow = schema.exclusiveMinimum === low;
  const openHigh = schema.exclusiveMaximum === high;
  return { low, high, openLow, openHigh, closed: Number.isFinite(low) && Number.isFinite(high) };
}

/**
 * A field's own default, or a value its type allows.
 * @param {Schema} schema
 * @param {Record<string, Schema>} defs
 * @returns {any}
 */
export function defaultOf(schema, defs) {
  const full = resolve(schema, defs);
  if ("default" in full) return structuredClone(full.default);
  if (full.const !== undefined) return full.const;
  if (full.nullable) return null;
  if (full.enum) return full.enum[0];
  if (full.type === "boolean") return false;
  if (full.type === "integer" || full.type === "number") return Number.isFinite(bounds(full).low) ? Math.max(bounds(full).low, 0) : 0;
  if (full.type === "string") return "";
  if (full.type === "array") return [];
  if (full.oneOf) return defaultOf(full.oneOf[0], defs);
  return Object.fromEntries(Object.entries(full.properties ?? {}).map(([name, field]) => [name, defaultOf(field, defs)]));
}
