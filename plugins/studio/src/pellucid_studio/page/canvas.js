// A canvas as large as its place on the screen, in the screen's own pixels.

/** Fit a canvas to a size in CSS pixels; true where it changed, as it is empty then. */
export function fit(canvas, width, height) {
  const scale = devicePixelRatio || 1, w = Math.round(width * scale), h = Math.round(height * scale);
  if (canvas.width === w && canvas.height === h) return false;
  canvas.width = w;
  canvas.height = h;
  return true;
}

/** The pen of a canvas, in CSS pixels, on a clean sheet. */
export function penOf(canvas) {
  const pen = canvas.getContext("2d"), scale = devicePixelRatio || 1;
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  return pen;
}

/** A small picture that is kept between frames: pixels are written into it, and it is drawn at any size. */
export class Picture {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.pen = this.canvas.getContext("2d");
  }

  /** Its pixels, rows by columns, to be written; `done` shows them. */
  pixels(rows, columns) {
    if (!this.image || this.image.width !== columns || this.image.height !== rows) {
      this.canvas.width = columns;
      this.canvas.height = rows;
      this.image = this.pen.createImageData(columns, rows);
      this.whole = new Uint32Array(this.image.data.buffer);
    }
    return this.whole;
  }

  done() {
    this.pen.putImageData(this.image, 0, 0);
  }
}
