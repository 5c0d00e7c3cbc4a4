// z[a·s + i·d − p, b·s + j·d − p, f] += Σ x[a, b, c] W[i, j, f, c], y = f(z + b): the convolution's adjoint.
import { activation, cellsOf, finish, pair, placed, sizeOf, zeros } from "pellucid";

export function make({ arrays: { weight, bias }, arguments: known }) {
  const { data: W, shape: [kernelH, kernelW, perGroup, channels] } = weight, { groups, padding } = known;
  const f = activation(known.activation), kernel = [kernelH, kernelW], stride = pair(known.stride);
  const dilation = pair(known.dilation), more = pair(known.output_padding), filters = perGroup * groups, of = channels / groups;
  const size = (axis, n) => {
    if (padding === "same") return n * stride[axis];
    const cut = padding === "valid" ? 0 : pair(padding)[axis];
    return (n - 1) * stride[axis] + (kernel[axis] - 1) * dilation[axis] + 1 - 2 * cut + more[axis];
  };
  return (x) => {
    const [high, wide] = x.shape, shape = [size(0, high), size(1, wide), filters];
    const [top] = placed(padding, 0, shape[0], kernelH, stride[0], dilation[0]);
    const [left] = placed(padding, 1, shape[1], kernelW, stride[1], dilation[1]);
    const rows = cellsOf(high, top, shape[0], kernelH, stride[0], dilation[0]);
    const columns = cellsOf(wide, left, shape[1], kernelW, stride[1], dilation[1]);
    const sums = new Float64Array(sizeOf(shape));
    for (let a = 0; a < high; a++) {
      for (let b = 0; b < wide; b++) {
        const pixel = (a * wide + b) * channels;
        for (const [i, h] of rows[a]) {
          for (const [j, w] of columns[b]) {
            for (let o = 0; o < filters; o++) {
              const first = Math.floor(o / perGroup) * of, at = ((i * kernelW + j) * perGroup + (o % perGroup)) * channels;
              let sum = 0;
              for (let c = first; c < first + of; c++) sum += x.data[pixel + c] * W[at + c];
              sums[(h * shape[1] + w) * filters + o] += sum;
            }
          }
        }
      }
    }
    const y = zeros(shape);
    for (let at = 0; at < sums.length; at += filters) finish(sums.subarray(at, at + filters), bias?.data, f, y.data, at);
    return y;
  };
}
