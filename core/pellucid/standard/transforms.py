"""The built-in transforms: flatten, scale, standardize."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import ClassVar

import numpy as np

from pellucid.basics.arrays import HostArray, Shape
from pellucid.basics.checks import check_float
from pellucid.basics.component import Equation, Example
from pellucid.basics.errors import CheckpointError, ConfigError
from pellucid.interfaces.transform import Transform
from pellucid.standard.columns import check_columns, floating


class FlattenSamples(Transform):
    """``y = vec(x)``: all axes of a sample joined into one, the last running fastest.

    Shapes: (N, a, b, …) to (N, a·b·…).
    """

    equations = (Equation("y", r"y = \mathrm{vec}(x)", "x.reshape(len(x), -1)"),)
    examples = (Example(input_shapes=((2, 3, 2),)), Example(input_shapes=((4,),)))

    def apply(self, x: HostArray) -> HostArray:
        return x.reshape(len(x), prod(x.shape[1:]))

    def output_shape(self, input_shape: Shape) -> Shape:
        sizes = [size for size in input_shape if size is not None]
        return (prod(sizes),) if len(sizes) == len(input_shape) else (None,)


class Scale(Transform):
    """``y = factor·x + offset``: ``Scale(2, -1)`` takes [0, 1] to [−1, 1].

    Args:
        factor: multiplies every value; not 0.
        offset: is added to every value.

    Shapes: (N, …) to (N, …).
    """

    equations = (Equation("y", r"y = a\,x + b", "factor * x + offset"),)
    symbols: ClassVar = {"factor": "factor", "offset": "offset"}
    examples = (Example({"factor": 2.0, "offset": -1.0}),)

    def __init__(self, factor: float = 1.0, offset: float = 0.0) -> None:
        check_float(self, "factor", factor, "(-inf, inf)")
        check_float(self, "offset", offset, "(-inf, inf)")
        if factor == 0:
            raise ConfigError("The 'factor' of Scale must not be 0: every value would become the same. Received: 0.")
        self.factor = factor
        self.offset = offset

    @np.errstate(under="ignore")
    def apply(self, x: HostArray) -> HostArray:
        y = np.multiply(x, self.factor, dtype=floating(x))
        y += self.offset
        return y

    @np.errstate(under="ignore")
    def inverse(self, y: HostArray) -> HostArray:
        x = np.subtract(y, self.offset, dtype=floating(y))
        x /= self.factor
        return x


_BLOCK = 1 << 20
"""Values converted to float64 at a time: 8 MiB."""


class Standardize(Transform):
    """``y = (x − μ)/σ`` with the mean μ and the standard deviation σ of each column of the training data.

    σ is the biased one, ``σ² = Σ (x − μ)²/N``. A column that is constant in training becomes 0, and is not divided.

    Shapes: (N, …) to (N, …); one μ and σ for each position in a sample.

    Source: LeCun et al., Efficient BackProp, 1998, section 4.3.
    """

    equations = (
        Equation("mean", r"\mu = \frac{1}{N} \sum_i x_i", "samples.mean(0)"),
        Equation(
            "std",
            r"\sigma = \sqrt{\frac{1}{N} \sum_i (x_i - \mu)^2} \text{, but 1 where that is 0}",
            "np.where(np.ptp(samples, 0) > 0, np.sqrt(np.mean((samples - mean) ** 2, 0)), 1)",
        ),
        Equation("y", r"y = \frac{x - \mu}{\sigma}", "(x - mean) / std"),
    )
    symbols: ClassVar = {"mean": "mean", "std": "std"}
    examples = (Example(input_shapes=((4,),)), Example(input_shapes=((2, 3),)))
    fitted = ("mean", "std")

    mean: HostArray | None = None
    std: HostArray | None = None

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        if set(arrays) != set(self.fitted):
            super().restore(arrays)  # says what is missing
        mean, std = arrays["mean"], arrays["std"]
        numbers = mean.dtype.kind == std.dtype.kind == "f" and np.isfinite(mean).all() and np.isfinite(std).all()
        if mean.shape != std.shape or not numbers or (std <= 0).any():
            raise CheckpointError(
                "The saved state of Standardize must hold a mean and a standard deviation above 0 for each column, "
                f"finite numbers. Received: {mean.dtype} of shape {mean.shape}, {std.dtype} of shape {std.shape}."
            )
        super().restore(arrays)

    @np.errstate(under="ignore")
    def fit(self, x: HostArray) -> None:
        # Two passes in float64: the one-pass formula E[x²] − E[x]² loses all digits of a small spread around a
        # large mean. By blocks of rows, so that no float64 copy of the data is made. In units of a power of two near
        # the largest number, which changes no digit: squares of 1e-170 would be 0, and of 1e160 infinite.
        lowest, highest = x.min(axis=0), x.max(axis=0)
        _, exponent = np.frexp(np.maximum(np.abs(lowest.astype(np.float64)), np.abs(highest.astype(np.float64))))
        unit = np.ldexp(1.0, np.clip(exponent, -1000, 1000))
        mean = sum((block.sum(axis=0) for block in _blocks(x, 1 / unit)), np.zeros(x.shape[1:])) / len(x)
        square = sum((((block - mean) ** 2).sum(axis=0) for block in _blocks(x, 1 / unit)), np.zeros(x.shape[1:]))
        std = np.sqrt(square / len(x)) * unit
        constant = (lowest == highest) | (std == 0)  # exact: rounding alone would leave a σ of about 1e-17
        self.mean = np.where(lowest == highest, lowest, mean * unit)
        self.std = np.where(constant, 1.0, std)

    @np.errstate(under="ignore")
    def apply(self, x: HostArray) -> HostArray:
        mean, std = self._learned("mean"), self._learned("std")
        check_columns(self, x, mean.shape)
        y = np.empty(x.shape, floating(x))
        np.subtract(x, mean, out=y, casting="same_kind")
        np.divide(y, std, out=y, casting="same_kind")
        return y

    @np.errstate(under="ignore")
    def inverse(self, y: HostArray) -> HostArray:
        mean, std = self._learned("mean"), self._learned("std")
        check_columns(self, y, mean.shape)
        x = np.empty(y.shape, floating(y))
        np.multiply(y, std, out=x, casting="same_kind")
        np.add(x, mean, out=x, casting="same_kind")
        return x


def _blocks(x: HostArray, factor: HostArray) -> Iterator[HostArray]:
    """Rows of x in float64, each column times its factor."""
    rows = max(1, _BLOCK // max(1, x[0].size))
    for start in range(0, len(x), rows):
        block = x[start : start + rows].astype(np.float64)
        block *= factor
        yield block
