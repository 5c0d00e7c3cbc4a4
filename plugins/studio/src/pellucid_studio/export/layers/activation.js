// y = f(x), number by number; the layer's name says which f.
import { activation, mapped } from "pellucid";

export function make({ type, arguments: { alpha } }) {
  const f = activation(type.split("/")[1], alpha);
  return (x) => mapped(x, f);
}
