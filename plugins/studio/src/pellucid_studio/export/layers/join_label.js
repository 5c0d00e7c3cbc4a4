// y = [x, onehot(label)] along the last axis.
import { joined, rowsOf, zeros } from "pellucid";

export const make = ({ arguments: { classes } }) => (x, label) => {
  const [, rows] = rowsOf(x), hot = zeros([...x.shape.slice(0, -1), classes]);
  for (let r = 0; r < rows; r++) hot.data[r * classes + label.data[0]] = 1;
  return joined(x, hot);
};
