// y = f(x W + b), for each row of x.
import { activation, finish, rowsOf, zeros } from "pellucid";

export function make({ arrays: { weight, bias }, arguments: { activation: name } }) {
  const [inputs, units] = weight.shape, W = weight.data, f = activation(name);
  return (x) => {
    const [, rows] = rowsOf(x), y = zeros([...x.shape.slice(0, -1), units]), sums = new Float64Array(units);
    for (let r = 0; r < rows; r++) {
      sums.fill(0);
      for (let i = 0; i < inputs; i++) {
        const value = x.data[r * inputs + i];
        if (value !== 0) for (let o = 0, at = i * units; o < units; o++) sums[o] += value * W[at + o];
      }
      finish(sums, bias?.data, f, y.data, r * units);
    }
    return y;
  };
}
