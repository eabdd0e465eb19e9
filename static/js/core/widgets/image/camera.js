/**
 * A picture from the webcam. Browsers give it to https pages and to this machine's own only.
 */

import { el } from "../../dom.js";
import { t } from "../../i18n.js";
import { dialog } from "../../keys.js";
import { encoded } from "./shrink.js";

/** @param {(blob: Blob) => void} choose */
export async function cameraDialog(choose) {
  const state = el("p", { class: "caption", role: "status" }, t("image.camera.starting"));
  const video = el("video", { class: "image-video", playsinline: true, autoplay: true, hidden: true });
  video.muted = true;
  const take = el("button", { type: "button", class: "button primary", disabled: true }, t("image.camera.take"));
  const box = dialog(t("image.camera"), state, video, el("div", { class: "image-actions" }, take));
  if (!navigator.mediaDevices) {
    state.textContent = t("image.camera.insecure");
    take.hidden = true;
    return;
  }
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false });
  } catch (error) {
    state.textContent = t(`image.camera.${reason(error)}`);
    take.hidden = true;
    return;
  }
  const stop = () => stream.getTracks().forEach((track) => track.stop());
  if (!box.open) return stop(); // closed while the browser asked
  box.addEventListener("close", stop);
  video.srcObject = stream;
  await video.play().catch(() => undefined);
  video.hidden = false;
  state.hidden = true;
  take.disabled = false;
  take.focus();
  take.addEventListener("click", async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    box.close();
    const blob = await encoded(canvas, "image/jpeg");
    if (blob) choose(blob);
  });
}

/** @param {unknown} error */
function reason(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "none" : "failed";
}
