/**
 * A large photo made smaller before it is sent: a camera's 4 MB take seconds over a slow line, and the server keeps 1024 a side.
 */

/** Longest side that is sent as it is, pixels. */
const MOST = 2048;
/** The longest side of what is shrunk: as the server would (2048 cost 250 ms more of 1.1 s to encode, send and decode). */
const SMALLER = 1024;

/** @typedef {{blob: Blob, from: string, to: string}} Prepared     from, to: "4000 × 3000"; both empty: as it was */

/**
 * What the browser cannot decode goes as it is: the server says why it will not do.
 * @param {Blob} blob @returns {Promise<Prepared>}
 */
export async function shrink(blob) {
  const whole = { blob, from: "", to: "" };
  if (blob.type === "image/gif") return whole; // the server tells how many frames there were
  /** @type {ImageBitmap} */
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    return whole;
  }
  const { width, height } = bitmap;
  const scale = SMALLER / Math.max(width, height);
  if (Math.max(width, height) <= MOST) {
    bitmap.close();
    return whole;
  }
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = canvas.getContext("2d");
  if (!pen) return whole;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  const small = await encoded(canvas, blob.type === "image/jpeg" ? "image/jpeg" : "image/png");
  return small ? { blob: small, from: `${width} × ${height}`, to: `${canvas.width} × ${canvas.height}` } : whole;
}

/** @param {HTMLCanvasElement} canvas @param {string} type @returns {Promise<Blob | null>} */
export function encoded(canvas, type) {
  return new Promise((done) => canvas.toBlob(done, type, 0.95));
}
