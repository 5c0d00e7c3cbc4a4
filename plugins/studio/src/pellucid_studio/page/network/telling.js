// What a unit or a weight is at this moment, in words, and the cell of the step that it is.

import { fixed, words } from "../numbers.js";

const FEW = 6;

/** The cell of the last step that a weight is: how it was updated. */
export const cellOfWeight = ({ path, i, j }) => `${path}.new[${i},${j}]`;

/** The cell that a unit is for the first sample of the batch; null for an input. */
export function cellOfUnit(session, { layer, unit }) {
  if (layer === "input") return session.state.data.pictures ? "x" : `x[0,${unit}]`;
  const found = session.state.network.layers.find((one) => one.path === layer);
  const inside = (found?.shape ?? [1]).slice(0, -1).map((size) => Math.floor(size / 2));
  return `${found?.opens ?? `${layer}.y`}[${[0, ...inside, unit].join(",")}]`;
}

export function tellWeight({ frames }, { path, i, j }) {
  const weight = frames.weights[path], value = weight?.data[i * weight.shape[1] + j];
  const sizes = frames.sizes[path];
  const more = sizes?.gradient ? `\nof this parameter: gradient ${words(sizes.gradient, 2)}, update ${words(sizes.update, 2)} (root mean square)` : "";
  return `${path}[${i}, ${j}] = ${fixed(value, 4)}${more}`;
}

export function tellUnit({ frames, state }, { layer, unit, text }) {
  const lines = [text];
  const found = state.network?.layers.find((one) => one.path === layer);
  const weight = frames.weights[`${layer}.weight`], bias = frames.weights[`${layer}.bias`];
  const held = frames.units.get(layer)?.activations;
  if (held && held.shape.length === 1) lines.push(`says ${words(held.data[unit], 4)} of this sample`);
  if (weight?.shape.length === 2) {
    const [rows, columns] = weight.shape;
    const all = Array.from({ length: rows }, (_, i) => [i, weight.data[i * columns + unit]]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
    lines.push(`weights ${all.slice(0, FEW).map(([i, value]) => `${i}: ${fixed(value, 2)}`).join(", ")}${rows > FEW ? ` … of ${rows}` : ""}`);
  }
  if (bias) lines.push(`bias ${fixed(bias.data[unit], 3)}`);
  if (!found && layer === "input") return `${text}: what goes in`;
  return lines.join("\n");
}
