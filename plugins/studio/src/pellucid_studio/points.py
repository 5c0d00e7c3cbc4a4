"""points: samples that stand in the configuration itself, as those that are drawn by hand in the studio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pellucid import ConfigError, Dataset, Example, Part, Split, Transform

MOST_POINTS = 2_000
_TWO = {"x": [[0.0, 0.5], [1.0, 0.5], [0.0, -0.5], [1.0, -0.5]], "y": [0, 1, 0, 1], "validation": 0, "test": 0}


class Points(Dataset):
    """Points that stand in the experiment itself, so that its file, its address and its page say the same.

    ``x``: float32 (n, d); ``y``: int64 classes 0, 1, …, or float32 values.

    Args:
        x: the points, each a list of as many numbers.
        y: a class (an int from 0) or a value of each point.
        validation, test: a fraction of the points or a number of them.
        transforms: proposed to whoever trains.
    """

    examples = (Example(_TWO), Example({**_TWO, "y": [0.5, 1.0, -0.5, 0.25]}))

    def __init__(
        self, x: Sequence[Sequence[float]], y: Sequence[int | float], *, validation: Part = 0.2,
        test: Part = 0.2, transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)
        widths = sorted({len(point) for point in x})
        if not 2 <= len(x) <= MOST_POINTS or len(widths) != 1 or not 1 <= widths[0] <= 100:
            raise ConfigError(
                f"The 'x' of Points must hold 2 to {MOST_POINTS:,} points, each a list of as many numbers, 1 to 100. "
                f"Received: {len(x):,} points of {widths[:5]} numbers. Draw more, or fewer."
            )
        if len(y) != len(x):
            raise ConfigError(
                f"The 'y' of Points must hold one number for each point. Received: {len(y):,} for {len(x):,} points."
            )
        whole = all(isinstance(value, int) for value in y)
        if whole and not 0 <= min(y) <= max(y) < 100:
            raise ConfigError(
                f"The 'y' of Points must hold classes from 0 to 99, or values with a decimal point. Received: classes "
                f"from {min(y)} to {max(y)}."
            )
        self.x, self.y = x, y

    def load(self, rng: np.random.Generator) -> Split:
        whole = all(isinstance(value, int) for value in self.y)
        with np.errstate(over="ignore"):  # what float32 cannot hold, Split refuses
            return Split(np.asarray(self.x, np.float32), np.asarray(self.y, np.int64 if whole else np.float32))
