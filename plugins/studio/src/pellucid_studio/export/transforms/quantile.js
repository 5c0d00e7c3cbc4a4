// Linear between stored quantiles and what they become; beyond the outermost it stays.
import { mapped } from "pellucid";

export function make({ arrays: { knots, levels } }) {
  const count = knots.shape[0], width = knots.data.length / count;
  return {
    apply: (x) => mapped(x, (value, i) => {
      const knot = (k) => knots.data[k * width + i], level = (k) => levels.data[k * width + i];
      let low = -1, high = count; // the last knot that is not above the value lies at low
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (knot(middle) <= value) low = middle; else high = middle;
      }
      if (low < 0) return level(0);
      if (low >= count - 1) return level(count - 1);
      return level(low) + ((level(low + 1) - level(low)) / (knot(low + 1) - knot(low))) * (value - knot(low));
    }),
  };
}
