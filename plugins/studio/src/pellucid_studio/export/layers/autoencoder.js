// y = h(z), z = g(x): an encoder to a code and a decoder back.
export function make({ parts: { encoder, decoder } }) {
  const encode = (x) => encoder.forward(x), decode = (z) => decoder.forward(z);
  return { forward: (x) => decode(encode(x)), encode, decode };
}
