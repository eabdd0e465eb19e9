/**
 * A picture: chosen, dropped, pasted, photographed, drawn, or one of the samples; with every step the server took with it.
 *
 * Large photos are shrunk here first, and what was sent is kept by this browser, so that a server that lost it gets it again.
 */

import { announce } from "../announce.js";
import { el, fill } from "../dom.js";
import { registerWidget } from "../field.js";
import { t } from "../i18n.js";
import { cameraDialog } from "./image/camera.js";
import { drawDialog } from "./image/draw.js";
import { galleryDialog } from "./image/gallery.js";
import { keep, kept } from "./image/keep.js";
import { about, pictureUrl, send } from "./image/server.js";
import { shrink } from "./image/shrink.js";

/** @typedef {import("../types.js").Message} Message */
/** @typedef {{element: HTMLElement, take: (blob: Blob | null) => void, over: (on: boolean) => void}} Place   where a dropped picture goes */

const TYPES = "image/png,image/jpeg,image/webp,image/gif,image/bmp,.png,.jpg,.jpeg,.webp,.gif,.bmp";
/** A picture that was sent again is not missed again within this time, milliseconds. */
const PATIENCE = 10_000;

/** Every picture's field; those of a form that was drawn anew are gone from the page. @type {Set<Place>} */
const places = new Set();

registerWidget("image", ({ value, id, describedby, label, onInput }) => {
  /** @type {string} */
  let image = value;
  let turn = 0;
  let sentAgain = -Infinity;
  const picture = el("img", { class: "image-shown", alt: "" });
  const size = el("p", { class: "caption image-size" });
  const drop = el("p", { class: "image-let-go", hidden: true }, t("image.drop"));
  const state = el("p", { class: "caption image-state", role: "status", hidden: true });
  const problem = el("p", { class: "field-error", role: "alert", hidden: true });
  const summary = el("summary");
  const list = el("ol", { class: "image-steps" });
  const steps = el("details", { class: "fold" }, summary, list);
  const file = el("input", { id, type: "file", class: "unseen", accept: TYPES, "aria-label": `${label}: ${t("image.choose")}`, "aria-describedby": describedby });

  const say = (/** @type {string} */ text) => {
    state.textContent = text;
    state.hidden = !text;
  };
  const complain = (/** @type {unknown} */ error) => {
    say("");
    problem.textContent = error instanceof Error ? error.message : String(error);
    problem.hidden = false;
  };

  /** Show a picture that the server has. */
  const show = async () => {
    const mine = (turn += 1);
    problem.hidden = true;
    const name = image.startsWith("sample:") ? t(`image.sample.${image.slice(7)}`) : t("image.yours");
    picture.alt = t("image.alt", { name });
    picture.src = pictureUrl(image, { size: 512 });
    try {
      const [told, prepared] = [await about(image), await kept(image)];
      if (mine !== turn) return;
      const { width, height } = told;
      size.textContent = t("image.size", { width, height });
      const lines = told.steps.map((step, index) => [pictureUrl(image, { step: index, size: 96 }), t(`image.step.${step.id}`, step.values)]);
      if (prepared?.from) lines.unshift([lines[0][0], t("image.step.page", { from: prepared.from, to: prepared.to })]);
      summary.textContent = t("image.steps", { count: lines.length });
      fill(list, ...lines.map(([src, text]) => el("li", {}, el("img", { src, alt: "", loading: "lazy" }), el("span", {}, text))));
      steps.hidden = false;
    } catch {
      if (mine !== turn) return;
      size.textContent = ""; // the run that wants it says what is wrong, under this field
      steps.hidden = true;
    }
  };

  /** @param {string} next */
  const choose = (next) => {
    image = next;
    onInput(next, { commit: true });
    return show();
  };

  /** A picture from outside: shrunk, sent, chosen; the newest wins. @param {Blob | null} blob */
  const take = async (blob) => {
    if (!blob) return complain(t("image.not-here"));
    const mine = (turn += 1);
    problem.hidden = true;
    say(t("image.reading"));
    try {
      const prepared = await shrink(blob);
      if (mine !== turn) return;
      say(t("image.sending"));
      const told = await send(prepared.blob);
      void keep(told.image, prepared).catch(() => undefined);
      if (mine !== turn) return;
      say("");
      announce(t("image.ready", { width: told.width, height: told.height }), true);
      await choose(told.image);
    } catch (error) {
      if (mine === turn) complain(error);
    }
  };

  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen) void take(chosen);
    file.value = ""; // the same file again is a change too
  });
  picture.addEventListener("load", () => (picture.hidden = false));
  picture.addEventListener("error", () => (picture.hidden = true));

  const way = (/** @type {string} */ name, /** @type {() => void} */ open) =>
    el("button", { type: "button", class: "button small", "aria-haspopup": "dialog", onclick: open }, t(`image.${name}`));
  const element = el(
    "div",
    { class: "image-field" },
    el("div", { class: "image-zone" }, picture, drop),
    size,
    el(
      "div",
      { class: "image-ways" },
      el("label", { class: "button small image-file" }, file, t("image.choose")),
      way("gallery", () => void galleryDialog(choose)),
      way("camera", () => void cameraDialog(take)),
      way("draw", () => drawDialog(take)),
    ),
    el("p", { class: "caption image-hint" }, t("image.hint")),
    state,
    problem,
    steps,
  );
  places.add({ element, take: (blob) => void take(blob), over: (on) => void (drop.hidden = !on) });
  void show();

  return {
    element,
    set: (next) => {
      if (next === image) return;
      image = next;
      say("");
      void show();
    },
    mend: async (message) => {
      const prepared = message.id === "image.unknown" && performance.now() - sentAgain > PATIENCE ? await kept(image) : null;
      if (!prepared) return false;
      sentAgain = performance.now();
      say(t("image.again"));
      try {
        const told = await send(prepared.blob);
        say("");
        if (told.image === image) void show();
        else await choose(told.image); // another version of the server writes it differently
        return told.image === image;
      } catch (error) {
        complain(error);
        return false;
      }
    },
  };
});

/** The field that is on the page and seen. @returns {Place | null} */
function place() {
  for (const one of places) if (!one.element.isConnected) places.delete(one);
  if (document.querySelector("dialog[open]")) return null;
  return [...places].find((one) => one.element.offsetParent !== null) ?? null;
}

/** @param {DataTransfer | null} data */
const files = (data) => [...(data?.files ?? [])];
/** @param {DataTransfer | null} data */
const hasFiles = (data) => data?.types.includes("Files") ?? false;
/** A file the browser knows no type of may still be one that the server names. @param {File[]} given */
const likely = (given) => given.find((one) => one.type.startsWith("image/")) ?? given[0] ?? null;

document.addEventListener("paste", (event) => {
  const given = files(event.clipboardData);
  const here = given.length ? place() : null;
  if (!here) return;
  event.preventDefault();
  here.take(likely(given));
});
document.addEventListener("dragover", (event) => {
  if (!hasFiles(event.dataTransfer)) return;
  event.preventDefault(); // else the browser leaves this page for the file
  place()?.over(true);
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) place()?.over(false);
});
document.addEventListener("drop", (event) => {
  if (!hasFiles(event.dataTransfer)) return;
  event.preventDefault();
  const here = place();
  here?.over(false);
  here?.take(likely(files(event.dataTransfer)));
});
