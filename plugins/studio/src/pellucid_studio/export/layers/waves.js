// Of each number cosines (periodic), or cosines and sines (plr), of learned frequencies; then a small linear layer.
import { zeros } from "pellucid";

export function make({ type, arrays: { frequency, phase, weight, bias } }) {
  const [numbers, waves, outputs] = weight.shape, count = frequency.shape[1], linked = type === "tabular/periodic" ? 1 : 0;
  return (x) => {
    const y = zeros([numbers * (outputs + linked)]), seen = new Float64Array(2 * count);
    for (let f = 0; f < numbers; f++) {
      const value = x.data[f], at = f * (outputs + linked);
      for (let k = 0; k < count; k++) {
        const angle = 2 * Math.PI * frequency.data[f * count + k] * value + (phase ? phase.data[f * count + k] : 0);
        seen[k] = Math.cos(angle);
        seen[count + k] = Math.sin(angle);
      }
      if (linked) y.data[at] = value;
      for (let o = 0; o < outputs; o++) {
        let sum = bias.data[f * outputs + o];
        for (let k = 0; k < waves; k++) sum += seen[k] * weight.data[(f * waves + k) * outputs + o];
        y.data[at + linked + o] = linked ? sum : Math.max(sum, 0);
      }
    }
    return y;
  };
}
