"""Initializer: how a parameter's first values are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from pellucid.basics.component import Component


class Initializer(Component, ABC):
    """Draws the first values of a parameter from a generator keyed by (seed, path)."""

    kind: ClassVar[str] = "initializer"
    part_of_step: ClassVar[bool] = False

    @abstractmethod
    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> np.ndarray[Any, Any]:
        """A float64 array of this shape; ``fan_in`` and ``fan_out`` count the inputs and outputs of one unit."""
