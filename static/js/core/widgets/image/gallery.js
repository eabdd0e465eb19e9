/**
 * The pictures that ship, each with who made it and under which licence.
 */

import { el, fill } from "../../dom.js";
import { say, t } from "../../i18n.js";
import { dialog } from "../../keys.js";
import { pictureUrl, samples } from "./server.js";

/** @param {(image: string) => void} choose */
export async function galleryDialog(choose) {
  const list = el("ul", { class: "image-gallery" });
  const box = dialog(t("image.gallery.title"), list);
  try {
    fill(
      list,
      ...(await samples()).map((sample) => {
        const take = () => {
          box.close();
          choose(sample.image);
        };
        const { author, licence, source } = sample;
        const picture = el("img", { src: pictureUrl(sample.image, { size: 128 }), alt: "", width: 96, height: 96 });
        const button = el("button", { type: "button", class: "image-sample", onclick: take }, picture, el("strong", {}, say(sample.title)));
        return el("li", {}, button, el("small", { class: "caption" }, t("image.gallery.about", { author, licence, source })));
      }),
    );
    list.querySelector("button")?.focus();
  } catch (error) {
    fill(list, el("li", { class: "field-error", role: "alert" }, error instanceof Error ? error.message : t("image.gallery.failed")));
  }
}
