// Arrays as the server sends them: {shape, type, data in base64}.

const KINDS = { f4: Float32Array, u1: Uint8Array, i4: Int32Array };

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/** The array that a message holds: {shape, data}, numbers row by row. */
export function arrayOf({ shape, type, data }) {
  const Kind = KINDS[type];
  if (!Kind) throw new TypeError(`An array has a type of ${Object.keys(KINDS).join(", ")}. Received: ${type}.`);
  return { shape, data: new Kind(bytesOf(data).buffer) };
}

/** The largest size of the numbers from `start` to `end`; never 0. */
export function most(data, start = 0, end = data.length) {
  let found = 1e-9;
  for (let i = start; i < end; i++) {
    const size = Math.abs(data[i]);
    if (size > found && size < Infinity) found = size;
  }
  return found;
}
