"""spirals: arms that wind about each other in the plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Equation, Example, Part, Split, Transform, check_float, check_int

from pellucid_datasets.shares import even_shares


class Spirals(Dataset):
    """Which arm is it? Points on spirals that begin in the middle and wind about each other, with noise.

    Arm k of K is ``r (cos φ, sin φ)`` with ``φ = 2π (turns · r + k/K)`` and r in equal steps up to 1; each coordinate
    gets normal noise. ``x``: float32 (n, 2); ``y``: int64, the arm. Another seed of the splits draws other noise.

    Args:
        n: number of points, from 10 to ten million; the first arms have those that do not go into equal parts.
        classes: number of arms.
        turns: how often each winds about the middle.
        noise: standard deviation of the noise. Neighbouring arms are 1/(turns · classes) apart.
        validation, test: a fraction of the n points or a number of them, with the arms in proportion.
        transforms: proposed to whoever trains.

    Source: two spirals of three turns are Alexis Wieland's problem, in Lang & Witbrock, Learning to tell two spirals
    apart, 1988.
    """

    equations = (
        Equation(
            "x",
            r"x = r\,(\cos\varphi,\ \sin\varphi) + \epsilon,\quad \varphi = 2\pi\,(\mathrm{turns}\cdot r + k/K),"
            r"\quad \epsilon \sim N(0, \mathrm{noise}^2)",
        ),
    )
    examples = (Example(), Example({"n": 100, "classes": 3, "turns": 1.0, "noise": 0.0}))

    def __init__(
        self, n: int = 1000, classes: int = 2, turns: float = 2.0, noise: float = 0.02, *, validation: Part = 0.2,
        test: Part = 0.2, transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)
        check_int(self, "n", n, "[10, 10000000]")
        check_int(self, "classes", classes, "[2, 1000]")
        check_float(self, "turns", turns, "[0, inf)")
        check_float(self, "noise", noise, "[0, inf)")
        self.n = n
        self.classes = classes
        self.turns = turns
        self.noise = noise

    def load(self, rng: np.random.Generator) -> Split:
        shares = even_shares(self.n, self.classes)
        y = np.repeat(np.arange(self.classes), shares)
        r = np.concatenate([np.arange(1, share + 1) / share for share in shares if share])
        angle = 2 * np.pi * (self.turns * r + y / self.classes)
        x = r[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x += self.noise * rng.standard_normal(x.shape)
        return Split(x.astype(np.float32), y, tuple(f"arm {k}" for k in range(self.classes)))
