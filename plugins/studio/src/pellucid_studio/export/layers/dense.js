// y = f(x W + b), for each row of x.
import { activation, addProducts, finish, rowsOf, zeros } from "pellucid";

export function make({ arrays: { weight, bias }, arguments: { activation: name } }) {
  const [inputs, units] = weight.shape, W = weight.data, f = activation(name);
  const values = new Float64Array(inputs), places = new Int32Array(inputs), sums = new Float64Array(units);
  return (x) => {
    const [, rows] = rowsOf(x), y = zeros([...x.shape.slice(0, -1), units]), { data } = x;
    for (let r = 0; r < rows; r++) {
      let n = 0; // inputs that are not 0: after a rectifier, or on an empty canvas, many are
      for (let i = 0; i < inputs; i++) {
        const value = data[r * inputs + i];
        if (value !== 0) { values[n] = value; places[n++] = i * units; }
      }
      addProducts(values, places, n, W, 0, units, sums.fill(0));
      finish(sums, bias?.data, f, y.data, r * units);
    }
    return y;
  };
}
