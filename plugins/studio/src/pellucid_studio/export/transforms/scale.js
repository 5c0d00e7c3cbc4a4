// y = a x + b.
import { mapped } from "pellucid";

export const make = ({ arguments: { factor, offset } }) => ({
  apply: (x) => mapped(x, (value) => value * factor + offset),
  inverse: (y) => mapped(y, (value) => (value - offset) / factor),
});
