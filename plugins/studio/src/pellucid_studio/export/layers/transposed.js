// y = f(x Wᵀ + b) with the W of another layer.
import { activation, finish, rowsOf, zeros } from "pellucid";

export function make({ arrays: { bias }, parts: { source }, arguments: { activation: name } }) {
  const { data: W, shape: [units, inputs] } = source.arrays.weight, f = activation(name);
  return (x) => {
    const [, rows] = rowsOf(x), y = zeros([...x.shape.slice(0, -1), units]), sums = new Float64Array(units);
    for (let r = 0; r < rows; r++) {
      for (let o = 0; o < units; o++) {
        let sum = 0;
        for (let i = 0, at = o * inputs, from = r * inputs; i < inputs; i++) sum += x.data[from + i] * W[at + i];
        sums[o] = sum;
      }
      finish(sums, bias?.data, f, y.data, r * units);
    }
    return y;
  };
}
