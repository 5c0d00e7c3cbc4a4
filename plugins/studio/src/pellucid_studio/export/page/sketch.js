// Where a picture comes from: drawn on a pad, one of the samples, or a file of one's own.
import { el, id, paint } from "./base.js";
import { Pad, prepared } from "../../page/digit.js";

export const unseen = (told) => (told.unseen ? "Or take a picture that it was not trained on" : "Or take one of these");

/** Calls `onpicture` with the numbers of a sample, or null where nothing is drawn. */
export class Sketch {
  constructor({ picture, samples }, at, onpicture) {
    this.picture = picture;
    this.onpicture = onpicture;
    const canvas = el("canvas", { class: "pad", role: "img", "aria-label": "A pad to draw on. With the keyboard: arrows move the pen, Space lowers and lifts it, Backspace takes the last stroke back, Delete clears." });
    this.pad = new Pad(canvas, (pad) => this.drawn(prepared(pad.strokes, [picture.height, picture.width])));
    const buttons = el("div", { class: "row" },
      el("button", { type: "button", text: "Undo", onclick: () => this.pad.undo() }),
      el("button", { type: "button", text: "Clear", onclick: () => this.pad.clear() }));
    this.head = el("h2", { text: picture.channels === 1 ? "Draw here" : "Choose a picture" });
    this.parts = picture.channels === 1 ? [canvas, buttons] : [this.file()];
    this.strip = samples && this.samples(at(samples.pixels));
  }

  /** Ink from 0 to 1 as a sample of the data. */
  drawn(ink) {
    const { low, high, dark } = this.picture;
    this.onpicture(ink && Float32Array.from(ink, (value) => (dark ? high - (high - low) * value : low + (high - low) * value)));
  }

  samples(pixels) {
    const { low, high } = this.picture, [count, size] = pixels.shape;
    const buttons = Array.from({ length: count }, (_, i) => {
      const numbers = Float32Array.from(pixels.data.subarray(i * size, (i + 1) * size), (value) => low + ((high - low) * value) / 255);
      const canvas = el("canvas");
      paint(canvas, numbers, this.picture);
      return el("button", { type: "button", "aria-label": `Sample ${i + 1}`, onclick: () => { this.pad.strokes = []; this.pad.draw(); this.onpicture(numbers); } }, canvas);
    });
    return el("div", { class: "strip" }, ...buttons);
  }

  /** A file of the reader's own, fitted into the size of a sample. */
  file() {
    const { height, width, low, high } = this.picture, name = id();
    const input = el("input", { type: "file", accept: "image/*", id: name, onchange: async () => {
      if (!input.files.length) return;
      const image = await createImageBitmap(input.files[0], { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
      const canvas = el("canvas", { width, height }), pen = canvas.getContext("2d");
      pen.drawImage(image, 0, 0);
      const { data } = pen.getImageData(0, 0, width, height), numbers = new Float32Array(height * width * 3);
      for (let p = 0; p < height * width; p++) for (let c = 0; c < 3; c++) numbers[3 * p + c] = low + ((high - low) * data[4 * p + c]) / 255;
      this.onpicture(numbers);
    } });
    return el("div", {}, el("label", { for: name, text: "A picture of your own, which stays in this browser: " }), input);
  }
}
