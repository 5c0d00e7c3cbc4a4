// y = S x + F₂(F₁(x) + V e), and f of it where normalisation stands after the convolutions.
import { added, mapped } from "pellucid";

export const make = ({ parts: { first, second, shortcut, last, embed } }) => (x, e) => {
  let h = first.forward(x);
  if (e !== undefined) {
    const shift = embed.forward(e).data;
    h = mapped(h, (value, i) => value + shift[i % shift.length]);
  }
  const y = added(second.forward(h), shortcut ? shortcut.forward(x) : x);
  return last ? last.forward(y) : y;
};
