// y = γ (x − μ)/√(σ² + ε) + β for each feature, with the running μ and σ².
import { mapped } from "pellucid";

export function make({ arrays: { gamma, beta, running_mean: mean, running_var: variance }, arguments: { eps } }) {
  const scale = gamma.data.map((value, i) => value / Math.sqrt(variance.data[i] + eps)), width = scale.length;
  return (x) => mapped(x, (value, i) => (value - mean.data[i % width]) * scale[i % width] + beta.data[i % width]);
}
