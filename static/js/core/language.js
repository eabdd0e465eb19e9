/**
 * The page's own words in another language; what modules drew they draw again themselves.
 */

import { byId } from "./dom.js";
import { load, retranslate, t } from "./i18n.js";

/** @typedef {{root: string, lab: string, lang: string, locales: Record<string, string>}} PageData */

/** Remembered for the next visit. @param {PageData} page @param {string} code "zh" or "en" */
export async function speak(page, code) {
  await load(code, page.locales[code]);
  document.cookie = `lang=${code}; path=${page.root || "/"}; max-age=31536000; samesite=lax`;
  const button = byId("language");
  const other = code === "zh" ? "en" : "zh";
  button.textContent = other === "zh" ? "中文" : "English";
  button.lang = other === "zh" ? "zh-CN" : "en";
  button.setAttribute("href", `?lang=${other}`);
  retranslate(document);
  document.title = `${t(`shell.lab.${page.lab}`)} · ${t("shell.name")}`;
}
