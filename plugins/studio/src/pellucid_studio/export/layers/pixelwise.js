// A layer of vectors at every pixel.
import { rowsOf, tensor, zeros } from "pellucid";

export const make = ({ parts: { layer } }) => (x) => {
  const [width, pixels] = rowsOf(x);
  let y = null;
  for (let p = 0; p < pixels; p++) {
    const row = layer.forward(tensor(x.data.slice(p * width, (p + 1) * width), [width])).data;
    y ??= zeros([...x.shape.slice(0, -1), row.length]);
    y.data.set(row, p * row.length);
  }
  return y;
};
