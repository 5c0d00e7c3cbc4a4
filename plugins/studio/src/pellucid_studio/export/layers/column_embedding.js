// y = [g(numbers), categories], each category one-hot or a row of a learned table; index 0 is zeros.
import { tensor, zeros } from "pellucid";

export function make({ arrays: { table }, parts, arguments: { categories, size, one_hot: oneHot } }) {
  const widths = categories.map((count) => (count - 1 <= oneHot ? count - 1 : size));
  return (x) => {
    const count = x.data.length - categories.length, numbers = tensor(x.data.slice(0, count), [count]);
    const first = count && parts.numbers ? parts.numbers.forward(numbers) : numbers;
    const y = zeros([widths.reduce((a, b) => a + b, first.data.length)]);
    y.data.set(first.data);
    let at = first.data.length, row = 0;
    categories.forEach((indexes, c) => {
      const known = indexes - 1, value = x.data[count + c], index = value >= 0.5 && value < known + 0.5 ? Math.floor(value + 0.5) : 0;
      if (known <= oneHot) {
        if (index) y.data[at + index - 1] = 1;
      } else {
        if (index) y.data.set(table.data.subarray((row + index - 1) * size, (row + index) * size), at);
        row += known;
      }
      at += widths[c];
    });
    return y;
  };
}
