"""noisy_sine: a sine with gross errors, on which squared errors and robust ones disagree."""

import numpy as np
from pellucid import Dataset, Split, check_float, check_int


class NoisySine(Dataset):
    """``y = sin x`` with normal noise, σ = 0.05; some samples are 5 too high.

    Args:
        n: number of samples.
        outliers: share of the samples that are 5 too high, in [0, 1).
    """

    def __init__(self, n: int = 500, outliers: float = 0.1) -> None:
        check_int(self, "n", n, "[10, inf)")
        check_float(self, "outliers", outliers, "[0, 1)")
        self.n = n
        self.outliers = outliers

    def load(self, rng):
        x = rng.uniform(-3, 3, (self.n, 1))
        y = np.sin(x) + rng.normal(0, 0.05, x.shape)
        y += 5 * (rng.uniform(size=y.shape) < self.outliers)
        return Split(x.astype("float32"), y.astype("float32"))
