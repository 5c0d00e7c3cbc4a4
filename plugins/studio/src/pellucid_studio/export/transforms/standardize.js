// y = (x − μ)/σ, position by position.
import { mapped } from "pellucid";

export const make = ({ arrays: { mean, std } }) => ({
  apply: (x) => mapped(x, (value, i) => (value - mean.data[i]) / std.data[i]),
  inverse: (y) => mapped(y, (value, i) => value * std.data[i] + mean.data[i]),
});
