// Of each window the largest number or the mean, over the cells in the image.
import { cellsOf, pair, placed, zeros } from "pellucid";

/** Pooling of `x` by cells along both axes; `most`: the largest number, else the mean. */
export function pooled(x, rows, columns, most) {
  const [, width, channels] = x.shape, y = zeros([rows.length, columns.length, channels]);
  rows.forEach((down, a) => columns.forEach((across, b) => {
    for (let c = 0; c < channels; c++) {
      let found = most ? -Infinity : 0;
      for (const [, h] of down) {
        for (const [, w] of across) {
          const value = x.data[(h * width + w) * channels + c];
          found = most ? Math.max(found, value) : found + value;
        }
      }
      y.data[(a * columns.length + b) * channels + c] = most ? found : found / (down.length * across.length);
    }
  }));
  return y;
}

export function make({ type, arguments: { size, stride, padding } }) {
  const window = pair(size), steps = stride === null ? window : pair(stride), most = type === "cnn/max_pool2d";
  return (x) => {
    const [down, across] = [0, 1].map((axis) => {
      const [before, places] = placed(padding, axis, x.shape[axis], window[axis], steps[axis], 1);
      return cellsOf(places, before, x.shape[axis], window[axis], steps[axis], 1);
    });
    return pooled(x, down, across, most);
  };
}
