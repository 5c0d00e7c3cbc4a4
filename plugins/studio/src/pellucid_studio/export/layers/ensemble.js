// Many small networks, averaged with weights: of values the mean, of classes the logarithm of the mean probability.
import { softmax, tensor } from "pellucid";

const logSigmoid = (z) => Math.min(z, 0) - Math.log1p(Math.exp(-Math.abs(z)));

export function make({ arrays: { weights }, parts: { networks }, arguments: { outputs, task } }) {
  const used = networks.map((network, k) => [network, weights.data[k]]).filter(([, weight]) => weight > 0);
  const mean = (each) => {
    const sums = new Float64Array(outputs);
    for (const [values, weight] of each) for (let c = 0; c < outputs; c++) sums[c] += weight * values[c];
    return sums;
  };
  return (x) => {
    const said = used.map(([network, weight]) => [Float64Array.from(network.forward(x).data), weight]);
    const of = (f) => mean(said.map(([z, weight]) => [f(z), weight]));
    if (task === "regression") return tensor(Float32Array.from(of((z) => z)), [outputs]);
    if (outputs > 1) return tensor(Float32Array.from(of((z) => softmax(z, new Float64Array(outputs))), Math.log), [outputs]);
    const [yes] = of((z) => z.map((value) => Math.exp(logSigmoid(value)))), [no] = of((z) => z.map((value) => Math.exp(logSigmoid(-value))));
    return tensor(Float32Array.of(Math.log(yes) - Math.log(no)), [1]);
  };
}
