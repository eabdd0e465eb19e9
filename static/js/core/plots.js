/**
 * Plotly with our theme: loaded once, when the first figure is wanted, from its own versioned URL;
 * our own buttons instead of the modebar, which no keyboard reaches.
 */

import { byId, iconButton } from "./dom.js";
import { t } from "./i18n.js";
import { theme } from "./theme.js";

/** @type {Promise<any> | null} */
let loading = null;
/** @type {any} */
let library = null;

/** Load Plotly; later calls give the same promise. @returns {Promise<any>} */
export function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = JSON.parse(byId("page-data").textContent ?? "{}").plotly;
    script.onload = () => {
      library = /** @type {any} */ (window).Plotly;
      resolve(library);
    };
    script.onerror = () => {
      loading = null;
      reject(new Error("Plotly did not load"));
    };
    document.head.append(script);
  });
  return loading;
}

/** Colours of a figure, read from the page's CSS variables so that both are one theme. */
export function colors(name = theme()) {
  const style = getComputedStyle(document.documentElement);
  const read = (/** @type {string} */ variable) => style.getPropertyValue(variable).trim();
  return {
    theme: name,
    text: read("--text"),
    muted: read("--muted"),
    line: read("--line"),
    grid: read("--grid"),
    card: read("--card"),
    plot: read("--plot"),
    accent: read("--accent"),
    /** Pale in light, deep in dark: what lies under the paths. Low to high. */
    surface:
      name === "dark"
        ? [[0, "#16304a"], [0.35, "#1c4353"], [0.7, "#245259"], [1, "#2d5f5d"]]
        : [[0, "#d9e6f5"], [0.35, "#e7eff6"], [0.7, "#eff3f2"], [1, "#f4f4f0"]],
    contour: name === "dark" ? "rgba(255,255,255,0.13)" : "rgba(20,50,80,0.13)",
    magnitude: "Cividis",
    /** Centred on zero, for signed values: negative, zero, positive. */
    signed:
      name === "dark"
        ? [[0, "#56b4e9"], [0.5, "#1a1d22"], [1, "#f0a63c"]]
        : [[0, "#0067a8"], [0.5, "#f7f7f4"], [1, "#c25700"]],
  };
}

/**
 * Okabe and Ito's colours, in an order that keeps neighbours apart, adjusted for contrast in each theme.
 * From the ninth racer on they come again: `racerDash` and `racerSymbol` tell those apart.
 */
const RACERS = {
  light: ["#d98200", "#2b8cca", "#b5508c", "#8a7a00", "#cf3a24", "#00865f", "#5a5f66", "#6a51c7"],
  dark: ["#e8a317", "#56b4e9", "#d184b5", "#f0e442", "#ff6a55", "#2fcf9b", "#b4bac2", "#a594ff"],
};
const DASHES = ["solid", "dash", "dot", "dashdot"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon"];

/** @param {number} index @param {"light" | "dark"} [name] */
export function racerColor(index, name = theme()) {
  const list = RACERS[name];
  return list[index % list.length];
}

/** Plotly's name of the dash. @param {number} index */
export function racerDash(index) {
  return DASHES[Math.floor(index / RACERS.light.length) % DASHES.length];
}

/** Plotly's name of the mark. @param {number} index */
export function racerSymbol(index) {
  return SYMBOLS[index % SYMBOLS.length];
}

/** The canvas's dash for the same. @param {number} index @returns {number[]} */
export function racerDashArray(index) {
  return { solid: [], dash: [7, 4], dot: [2, 3], dashdot: [7, 3, 2, 3] }[racerDash(index)] ?? [];
}

/**
 * A layout in our theme, with the caller's own entries on top.
 * @param {Record<string, any>} layout
 */
export function themed(layout) {
  const c = colors();
  const axis = {
    gridcolor: c.grid,
    zerolinecolor: c.grid,
    linecolor: c.line,
    tickcolor: c.line,
    tickfont: { color: c.muted, size: 11 },
    title: { font: { color: c.muted, size: 11 } },
    automargin: true,
  };
  /** @type {Record<string, any>} */
  const result = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: c.text },
    margin: { l: 44, r: 12, t: 8, b: 32 },
    showlegend: false,
    hoverlabel: { bgcolor: c.card, bordercolor: c.line, font: { color: c.text, size: 12 } },
    dragmode: "pan",
    ...layout,
  };
  for (const name of Object.keys({ xaxis: 0, yaxis: 0, ...layout })) {
    if (!/^[xy]axis\d*$/.test(name)) continue;
    const own = layout[name] ?? {};
    const title = typeof own.title === "string" ? { text: own.title } : (own.title ?? {});
    result[name] = { ...axis, ...own, title: { ...axis.title, ...title } };
  }
  if (layout.scene) {
    const three = { ...axis, backgroundcolor: "rgba(0,0,0,0)", color: c.muted };
    const own = layout.scene;
    result.scene = {
      ...own,
      xaxis: { ...three, ...own.xaxis },
      yaxis: { ...three, ...own.yaxis },
      zaxis: { ...three, ...own.zaxis },
    };
  }
  return result;
}

const CONFIG = { displayModeBar: false, displaylogo: false, responsive: false, scrollZoom: false, doubleClick: "reset" };

/**
 * @param {HTMLElement} element @param {any[]} data @param {Record<string, any>} [layout] @param {Record<string, any>} [config]
 * @returns {Promise<any>}
 */
export async function newPlot(element, data, layout = {}, config = {}) {
  const plotly = library ?? (await load());
  return plotly.newPlot(element, data, themed(layout), { ...CONFIG, ...config });
}

/**
 * @param {HTMLElement} element @param {any[]} data @param {Record<string, any>} [layout] @param {Record<string, any>} [config]
 * @returns {Promise<any>}
 */
export async function react(element, data, layout = {}, config = {}) {
  const plotly = library ?? (await load());
  return plotly.react(element, data, themed(layout), { ...CONFIG, ...config });
}

/** Plotly's restyle. @param {HTMLElement} element @param {any} update @param {number[]} [traces] */
export async function restyle(element, update, traces) {
  const plotly = library ?? (await load());
  return plotly.restyle(element, update, traces);
}

/** Plotly's relayout. @param {HTMLElement} element @param {any} update */
export async function relayout(element, update) {
  const plotly = library ?? (await load());
  return plotly.relayout(element, update);
}

/** Fit a figure into its box. @param {HTMLElement} element */
export function resize(element) {
  if (library && element.classList.contains("js-plotly-plot") && element.offsetParent) library.Plots.resize(element);
}

/** Free a figure's memory and WebGL contexts; harmless where there is none. @param {HTMLElement} element */
export function purge(element) {
  if (library) library.purge(element);
}

/**
 * The buttons that stand in for the modebar: whole view, picture file.
 * @param {HTMLElement} element the figure
 * @param {string} filename without its ending
 * @returns {HTMLElement[]}
 */
export function buttons(element, filename) {
  return [
    iconButton("fit", t("shell.plot.reset"), () => void reset(element)),
    iconButton("image", t("shell.plot.png"), () => void png(element, filename)),
  ];
}

/** Show the whole figure again. @param {HTMLElement} element */
export async function reset(element) {
  const plotly = await load();
  /** @type {any} */
  const full = /** @type {any} */ (element)._fullLayout ?? {};
  /** @type {Record<string, any>} */
  const update = {};
  for (const name of Object.keys(full)) {
    if (!/^[xy]axis\d*$/.test(name)) continue;
    const range = full[name]._rangeInitial0 === undefined ? null : [full[name]._rangeInitial0, full[name]._rangeInitial1];
    if (range && range[0] !== undefined && range[1] !== undefined) update[`${name}.range`] = range;
    else update[`${name}.autorange`] = true;
  }
  return plotly.relayout(element, update);
}

/** Save a figure as a PNG, twice its size on the page. @param {HTMLElement} element @param {string} filename */
export async function png(element, filename) {
  const plotly = await load();
  return plotly.downloadImage(element, {
    format: "png",
    filename,
    width: element.clientWidth,
    height: element.clientHeight,
    scale: 2,
  });
}
