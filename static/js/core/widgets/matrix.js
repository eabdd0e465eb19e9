/**
 * Rows of numbers, as typed or as pasted from a program.
 */

import { el } from "../dom.js";
import { registerWidget } from "../field.js";
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

/**
 * Several such matrices, parted by an empty line (or as nested brackets).
 * @param {string} text
 * @returns {{value: number[][][], problem: string}}
 */
export function readMatrices(text) {
  const parts = text
    .replaceAll(/\]\s*\]\s*,?\s*\[\s*\[/g, "\n\n")
    .split(/\n\s*\n/)
    .map(readMatrix)
    .filter((part) => part.value.length || part.problem);
  return { value: parts.map((part) => part.value), problem: parts.find((part) => part.problem)?.problem ?? "" };
}

/**
 * Several lists of matrices, as the kernels of several output channels: parted by a line of dashes (or as nested brackets).
 * @param {string} text
 * @returns {{value: number[][][][], problem: string}}
 */
export function readFilters(text) {
  const parts = text
    .replaceAll(/\]\s*\]\s*\]\s*,?\s*\[\s*\[\s*\[/g, "\n---\n")
    .split(/^\s*-{3,}\s*$/m)
    .map(readMatrices)
    .filter((part) => part.value.length || part.problem);
  return { value: parts.map((part) => part.value), problem: parts.find((part) => part.problem)?.problem ?? "" };
}

const showMatrix = (/** @type {number[][]} */ matrix) => matrix.map((row) => row.join("  ")).join("\n");
const showMatrices = (/** @type {number[][][]} */ matrices) => matrices.map(showMatrix).join("\n\n");
const showFilters = (/** @type {number[][][][]} */ filters) => filters.map(showMatrices).join("\n---\n");

/** How nested lists are read and written, by their depth. @type {Record<number, {read: (text: string) => {value: any[], problem: string}, write: (value: any) => string, lines: number}>} */
const FORMS = {
  2: { read: readMatrix, write: showMatrix, lines: 4 },
  3: { read: readMatrices, write: showMatrices, lines: 9 },
  4: { read: readFilters, write: showFilters, lines: 9 },
};

/** How deep a schema's lists go: 2 for a matrix, 3 for several. @param {Record<string, any> | undefined} schema @returns {number} */
function depth(schema) {
  return schema?.type === "array" ? 1 + depth(schema.items) : 0;
}

registerWidget("matrix", ({ schema, value, id, describedby, onInput }) => {
  const form = FORMS[depth(schema)] ?? FORMS[2];
  const area = el("textarea", { id, class: "code", rows: form.lines, spellcheck: "false", "aria-describedby": describedby });
  const show = (/** @type {any} */ next) => void (area.value = form.write(next ?? []));
  const read = (/** @type {boolean} */ commit) => {
    const result = form.read(area.value);
    const empty = !result.value.length;
    onInput(empty && schema.nullable ? null : result.value, { commit, problem: result.problem });
  };
  area.addEventListener("input", () => read(false));
  area.addEventListener("change", () => read(true));
  show(value);
  return { element: area, set: show, raw: () => area.value, setRaw: (text) => void (area.value = text) };
});
