/**
 * What can be taken away: the picture, the frames held, the run as code.
 */

import * as plots from "./plots.js";

/** @typedef {import("./types.js").Params} Params */
/** @typedef {import("./run.js").Run} Run */

/**
 * Hand a file to the browser.
 * @param {string} name @param {BlobPart[]} parts @param {string} type
 */
export function save(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/**
 * The main picture with the canvases over it, twice its size on the page.
 * @param {HTMLElement} host @param {string} name
 */
export async function picture(host, name) {
  const figure = host.querySelector(".js-plotly-plot");
  const bounds = (figure ?? host).getBoundingClientRect();
  const scale = 2;
  const sheet = document.createElement("canvas");
  sheet.width = Math.round(bounds.width * scale);
  sheet.height = Math.round(bounds.height * scale);
  const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
  pen.fillStyle = plots.colors().card;
  pen.fillRect(0, 0, sheet.width, sheet.height);
  if (figure) {
    const plotly = await plots.load();
    const url = await plotly.toImage(figure, { format: "png", width: bounds.width, height: bounds.height, scale });
    const image = new Image();
    image.src = url;
    await image.decode();
    pen.drawImage(image, 0, 0, sheet.width, sheet.height);
  }
  for (const canvas of host.querySelectorAll("canvas")) {
    if (canvas.closest(".gl-container") || !canvas.offsetWidth) continue;
    const box = canvas.getBoundingClientRect();
    pen.drawImage(canvas, (box.left - bounds.left) * scale, (box.top - bounds.top) * scale, box.width * scale, box.height * scale);
  }
  const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ done) => sheet.toBlob(done, "image/png"));
  if (blob) save(`${name}.png`, [blob], "image/png");
}

/** A number as text that reads back as the same number. @param {number | bigint} value */
function cell(value) {
  return typeof value === "number" && !Number.isFinite(value) ? String(value).replace("Infinity", "inf") : String(value);
}

/** @param {string} name @param {number[]} shape @param {number} index */
function columnName(name, shape, index) {
  const places = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    places.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return places.length ? `${name}[${places.join(";")}]` : name;
}

/**
 * A row a frame, a column a number, of the frames that this page holds.
 * @param {Run} run
 * @returns {string[]} lines
 */
export function csv(run) {
  /** @type {Map<string, {shape: number[], size: number}>} */
  const columns = new Map();
  for (const block of run.timeline.blocks()) for (const [name, { shape, size }] of block.stacked) if (!columns.has(name)) columns.set(name, { shape, size });
  const names = [...columns].flatMap(([name, { shape, size }]) => Array.from({ length: size }, (_, index) => columnName(name, shape, index)));
  const lines = [["seq", "step", ...names].join(",")];
  for (const block of run.timeline.blocks()) {
    for (let index = 0; index < block.count; index += 1) {
      const row = [String(block.seq + index), String(block.steps[index])];
      for (const [name, { size }] of columns) {
        const part = block.tensor(name);
        for (let place = 0; place < size; place += 1) row.push(part && place < part.size ? cell(part.data[index * part.size + place]) : "");
      }
      lines.push(row.join(","));
    }
  }
  return lines;
}

/**
 * The same as JSON; NaN and infinities, which JSON lacks, are strings.
 * @param {Run} run
 * @returns {string}
 */
export function json(run) {
  const frames = [];
  for (const block of run.timeline.blocks()) {
    for (let index = 0; index < block.count; index += 1) {
      /** @type {Record<string, unknown>} */
      const tensors = {};
      for (const [name, { data, size, shape }] of block.stacked) {
        const part = /** @type {Iterable<number | bigint>} */ (data.subarray(index * size, (index + 1) * size));
        const values = Array.from(part, (value) => (typeof value === "number" && Number.isFinite(value) ? value : cell(value)));
        tensors[name] = { shape, data: values };
      }
      frames.push({ seq: block.seq + index, step: block.steps[index], note: block.notes[index] ?? {}, tensors });
    }
  }
  return JSON.stringify({ experiment: run.experiment, params: run.params, scene: run.scene?.note ?? {}, frames });
}

/** A plain value as Python writes it. @param {unknown} value @returns {string} */
export function python(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${python(one)}`).join(", ")}}`;
  return String(value);
}

/**
 * The run in a notebook.
 * @param {string} experiment @param {Params} changed what differs from the defaults
 */
export function pythonLines(experiment, changed) {
  const args = Object.entries(changed).map(([name, value]) => `, ${name}=${python(value)}`);
  return `from app import labs\n\nfor frame in labs.run(${JSON.stringify(experiment)}${args.join("")}):\n    print(frame.step, frame.tensors)\n`;
}

/**
 * The run on the command line.
 * @param {string} experiment @param {Params} changed
 */
export function commandLine(experiment, changed) {
  const quote = (/** @type {string} */ text) => (/^[\w.,:/=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);
  const args = Object.entries(changed).map(([name, value]) => ` --param ${quote(`${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)}`);
  return `python -m app run ${experiment}${args.join("")} --out ${experiment.split("/")[1]}.npz`;
}
