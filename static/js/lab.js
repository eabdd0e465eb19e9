/**
 * Boots a lab's page: reads the page's data, the words and the experiments, and the drawing module
 * of the experiment (or the generic one), then hands over to core/lab.js.
 */

import "./core/widgets/index.js";
import { byId } from "./core/dom.js";
import { load, t } from "./core/i18n.js";
import { Lab } from "./core/lab.js";
import { experimentOf } from "./core/link.js";
import * as plots from "./core/plots.js";
import { banner, status } from "./core/status.js";
import { themeButton } from "./core/theme.js";

/** @typedef {import("./core/types.js").Experiment} Experiment */

/** Labs that draw with Plotly: it is large, so it is on its way while the run starts. Elsewhere it would keep the first picture waiting. */
const PLOTLY = new Set(["optimizer"]);

async function boot() {
  const page = JSON.parse(byId("page-data").textContent ?? "{}");
  themeButton(byId("theme"));
  if (PLOTLY.has(page.lab)) void plots.load().catch(() => undefined);
  const [answer] = await Promise.all([fetch(page.experiments), load(page.lang, page.locales[page.lang])]);
  /** @type {Experiment[]} */
  const all = (await answer.json()).experiments;
  const mine = all.filter((one) => one.lab === page.lab);
  const wanted = `${page.lab}/${experimentOf(window.location)}`;
  const experiment = mine.find((one) => one.name === wanted) ?? mine[0];
  if (!experiment) throw new Error(`lab ${page.lab} has no experiment`);
  const own = page.views.includes(experiment.name);
  const where = own ? `./labs/${experiment.name}.js` : "./core/generic.js";
  const { default: mount } = await import(where);
  new Lab(page, experiment, mine, mount);
}

boot().catch((error) => {
  console.error(error);
  status("");
  banner(() => t("shell.error.boot", { text: error.message }));
});
