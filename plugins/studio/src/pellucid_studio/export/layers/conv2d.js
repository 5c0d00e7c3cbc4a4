// z[a, b, f] = Σ x[a·s + i·d − p, b·s + j·d − p, c] W[i, j, c, f] + b[f], y = f(z).
import { activation, addProducts, cellsOf, finish, pair, placed, zeros } from "pellucid";

export function make({ arrays: { weight, bias }, arguments: { activation: name, stride, padding, dilation, groups } }) {
  const { data: W, shape: [kernelH, kernelW, perGroup, filters] } = weight, f = activation(name);
  const [strideH, strideW] = pair(stride), [dilationH, dilationW] = pair(dilation), out = filters / groups;
  const window = kernelH * kernelW * perGroup, values = new Float64Array(window), places = new Int32Array(window);
  const sums = new Float64Array(filters);
  return (x) => {
    const [height, width, channels] = x.shape;
    const [top, high] = placed(padding, 0, height, kernelH, strideH, dilationH);
    const [left, wide] = placed(padding, 1, width, kernelW, strideW, dilationW);
    const rows = cellsOf(high, top, height, kernelH, strideH, dilationH);
    const columns = cellsOf(wide, left, width, kernelW, strideW, dilationW);
    const y = zeros([high, wide, filters]), { data } = x;
    for (let a = 0; a < high; a++) {
      for (let b = 0; b < wide; b++) {
        sums.fill(0);
        for (let g = 0; g < groups; g++) {
          let n = 0; // what lies under the window and is not 0
          for (const [i, h] of rows[a]) {
            for (const [j, w] of columns[b]) {
              const pixel = (h * width + w) * channels + g * perGroup, cell = (i * kernelW + j) * perGroup;
              for (let c = 0; c < perGroup; c++) {
                const value = data[pixel + c];
                if (value !== 0) { values[n] = value; places[n++] = (cell + c) * filters; }
              }
            }
          }
          addProducts(values, places, n, W, g * out, (g + 1) * out, sums);
        }
        finish(sums, bias?.data, f, y.data, (a * wide + b) * filters);
      }
    }
    return y;
  };
}
