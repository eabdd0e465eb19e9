/** The rules that the schema knows: their groups, their definitions, a new racer's defaults. No DOM. */

import { choiceLabel } from "../../core/field.js";
import { first, t } from "../../core/i18n.js";
import { defaultOf, resolve } from "../../core/schema.js";

/** @typedef {Record<string, any>} Schema */

/** The rules that the lecture names, in its order; every other rule of the schema is in the catalogue. */
const GROUPS = /** @type {const} */ ({
  plain: ["gd", "sgd"],
  momentum: ["sgdm", "nesterov", "sgdw"],
  adaptive: ["adagrad", "rmsprop", "adadelta"],
  both: ["adam", "amsgrad", "adamw", "nadam", "radam"],
  hybrid: ["adabound", "amsbound", "swats", "lookahead", "lion"],
});

/**
 * Each kind of racer in the schema of the list.
 * @param {Schema} schema the list's @param {Record<string, Schema>} defs
 * @returns {Schema[]}
 */
function variants(schema, defs) {
  const items = resolve(schema.items, defs);
  return (items.oneOf ?? [items]).map((/** @type {Schema} */ one) => resolve(one, defs));
}

/** The rules of one kind. @param {Schema} variant @param {Record<string, Schema>} defs @returns {string[]} */
function rulesOf(variant, defs) {
  const rule = resolve(variant.properties.rule, defs);
  return rule.enum ?? [rule.const ?? rule.default];
}

/**
 * The definition of a rule's racer.
 * @param {string} rule @param {Schema} schema @param {Record<string, Schema>} defs
 * @returns {Schema}
 */
export function variantOf(rule, schema, defs) {
  const all = variants(schema, defs);
  return all.find((one) => rulesOf(one, defs).includes(rule)) ?? all[0];
}

/**
 * A new racer.
 * @param {string} rule @param {Schema} schema @param {Record<string, Schema>} defs
 * @returns {Record<string, any>}
 */
export function defaultsOf(rule, schema, defs) {
  const { default: _whole, ...variant } = variantOf(rule, schema, defs);
  return { ...defaultOf(variant, defs), rule };
}

/**
 * A racer with its rule's defaults put in where it says nothing: a link or a preset may name a rule alone.
 * @param {Record<string, any>} racer @param {Schema} schema @param {Record<string, Schema>} defs
 * @returns {Record<string, any>}
 */
export function whole(racer, schema, defs) {
  const result = { ...defaultsOf(racer.rule, schema, defs), ...structuredClone(racer) };
  const kinds = resolve(variantOf(racer.rule, schema, defs).properties.schedule ?? {}, defs).oneOf ?? [];
  const kind = kinds.map((/** @type {Schema} */ one) => resolve(one, defs)).find((/** @type {Schema} */ one) => one.properties.kind.const === result.schedule?.kind);
  if (kind) result.schedule = { ...defaultOf(kind, defs), ...result.schedule };
  return result;
}

/**
 * What people call a rule; those of the catalogue have their class's name in every language.
 * @param {string} rule @param {Schema} schema @param {Record<string, Schema>} defs
 */
export function ruleName(rule, schema, defs) {
  return first([`optimizer.rule.${rule}`], variantOf(rule, schema, defs).properties.rule.names?.[rule] ?? rule);
}

/** What people call a kind of schedule. @param {string} kind */
export function scheduleName(kind) {
  return choiceLabel("optimizer.race", ["racers", "schedule", "kind"], kind);
}

/**
 * Every rule, group by group.
 * @param {Schema} schema @param {Record<string, Schema>} defs
 * @returns {import("./picker.js").Choice[]}
 */
export function ruleChoices(schema, defs) {
  const known = new Set(variants(schema, defs).flatMap((variant) => rulesOf(variant, defs)));
  const choice = (/** @type {string} */ rule, /** @type {string} */ group) => ({
    rule,
    name: ruleName(rule, schema, defs),
    about: first([`optimizer.rule.${rule}.about`], ""),
    group: t(`optimizer.page.group_${group}`),
  });
  const choices = [];
  for (const [group, rules] of Object.entries(GROUPS))
    for (const rule of rules) if (known.delete(rule)) choices.push(choice(rule, group));
  return [...choices, ...[...known].sort().map((rule) => choice(rule, "catalogue"))];
}
