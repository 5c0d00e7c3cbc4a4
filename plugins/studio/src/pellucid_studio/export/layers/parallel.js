// Several layers on one input: outputs joined along the last axis, added, or given apart.
import { added, joined } from "pellucid";

export const make = ({ parts: { layers }, arguments: { join } }) => (...x) => {
  const outputs = layers.map((layer) => layer.forward(...x));
  return join === "apart" ? outputs : outputs.reduce(join === "sum" ? added : joined);
};
