// y = eˣ / Σ eˣ over the last axis.
import { rowsOf, softmax, zeros } from "pellucid";

export const make = () => (x) => {
  const [width, rows] = rowsOf(x), y = zeros(x.shape);
  for (let r = 0; r < rows; r++) softmax(x.data, y.data, r * width, width);
  return y;
};
