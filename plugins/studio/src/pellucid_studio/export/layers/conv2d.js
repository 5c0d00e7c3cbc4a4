// z[a, b, f] = Σ x[a·s + i·d − p, b·s + j·d − p, c] W[i, j, c, f] + b[f], y = f(z).
import { activation, cellsOf, finish, pair, placed, zeros } from "pellucid";

export function make({ arrays: { weight, bias }, arguments: { activation: name, stride, padding, dilation, groups } }) {
  const { data: W, shape: [kernelH, kernelW, perGroup, filters] } = weight, f = activation(name);
  const [strideH, strideW] = pair(stride), [dilationH, dilationW] = pair(dilation), out = filters / groups;
  return (x) => {
    const [height, width, channels] = x.shape;
    const [top, high] = placed(padding, 0, height, kernelH, strideH, dilationH);
    const [left, wide] = placed(padding, 1, width, kernelW, strideW, dilationW);
    const rows = cellsOf(high, top, height, kernelH, strideH, dilationH);
    const columns = cellsOf(wide, left, width, kernelW, strideW, dilationW);
    const y = zeros([high, wide, filters]), sums = new Float64Array(filters);
    for (let a = 0; a < high; a++) {
      for (let b = 0; b < wide; b++) {
        sums.fill(0);
        for (const [i, h] of rows[a]) {
          for (const [j, w] of columns[b]) {
            const pixel = (h * width + w) * channels, cell = (i * kernelW + j) * perGroup;
            for (let g = 0; g < groups; g++) {
              for (let c = 0; c < perGroup; c++) {
                const value = x.data[pixel + g * perGroup + c], at = (cell + c) * filters;
                if (value !== 0) for (let o = g * out; o < (g + 1) * out; o++) sums[o] += value * W[at + o];
              }
            }
          }
        }
        finish(sums, bias?.data, f, y.data, (a * wide + b) * filters);
      }
    }
    return y;
  };
}
