// Arrays: unpacked once, each read where it lies; what a quantity is and where its numbers come from.

const unpacked = { bytes: null };
const WIDTH = { u1: 1, i4: 4, f4: 4, f8: 8 };
const KIND = { u1: Uint8Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

async function unpack(base64) {
  const letters = atob(base64);
  const packed = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) packed[i] = letters.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  unpacked.bytes = new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The array at a place: its bytes lie sorted by their significance. */
function unshuffled([kind, offset], size) {
  const width = WIDTH[kind];
  const bytes = new Uint8Array(size * width);
  for (let plane = 0; plane < width; plane++) {
    const from = offset + plane * size;
    for (let i = 0; i < size; i++) bytes[i * width + plane] = unpacked.bytes[from + i];
  }
  return new KIND[kind](bytes.buffer);
}

/** Whole numbers that were kept as their differences. */
function placesAt(where, size) {
  const found = unshuffled(where, size);
  for (let i = 1; i < size; i++) found[i] += found[i - 1];
  return found;
}

class Quantity {
  constructor(told, number) {
    Object.assign(this, told);
    this.number = number;
    this.size = sizeOf(told.shape);
    this._array = null;
  }

  get first() { return this.same === undefined ? this : quantities[this.same]; }
  /** The one of the names under which the same array is known whose equation tells how it was made. */
  get asked() { return this.node === undefined ? this.first : this; }
  get kind() { return this.first.type; }

  /** Whether the code gave it, and not only its equation. */
  get kept() { return this.first.origin !== "equation"; }

  array() {
    if (this.same !== undefined) return this.first.array();
    if (this._array === null) this._array = this.find();
    return this._array;
  }

  find() {
    if (this.data === undefined) {
      const node = nodeAt(this.node);
      return Float64Array.from({ length: this.size }, (_, i) => node.at(i));
    }
    const array = unshuffled(this.data, this.size);
    if (!this.foretold) return array;
    const node = nodeAt(this.node);
    const bits = new Int32Array(1), near = new Float32Array(bits.buffer);
    const whole = new Int32Array(this.size);
    for (let i = 0; i < this.size; i++) { near[0] = node.at(i); whole[i] = (bits[0] + array[i]) | 0; }
    return new Float32Array(whole.buffer);
  }

  at(place) {
    const first = this.first;
    if (first._array !== null || first.data !== undefined) return first.array()[place];
    return nodeAt(first.node).at(place);
  }

  /** "layers.0.z[3, 7]" */
  cell(place) { return this.shape.length ? `${this.name}[${indexOf(place, this.shape).join(", ")}]` : this.name; }
}

const quantities = data.quantities.map((told, number) => new Quantity(told, number));
const byName = new Map(quantities.map((q) => [q.name, q]));
