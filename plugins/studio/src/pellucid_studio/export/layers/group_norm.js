// y = γ (x − μ)/√(σ² + ε) + β with μ and σ² over all pixels and the channels of a group.
import { rowsOf, zeros } from "pellucid";

export function make({ arrays: { gamma, beta }, arguments: { groups, eps } }) {
  return (x) => {
    const [channels, pixels] = rowsOf(x), y = zeros(x.shape), of = channels / groups, count = pixels * of;
    for (let g = 0; g < groups; g++) {
      let mean = 0, variance = 0;
      const each = (act) => {
        for (let p = 0; p < pixels; p++) for (let c = g * of; c < (g + 1) * of; c++) act(p * channels + c, c);
      };
      each((at) => { mean += x.data[at] / count; });
      each((at) => { variance += (x.data[at] - mean) ** 2 / count; });
      const scale = 1 / Math.sqrt(variance + eps);
      each((at, c) => { y.data[at] = (x.data[at] - mean) * scale * gamma.data[c] + beta.data[c]; });
    }
    return y;
  };
}
