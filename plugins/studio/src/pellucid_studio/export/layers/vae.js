// q(z | x) = N(μ, e^{2s}) encodes, p(x | z) decodes; here z is μ, as no noise is drawn. A conditional one is told a label.
import { tensor } from "pellucid";

export function make({ parts: { recognition, head, generation, join }, arguments: { architecture, encoder } }) {
  const flat = join && encoder === null && architecture === "dense";
  const seen = (x, label) => {
    const row = flat ? tensor(x.data, [x.data.length]) : x;
    return head.forward(recognition.forward(join ? join.forward(row, label) : row));
  };
  const encode = (x, label) => seen(x, label)[1];
  const decode = (z, label) => generation.forward(join ? join.forward(z, label) : z);
  const forward = (x, label) => { const [z, mean, s] = seen(x, label); return [decode(z, label), mean, s]; };
  return { forward, encode, decode };
}
