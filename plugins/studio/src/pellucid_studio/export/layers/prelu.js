// y = x where x > 0, else α x with a learned α, one for all or one for each feature.
import { mapped } from "pellucid";

export function make({ arrays: { alpha } }) {
  const a = alpha.data;
  return (x) => mapped(x, (value, i) => (value > 0 ? value : a[i % a.length] * value));
}
