"""Wave: samples that are generated, from the seed alone."""

from __future__ import annotations

import numpy as np
from pellucid import Dataset, Example, Split, check_float, check_int


class Wave(Dataset):
    """``y = sin x + σε`` for x between −3 and 3.

    Args:
        n: number of samples.
        sigma: σ of the noise.
    """

    examples = (Example(), Example({"n": 40, "sigma": 0.0}))

    def __init__(self, n: int = 500, sigma: float = 0.05) -> None:
        check_int(self, "n", n, "[10, inf)")
        check_float(self, "sigma", sigma, "[0, inf)")
        super().__init__()
        self.n = n
        self.sigma = sigma

    def load(self, rng: np.random.Generator) -> Split:
        x = rng.uniform(-3, 3, (self.n, 1))
        y = np.sin(x) + self.sigma * rng.normal(size=x.shape)
        return Split(x.astype("float32"), y.astype("float32"))
