"""Center: takes the mean of each column away, as it was in training."""

from __future__ import annotations

import numpy as np
from pellucid import Equation, Example, HostArray, Transform, check_columns, floating


class Center(Transform):
    """``y = x − μ`` with the mean μ of each column of the training data.

    Shapes: (N, …) to (N, …); one μ for each position in a sample.
    """

    equations = (
        Equation("mean", r"\mu = \tfrac1N \sum_i x_i", "samples.mean(axis=0)"),
        Equation("y", r"y = x - \mu", "x - mean"),
    )
    symbols = {"mu": "mean"}  # noqa: RUF012
    examples = (Example(input_shapes=((4,),)), Example(input_shapes=((2, 3),)))
    fitted = ("mean",)
    mean: HostArray | None = None

    def fit(self, x: HostArray) -> None:
        self.mean = x.mean(axis=0, dtype=np.float64)

    def apply(self, x: HostArray) -> HostArray:
        mean = self._mean(x)
        y: HostArray = (x - mean).astype(floating(x))
        return y

    def inverse(self, y: HostArray) -> HostArray:
        mean = self._mean(y)
        x: HostArray = (y + mean).astype(floating(y))
        return x

    def _mean(self, x: HostArray) -> HostArray:
        mean: HostArray = self._learned("mean")
        check_columns(self, x, mean.shape)
        return mean
