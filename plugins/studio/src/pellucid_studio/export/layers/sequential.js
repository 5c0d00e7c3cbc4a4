// One layer after another.
export const make = ({ parts: { layers } }) => (...x) => {
  const y = layers.reduce((inputs, layer) => [layer.forward(...inputs)].flat(), x);
  return y.length > 1 ? y : y[0];
};
