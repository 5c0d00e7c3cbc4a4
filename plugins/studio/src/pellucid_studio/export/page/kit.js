// What layers compute with. A tensor is one sample: { data, shape }, a typed array of its numbers and its axes, without
// the batch; of images height, width, channels. Sums are taken in double, and each layer's numbers are kept as float32.

export const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1);

/** A tensor of these numbers. */
export const tensor = (data, shape) => ({ data, shape });

/** A tensor of zeros. */
export const zeros = (shape) => tensor(new Float32Array(sizeOf(shape)), shape);

/** The tensor whose numbers are f of those of x. */
export const mapped = (x, f) => tensor(x.data.map(f), x.shape);

/** Length of the last axis, and how many rows of it there are. */
export const rowsOf = (x) => {
  const width = x.shape[x.shape.length - 1];
  return [width, width ? x.data.length / width : 0];
};

/** a + b, of one shape. */
export const added = (a, b) => tensor(a.data.map((value, i) => value + b.data[i]), a.shape);

/** Two tensors side by side along the last axis. */
export function joined(a, b) {
  const [m, rows] = rowsOf(a), [n] = rowsOf(b), y = zeros([...a.shape.slice(0, -1), m + n]);
  for (let r = 0; r < rows; r++) {
    y.data.set(a.data.subarray(r * m, (r + 1) * m), r * (m + n));
    y.data.set(b.data.subarray(r * n, (r + 1) * n), r * (m + n) + m);
  }
  return y;
}

// -- activations ------------------------------------------------------------------------------------------------------

export const sigmoid = (x) => { const e = Math.exp(-Math.abs(x)); return x >= 0 ? 1 / (1 + e) : e / (1 + e); };
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Φ, the distribution function of N(0, 1), to 10⁻⁷ (Abramowitz & Stegun, 7.1.26). */
export function normal(x) {
  const z = Math.abs(x) * Math.SQRT1_2, t = 1 / (1 + 0.3275911 * z);
  const sum = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const above = 0.5 * sum * Math.exp(-z * z);
  return x < 0 ? above : 1 - above;
}

/** An activation by its name; null for none. */
export function activation(name, alpha) {
  const a = alpha ?? { leaky_relu: 0.01, elu: 1 }[name];
  switch (name) {
    case null: case undefined: case "identity": return null;
    case "relu": return (x) => (x > 0 ? x : 0);
    case "leaky_relu": return (x) => (x > 0 ? x : a * x);
    case "elu": return (x) => (x > 0 ? x : a * Math.expm1(x));
    case "sigmoid": return sigmoid;
    case "tanh": return Math.tanh;
    case "softplus": return softplus;
    case "silu": return (x) => x * sigmoid(x);
    case "gelu": return (x) => x * normal(x);
    default: throw new Error(`This page knows no activation ${name}.`);
  }
}

/** Adds to sums[o], for o from `first` to before `last`, Σ values[k] W[places[k] + o] over k < n: four sums at a time, which
    then stay in registers. */
export function addProducts(values, places, n, W, first, last, sums) {
  let o = first;
  for (; o + 4 <= last; o += 4) {
    let a = 0, b = 0, c = 0, d = 0;
    for (let k = 0; k < n; k++) {
      const value = values[k], at = places[k] + o;
      a += value * W[at]; b += value * W[at + 1]; c += value * W[at + 2]; d += value * W[at + 3];
    }
    sums[o] += a; sums[o + 1] += b; sums[o + 2] += c; sums[o + 3] += d;
  }
  for (; o < last; o++) {
    let a = 0;
    for (let k = 0; k < n; k++) a += values[k] * W[places[k] + o];
    sums[o] += a;
  }
}

/** y[i] = f(sums[i] + bias[i]) from place `at` on; no f and no bias are null. */
export function finish(sums, bias, f, y, at) {
  for (let i = 0; i < sums.length; i++) {
    const z = bias ? sums[i] + bias[i] : sums[i];
    y[at + i] = f ? f(Math.fround(z)) : z;
  }
}

/** eˣ / Σ eˣ of n numbers from place `at` on, into the same places of y. */
export function softmax(x, y, at = 0, n = x.length) {
  let highest = -Infinity, sum = 0;
  for (let i = at; i < at + n; i++) highest = Math.max(highest, x[i]);
  for (let i = at; i < at + n; i++) sum += y[i] = Math.exp(x[i] - highest);
  for (let i = at; i < at + n; i++) y[i] /= sum;
  return y;
}

// -- windows over images ----------------------------------------------------------------------------------------------

/** 3 or [3, 5] as [vertical, horizontal]. */
export const pair = (size) => (Array.isArray(size) ? size : [size, size]);

/** Pixels before the image along an axis, and how many places the window has: `padding` as the layers take it. */
export function placed(padding, axis, size, kernel, stride, dilation) {
  const extent = (kernel - 1) * dilation + 1;
  if (padding === "same") {
    const places = Math.ceil(size / stride), lacking = Math.max((places - 1) * stride + extent - size, 0);
    return [Math.floor(lacking / 2), places];
  }
  const zeros = padding === "valid" ? 0 : pair(padding)[axis];
  return [zeros, Math.floor((size + 2 * zeros - extent) / stride) + 1];
}

/** For each of several places along an axis, which cells of the window lie on which pixels: [[cell, pixel], …]. */
export function cellsOf(places, before, size, kernel, stride, dilation) {
  return Array.from({ length: places }, (_, place) => {
    const cells = [];
    for (let k = 0; k < kernel; k++) {
      const pixel = place * stride + k * dilation - before;
      if (pixel >= 0 && pixel < size) cells.push([k, pixel]);
    }
    return cells;
  });
}
