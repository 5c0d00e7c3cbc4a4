// y = A x Bᵀ: pixels repeated, or read between their centres.
import { pair, zeros } from "pellucid";

/** For each of n·factor pixels, the two that it is read between and the share of the second. */
function between(n, factor, linear) {
  return Array.from({ length: n * factor }, (_, i) => {
    if (!linear) return [Math.floor(i / factor), Math.floor(i / factor), 0];
    const at = Math.min(Math.max((i + 0.5) / factor - 0.5, 0), n - 1), low = Math.floor(at);
    return [low, Math.min(low + 1, n - 1), at - low];
  });
}

export function make({ arguments: { factor, interpolation } }) {
  const [down, across] = pair(factor), linear = interpolation === "bilinear";
  return (x) => {
    const [height, width, channels] = x.shape, rows = between(height, down, linear), columns = between(width, across, linear);
    const y = zeros([rows.length, columns.length, channels]), at = (h, w, c) => x.data[(h * width + w) * channels + c];
    rows.forEach(([h, h2, s], a) => columns.forEach(([w, w2, t], b) => {
      for (let c = 0; c < channels; c++) {
        const above = at(h, w, c) * (1 - t) + at(h, w2, c) * t, below = at(h2, w, c) * (1 - t) + at(h2, w2, c) * t;
        y.data[(a * columns.length + b) * channels + c] = above * (1 - s) + below * s;
      }
    }));
    return y;
  };
}
