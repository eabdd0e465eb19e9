/** Numbers that are dragged: to the right they grow, to the left they shrink. */

/** CSS pixels before it is a drag and not a click, and for each step. */
const BEGIN = 5;
const PER_STEP = 4;
const STEP = 0.1;

/**
 * @param {HTMLElement} element
 * @param {(x: number, y: number) => {value: number, set: (value: number, settled: boolean) => void} | null} take what lies here
 */
export function draggable(element, take) {
  element.classList.add("drag");
  element.addEventListener("pointerdown", (down) => {
    if (down.button !== 0 || !(down.target instanceof HTMLCanvasElement)) return;
    const held = take(down.clientX, down.clientY);
    if (!held) return;
    let [last, dragging, frame] = [held.value, false, 0];
    const move = (/** @type {PointerEvent} */ event) => {
      const way = event.clientX - down.clientX;
      dragging ||= Math.abs(way) >= BEGIN;
      const value = Number((held.value + Math.trunc(way / PER_STEP) * STEP).toFixed(6));
      if (!dragging || value === last) return;
      last = value;
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => held.set(value, false));
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      cancelAnimationFrame(frame);
      if (!dragging) return;
      held.set(last, true);
      // The click that ends a drag opens nothing.
      const swallow = (/** @type {Event} */ click) => click.stopImmediatePropagation();
      window.addEventListener("click", swallow, { capture: true, once: true });
      window.setTimeout(() => window.removeEventListener("click", swallow, { capture: true }));
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  });
}
