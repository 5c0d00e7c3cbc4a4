"""The networks that are timed: sizes, batch sizes, data, first weights, order of the samples, and the goals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8
"""Adam's, for everyone."""


@dataclass(frozen=True)
class Case:
    """A fully connected network, rectifiers between its layers, trained by Adam in float32; or convolutions before it.

    Attributes:
        name: number of the case and batch size, "1/32".
        sizes: widths of the fully connected part, from its input to the output.
        batch: samples per step; divides ``rows``, so that all steps are equal.
        rows: samples in memory; an epoch is ``rows / batch`` steps.
        classify: softmax cross-entropy on class labels; otherwise the mean squared error.
        goal, goal_torch: how many times faster than the best peer and than eager PyTorch we want to be.
        image: height, width and channels of the inputs, if they are images.
        filters: of each convolution: 3 x 3, "same" padding, a rectifier, then the largest of 2 x 2. The fully connected
            part sees the last maps with their channels last.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int
    rows: int
    classify: bool
    goal: float
    goal_torch: float
    image: tuple[int, int, int] = (0, 0, 0)
    filters: tuple[int, ...] = ()

    @property
    def inputs(self) -> int:
        """Numbers in a sample."""
        return prod(self.image) or self.sizes[0]

    @property
    def last_map(self) -> tuple[int, int, int]:
        """Height, width and channels of what the fully connected part sees."""
        shrunk = 2 ** len(self.filters)
        return self.image[0] // shrunk, self.image[1] // shrunk, self.filters[-1]

    @property
    def steps(self) -> int:
        """Steps per epoch."""
        return self.rows // self.batch

    @property
    def title(self) -> str:
        network = "-".join(map(str, self.sizes))
        if self.filters:
            shape, convolutions = "x".join(map(str, self.image)), " and ".join(f"3x3x{n}" for n in self.filters)
            network = f"{shape} images, {convolutions} with pooling, {network}"
        return f"{network}, {'cross-entropy' if self.classify else 'squared error'}, batch {self.batch}"

    def data(self) -> tuple[Array, Array]:
        """x (rows, inputs) float32 in [-½, ½); y class labels int64 (rows,), or float32 (rows, outputs)."""
        rng = np.random.default_rng(0)
        x = rng.random((self.rows, self.inputs), np.float32) - np.float32(0.5)
        if self.inputs == self.sizes[-1]:
            return x, x  # an autoencoder
        teacher = rng.standard_normal((self.inputs, self.sizes[-1]), np.float32)
        z = x @ teacher
        if not self.classify:
            return x, np.tanh(z)
        # A tenth of the labels is wrong, so that the gradient never dies down to denormal numbers.
        wrong = rng.integers(self.sizes[-1], size=self.rows)
        return x, np.where(rng.random(self.rows) < 0.1, wrong, z.argmax(1)).astype(np.int64)

    def weights(self) -> list[tuple[Array, Array]]:
        """The first (W, b (out,)) of every layer, for everyone. W is (in, out), of a convolution (3, 3, in, out)."""
        rng = np.random.default_rng(1)
        shapes: list[tuple[int, ...]] = [(3, 3, n, m) for n, m in pairwise((self.image[2], *self.filters))]
        shapes += pairwise(self.sizes)
        return [
            (rng.standard_normal(shape, np.float32) * np.float32((2 / prod(shape[:-1])) ** 0.5),
             np.zeros(shape[-1], np.float32))
            for shape in shapes
        ]  # fmt: skip

    def order(self, epoch: int) -> Array:
        """The order of the samples in an epoch: what pellucid's Trainer with seed 0 draws."""
        return np.random.Generator(np.random.Philox(key=[0, epoch])).permutation(self.rows)


def _all() -> Iterator[Case]:
    for batch, goal, goal_torch in ((32, 2.2, 5.0), (128, 1.7, 3.3), (512, 1.25, 2.3), (2048, 1.15, 2.1)):
        yield Case(f"1/{batch}", (784, 128, 10), batch, 16384, True, goal, goal_torch)
    for batch, goal, goal_torch in ((32, 1.6, 3.3), (128, 1.45, 2.6), (512, 1.2, 2.1), (2048, 1.1, 2.1)):
        yield Case(f"2/{batch}", (784, 512, 256, 10), batch, 16384, True, goal, goal_torch)
    yield Case("3/16", (4, 16, 3), 16, 4096, True, 2.0, 50.0)
    yield Case("4/256", (17, 256, 256, 6), 256, 16384, False, 1.4, 2.8)
    yield Case("5/128", (784, 256, 32, 256, 784), 128, 16384, False, 1.2, 2.3)
    yield Case("6/64", (3136, 128, 10), 64, 2048, True, 2.0, 2.0, image=(28, 28, 1), filters=(32, 64))


CASES = {case.name: case for case in _all()}


def select(patterns: str) -> list[Case]:
    """The cases that are listed, "1,3/16" being all of case 1 and case 3."""
    chosen = []
    for part in patterns.split(","):
        found = [case for name, case in CASES.items() if name == part or name.split("/")[0] == part]
        if not found:
            raise ValueError(f"--cases: there is no case {part!r}. The cases are: {', '.join(CASES)}.")
        chosen += [case for case in found if case not in chosen]
    return chosen
