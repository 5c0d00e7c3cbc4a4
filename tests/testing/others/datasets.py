"""Data sets of a stranger's: drawn by the seed, measured, with a test set of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid import Dataset, Example, Split, check_float, check_int


class Rings(Dataset):
    """Points on rings, one ring a class."""

    examples = (Example(), Example({"rings": 3, "n": 120}))
    transforms = ("standardize",)

    def __init__(
        self, n: int = 200, rings: int = 2, noise: float = 0.1, *, validation: float = 0.1, test: float = 0.2
    ) -> None:
        check_int(self, "n", n, "[10, inf)")
        check_int(self, "rings", rings, "[2, inf)")
        check_float(self, "noise", noise, "[0, inf)")
        self.n = n
        self.rings = rings
        self.noise = noise
        self.validation = validation
        self.test = test

    def load(self, rng: Any) -> Split:
        y = np.arange(self.n) % self.rings
        angle = rng.uniform(0, 2 * np.pi, self.n)
        x = (1 + y)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        x = x + self.noise * rng.normal(size=x.shape)
        return Split(x.astype("float32"), y, classes=tuple(f"ring {i}" for i in range(self.rings)), features=("x", "y"))


class Waves(Dataset):
    """Sampled sines and their frequency."""

    examples = (Example({"n": 90}),)
    target_transforms = ("standardize",)

    def __init__(self, n: int = 90) -> None:
        check_int(self, "n", n, "[10, inf)")
        self.n = n

    def load(self, rng: Any) -> Split:
        frequency = rng.uniform(1, 4, (self.n, 1))
        x = np.sin(frequency * np.linspace(0, 6, 20))
        return Split(x, frequency)


class Official(Dataset):
    """Ten measurements of each of four kinds, and a test set that others are measured by, too."""

    transforms = ("standardize",)

    def __init__(self) -> None:
        pass

    def _of(self, part: int, each: int) -> Split:
        rng = np.random.default_rng(part)
        y = np.repeat(np.arange(4), each)
        return Split(rng.normal(size=(len(y), 3)) + y[:, None], y, classes=("ash", "elm", "fir", "oak"))

    def load(self, rng: Any) -> Split:
        return self._of(0, 20)

    def load_test(self) -> Split:
        return self._of(1, 10)


class Parity(Dataset):
    """Rows of bits, and whether the number of ones is odd: there are few that differ."""

    examples = (Example({"bits": 4, "n": 60}), Example({"bits": 3, "n": 40}))

    def __init__(self, bits: int = 4, n: int = 100) -> None:
        check_int(self, "bits", bits, "[1, 16]")
        check_int(self, "n", n, "[10, inf)")
        self.bits = bits
        self.n = n

    def load(self, rng: Any) -> Split:
        x = rng.integers(0, 2, (self.n, self.bits))
        return Split(x.astype("float32"), x.sum(axis=1) % 2, classes=("even", "odd"))


class Line(Dataset):
    """One number in, one out; measured to one decimal."""

    def __init__(self, n: int = 80, *, validation: float = 0.1, test: float = 0.2) -> None:
        super().__init__(validation=validation, test=test)
        self.n = n

    def load(self, rng: Any) -> Split:
        x = np.sort(rng.uniform(0, 10, (self.n, 1)), axis=0)
        return Split(x, (2 * x + rng.normal(size=x.shape)).round(1))
