// y = γ (x − μ)/√(σ² + ε) + β with μ and σ² of each row.
import { rowsOf, zeros } from "pellucid";

export function make({ arrays: { gamma, beta }, arguments: { eps } }) {
  return (x) => {
    const [width, rows] = rowsOf(x), y = zeros(x.shape);
    for (let r = 0; r < rows; r++) {
      let mean = 0, variance = 0;
      for (let i = 0; i < width; i++) mean += x.data[r * width + i] / width;
      for (let i = 0; i < width; i++) variance += (x.data[r * width + i] - mean) ** 2 / width;
      const scale = 1 / Math.sqrt(variance + eps);
      for (let i = 0; i < width; i++) y.data[r * width + i] = (x.data[r * width + i] - mean) * scale * gamma.data[i] + beta.data[i];
    }
    return y;
  };
}
