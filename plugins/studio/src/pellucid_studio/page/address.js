// The state of the page in its address: base64url of the JSON, deflated where that is shorter.

const BRACE = 0x7b; // with which JSON begins; deflated bytes never begin so here

async function through(bytes, stream) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

const toBase64 = (bytes) => {
  let raw = "";
  for (const byte of bytes) raw += String.fromCharCode(byte);
  return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
};

const fromBase64 = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** The fragment that says this state, without its #. */
export async function written(state) {
  const plain = new TextEncoder().encode(JSON.stringify(state));
  const packed = await through(plain, new CompressionStream("deflate-raw"));
  return toBase64(packed.length < plain.length && packed[0] !== BRACE ? packed : plain);
}

/** The state that a fragment says; null where it says none. Throws where it is none of ours. */
export async function read(fragment) {
  const text = fragment.replace(/^#/, "");
  if (!text) return null;
  try {
    const bytes = fromBase64(text);
    const plain = bytes[0] === BRACE ? bytes : await through(bytes, new DecompressionStream("deflate-raw"));
    const state = JSON.parse(new TextDecoder().decode(plain));
    if (!state || typeof state.sections !== "object") throw new TypeError("no sections");
    return state;
  } catch (error) {
    throw new Error("What stands behind the # of this address is no state of the studio. Was the link cut off?", { cause: error });
  }
}
