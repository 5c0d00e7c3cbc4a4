// y = g x/√(mean(x²) + ε), the mean of each row.
import { rowsOf, zeros } from "pellucid";

export function make({ arrays: { gain }, arguments: { eps } }) {
  return (x) => {
    const [width, rows] = rowsOf(x), y = zeros(x.shape);
    for (let r = 0; r < rows; r++) {
      let square = 0;
      for (let i = 0; i < width; i++) square += x.data[r * width + i] ** 2 / width;
      const scale = 1 / Math.sqrt(square + eps);
      for (let i = 0; i < width; i++) y.data[r * width + i] = x.data[r * width + i] * scale * gain.data[i];
    }
    return y;
  };
}
