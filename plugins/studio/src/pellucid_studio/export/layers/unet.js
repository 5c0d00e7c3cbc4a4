// An image for an image: encoder, bottom, and a decoder that is told what the encoder saw.
export const make = ({ parts: { encoder, pools, middle, bottom, up, bridges, decoder, head } }) => (x) => {
  const seen = [];
  let h = x;
  encoder.forEach((encode, i) => { seen.push(encode.forward(h)); h = pools[i].forward(seen[i]); });
  h = middle.forward(h);
  if (bottom) h = bottom.forward(h);
  for (let i = encoder.length - 1; i >= 0; i--) h = decoder[i].forward(bridges[i].forward(up[i].forward(h), seen[i]));
  return head.forward(h);
};
