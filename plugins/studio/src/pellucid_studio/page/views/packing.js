// Arrays to and from the server.

import { arrayOf } from "../arrays.js";

/** Float32 numbers as the server reads them. */
export function packedArray(data, shape) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  return { shape, type: "f4", data: btoa(text) };
}

const kept = new WeakMap();

/** An array of a message, decoded once; null stays null. */
export function decoded(array) {
  if (!array) return null;
  if (!kept.has(array)) kept.set(array, arrayOf(array));
  return kept.get(array);
}

/** Points of a part or a control: {n, x, y, classes}, or null. */
export function decodedPoints({ points, classes }) {
  const found = decoded(points);
  if (!found) return null;
  const { data } = found, n = found.shape[0];
  return { n, x: (i) => data[2 * i], y: (i) => data[2 * i + 1], classes: decoded(classes)?.data ?? null };
}
