// y = x v + e(x) W + b for each number, where e says how full each of its bins is.
import { zeros } from "pellucid";

export function make({ arrays: { edges, slope, weight, bias } }) {
  const [numbers, bins, outputs] = weight.shape, width = bins + 1;
  return (x) => {
    const y = zeros([numbers * outputs]), sums = new Float64Array(outputs);
    for (let f = 0; f < numbers; f++) {
      const value = x.data[f];
      for (let o = 0; o < outputs; o++) sums[o] = value * slope.data[f * outputs + o] + bias.data[f * outputs + o];
      for (let k = 0; k < bins; k++) {
        const low = edges.data[f * width + k], high = edges.data[f * width + k + 1];
        const full = high > low ? Math.min(1, Math.max(0, (value - low) / (high - low))) : Number(value >= low);
        if (full) for (let o = 0; o < outputs; o++) sums[o] += full * weight.data[(f * bins + k) * outputs + o];
      }
      y.data.set(sums, f * outputs);
    }
    return y;
  };
}
