"""sine: one curve with noise, the smallest regression that no straight line solves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Equation, Example, Part, Split, Transform, check_float, check_int


class Sine(Dataset):
    """What is y at x? A sine with noise.

    ``y = sin(frequency · x) + ε`` for x drawn between −π and π. ``x`` and ``y``: float32 (n, 1). Another seed of the
    splits draws other places and other noise.

    Args:
        n: number of points, from 10 to ten million.
        frequency: how many waves there are from −π to π.
        noise: standard deviation of ε; no model has a smaller root mean squared error on new points.
        validation, test: a fraction of the n points or a number of them.
        transforms: proposed to whoever trains.
    """

    equations = (
        Equation(
            "y",
            r"y = \sin(\mathrm{frequency}\cdot x) + \epsilon,\quad x \sim U(-\pi, \pi),"
            r"\quad \epsilon \sim N(0, \mathrm{noise}^2)",
        ),
    )
    examples = (Example(), Example({"n": 50, "frequency": 3.0, "noise": 0.0}))

    def __init__(
        self, n: int = 1000, frequency: float = 1.0, noise: float = 0.1, *, validation: Part = 0.2, test: Part = 0.2,
        transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)
        check_int(self, "n", n, "[10, 10000000]")
        check_float(self, "frequency", frequency, "(0, inf)")
        check_float(self, "noise", noise, "[0, inf)")
        self.n = n
        self.frequency = frequency
        self.noise = noise

    def load(self, rng: np.random.Generator) -> Split:
        x = rng.uniform(-np.pi, np.pi, (self.n, 1))
        y = np.sin(self.frequency * x) + self.noise * rng.standard_normal(x.shape)
        return Split(x.astype(np.float32), y.astype(np.float32), ("y",), ("x",))
