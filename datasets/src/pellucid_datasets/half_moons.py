"""half_moons: two interlocking half circles in the plane, the smallest problem that no straight line solves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Equation, Example, Part, Split, Transform, check_float, check_int


class HalfMoons(Dataset):
    """Which moon is it? Points on two half circles, with noise.

    The upper moon is ``(cos t, sin t)``, the lower one ``(1 − cos t, ½ − sin t)``, with t in equal steps from 0 to π;
    each coordinate gets normal noise. ``x``: float32 (n, 2); ``y``: int64, 0 for upper and 1 for lower. Another seed
    of the splits draws other noise.

    Args:
        n: number of points, from 10 to ten million; the upper moon has the odd one.
        noise: standard deviation of the noise.
        validation, test: a fraction of the n points or a number of them, with the moons in proportion.
        transforms: proposed to whoever trains.
    """

    equations = (
        Equation("upper", r"x = (\cos t,\ \sin t) + \epsilon,\quad \epsilon \sim N(0, \mathrm{noise}^2)"),
        Equation("lower", r"x = (1 - \cos t,\ \tfrac12 - \sin t) + \epsilon"),
    )
    examples = (Example(), Example({"n": 101, "noise": 0.0}))

    def __init__(
        self,
        n: int = 1000,
        noise: float = 0.1,
        *,
        validation: Part = 0.2,
        test: Part = 0.2,
        transforms: Sequence[Transform | str] = (),
    ) -> None:
        super().__init__(validation=validation, test=test, transforms=transforms)
        check_int(self, "n", n, "[10, 10000000]")
        check_float(self, "noise", noise, "[0, inf)")
        self.n = n
        self.noise = noise

    def load(self, rng: np.random.Generator) -> Split:
        lower = self.n // 2
        upper = self.n - lower
        t, s = np.linspace(0, np.pi, upper), np.linspace(0, np.pi, lower)
        x = np.concatenate([np.stack([np.cos(t), np.sin(t)], 1), np.stack([1 - np.cos(s), 0.5 - np.sin(s)], 1)])
        x += self.noise * rng.standard_normal(x.shape)
        y = np.repeat(np.array([0, 1]), [upper, lower])
        return Split(x.astype(np.float32), y, ("upper", "lower"))
