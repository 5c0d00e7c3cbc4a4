"""gaussian_blobs: clouds of points, each about a centre of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pellucid import Dataset, Equation, Example, Part, Split, Transform, check_float, check_int, check_memory

from pellucid_datasets.shares import even_shares


class GaussianBlobs(Dataset):
    """Which cloud is it? Points about centres that are drawn between −10 and 10 in every direction.

    ``x``: float32 (n, features), normal about the centre of its class; ``y``: int64, the class. Another seed of the
    splits draws other centres. Two of them may lie close to each other: no model tells these apart.

    Args:
        n: number of points, from 10 to ten million; the first clouds have those that do not go into equal parts.
        classes: number of clouds.
        features: dimensions.
        deviation: standard deviation in every direction.
        validation, test: a fraction of the n points or a number of them, with the clouds in proportion.
        transforms: proposed to whoever trains.
    """

    equations = (
        Equation("x", r"x \sim N(c_k,\ \mathrm{deviation}^2\,I),\quad c_k \sim U(-10, 10)^{\mathrm{features}}"),
    )
    examples = (Example(), Example({"n": 100, "classes": 5, "features": 3, "deviation": 0.5}))

    def __init__(
        self, n: int = 1000, classes: int = 3, features: int = 2, deviation: float = 1.0, *, validation: Part = 0.2,
        test: Part = 0.2, transforms: Sequence[Transform | str] = ("core/standardize",),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)
        check_int(self, "n", n, "[10, 10000000]")
        check_int(self, "classes", classes, "[2, 1000]")
        check_int(self, "features", features, "[1, 100000]")
        check_float(self, "deviation", deviation, "[0, inf)")
        self.n = n
        self.classes = classes
        self.features = features
        self.deviation = deviation

    def load(self, rng: np.random.Generator) -> Split:
        check_memory(12 * self.n * self.features, "These blobs", "Ask for a smaller 'n' or fewer 'features'.")
        centres = rng.uniform(-10, 10, (self.classes, self.features)).astype(np.float32)
        y = np.repeat(np.arange(self.classes), even_shares(self.n, self.classes))
        x = rng.standard_normal((self.n, self.features), np.float32)
        x *= np.float32(self.deviation)
        x += centres[y]
        return Split(x, y, tuple(f"cloud {k}" for k in range(self.classes)))
