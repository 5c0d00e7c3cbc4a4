// z = μ, without noise; μ and s = log σ are linear in h.
export const make = ({ parts: { mean, log_std: logStd } }) => (h) => {
  const mu = mean.forward(h);
  return [mu, mu, logStd.forward(h)];
};
