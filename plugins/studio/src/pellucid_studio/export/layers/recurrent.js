// rnn, gru, lstm: a state that goes from step to step of a sequence, which begins with zeros. There is no mask in a page.
import { activation, sigmoid, tensor, zeros } from "pellucid";

const { tanh } = Math;

/** The state after a step, from what the gates get of the input, of the state, and from the cell: [h, c]. */
const CELLS = {
  "recurrent/rnn": ({ f }, n, a, u, h, c) => [h.map((_, i) => f(a[i] + u[i])), c],
  "recurrent/lstm": (_, n, a, u, h, c) => {
    const gate = (k, i) => a[k * n + i] + u[k * n + i];
    const cell = c.map((before, i) => sigmoid(gate(1, i)) * before + sigmoid(gate(0, i)) * tanh(gate(3, i)));
    return [cell.map((now, i) => sigmoid(gate(2, i)) * tanh(now)), cell];
  },
  "recurrent/gru": ({ candidate }, n, a, u, h, c) => [h.map((before, i) => {
    const z = sigmoid(a[i] + u[i]), r = sigmoid(a[n + i] + u[n + i]);
    const now = tanh(a[2 * n + i] + r * (u[2 * n + i] + candidate[i]));
    return now + z * (before - now);
  }), c],
};

export function make({ type, arrays, arguments: given }) {
  const { weight, recurrent_weight: recurrent, bias } = arrays, n = given.units, width = bias.data.length, step = CELLS[type];
  const own = { f: activation(given.activation ?? "tanh"), candidate: arrays.candidate_bias?.data };
  const times = (x, from, count, W, start) => {
    const sums = Float64Array.from({ length: width }, (_, o) => (start ? start[o] : 0));
    for (let i = 0; i < count; i++) for (let o = 0, value = x[from + i]; o < width; o++) sums[o] += value * W[i * width + o];
    return sums;
  };
  return (x) => {
    const [steps, features] = x.shape, y = zeros([steps, n]);
    let h = new Float64Array(n), c = new Float64Array(n);
    for (let t = 0; t < steps; t++) {
      const place = given.backwards ? steps - 1 - t : t;
      [h, c] = step(own, n, times(x.data, place * features, features, weight.data, bias.data), times(h, 0, n, recurrent.data, null), h, c);
      y.data.set(h, place * n);
    }
    return given.return_sequences ? y : tensor(Float32Array.from(h), [n]);
  };
}
