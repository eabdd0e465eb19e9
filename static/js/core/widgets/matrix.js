/**
 * Rows of numbers, as typed or as pasted from a program.
 */

import { el } from "../dom.js";
import { registerWidget } from "../form.js";
import { t } from "../i18n.js";

/**
 * Rows of numbers: a line a row, numbers parted by spaces, commas or tabs; brackets are ignored.
 * @param {string} text
 * @returns {{value: number[][], problem: string}}
 */
export function readMatrix(text) {
  const lines = text
    .replaceAll("−", "-")
    .replaceAll(/\]\s*,?\s*\[/g, "\n")
    .replaceAll(/[[\]]/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const value = lines.map((line) => line.split(/[\s,;]+/).filter(Boolean).map(Number));
  const bad = value.findIndex((row) => row.some((number) => !Number.isFinite(number)));
  if (bad >= 0) return { value, problem: t("shell.error.row", { row: bad + 1, got: lines[bad] }) };
  if (value.some((row) => row.length !== value[0].length)) return { value, problem: t("shell.error.ragged") };
  return { value, problem: "" };
}

registerWidget("matrix", ({ schema, value, id, describedby, onInput }) => {
  const area = el("textarea", { id, class: "code", rows: 4, spellcheck: "false", "aria-describedby": describedby });
  const show = (/** @type {any} */ next) => void (area.value = (next ?? []).map((/** @type {number[]} */ row) => row.join("  ")).join("\n"));
  const read = (/** @type {boolean} */ commit) => {
    const result = readMatrix(area.value);
    const empty = !result.value.length;
    onInput(empty && schema.nullable ? null : result.value, { commit, problem: result.problem });
  };
  area.addEventListener("input", () => read(false));
  area.addEventListener("change", () => read(true));
  show(value);
  return { element: area, set: show, raw: () => area.value, setRaw: (text) => void (area.value = text) };
});
