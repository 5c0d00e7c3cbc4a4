// Arrays of the page: deflated, the bytes of each sorted by their significance.

const TYPES = { f4: Float32Array, f8: Float64Array, u1: Uint8Array };

/** The bytes in a text of base64. */
async function inflated(base64) {
  const letters = atob(base64), packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A function that gives the tensor of [type, offset, shape]. */
export async function unpacked(base64) {
  const bytes = await inflated(base64);
  return ([type, offset, shape]) => {
    const size = shape.reduce((a, b) => a * b, 1), width = TYPES[type].BYTES_PER_ELEMENT, own = new Uint8Array(size * width);
    for (let plane = 0; plane < width; plane++) {
      for (let i = 0, from = offset + plane * size; i < size; i++) own[i * width + plane] = bytes[from + i];
    }
    return { data: new TYPES[type](own.buffer), shape };
  };
}
