/**
 * The pictures that this browser sent, so that it can send them again: a server that was started anew has none.
 */

const MOST_KEPT = 12;

/** @typedef {import("./shrink.js").Prepared} Prepared */

/** Where IndexedDB is not to be had (private windows), this page alone remembers. @type {Map<string, Prepared>} */
const here = new Map();

/** @returns {Promise<IDBDatabase | null>} */
function open() {
  return new Promise((done) => {
    try {
      const asked = indexedDB.open("unrolled-pictures", 1);
      asked.onupgradeneeded = () => void asked.result.createObjectStore("pictures", { keyPath: "image" }).createIndex("at", "at");
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => done(null);
      asked.onblocked = () => done(null);
    } catch {
      done(null);
    }
  });
}

/** @param {string} image @param {Prepared} prepared */
export async function keep(image, prepared) {
  here.set(image, prepared);
  const base = await open();
  if (!base) return;
  const change = base.transaction("pictures", "readwrite");
  const store = change.objectStore("pictures");
  store.put({ image, ...prepared, at: Date.now() });
  const keys = store.index("at").getAllKeys();
  keys.onsuccess = () => {
    for (const key of keys.result.slice(0, -MOST_KEPT)) store.delete(key);
  };
  change.oncomplete = change.onerror = change.onabort = () => base.close();
}

/** @param {string} image @returns {Promise<Prepared | null>} */
export async function kept(image) {
  const held = here.get(image);
  if (held) return held;
  const base = await open();
  if (!base) return null;
  return new Promise((done) => {
    const found = base.transaction("pictures").objectStore("pictures").get(image);
    const end = (/** @type {Prepared | null} */ value) => {
      base.close();
      done(value);
    };
    found.onsuccess = () => end(found.result ?? null);
    found.onerror = () => end(null);
  });
}
