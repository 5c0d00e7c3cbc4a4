"""The networks that are timed: sizes, batch sizes, data, first weights, order of the samples, and the goals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any
from zlib import crc32

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

    loss_tolerance = 1e-3
    """How far the mean losses of the first epoch may lie apart, relatively."""

    @property
    def kind(self) -> str:
        """What a contestant must be able to compute."""
        return "convolutions" if self.filters else "dense"

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


@dataclass(frozen=True)
class Denoising(Case):
    """A U-Net that learns to say which noise was added to images: one step of a DDPM (Ho, Jain & Abbeel, 2020).

    ``x_t = √ᾱ_t x + √(1−ᾱ_t) ε`` with t uniform in 1 … T, ᾱ_t the product of 1 − β up to t, β from 0.0001 to 0.02; the
    loss is the mean of (ε̂(x_t, t) − ε)². Everyone draws t and ε in every step. The network is unet_denoiser's::

        e = silu(V silu(W s(t) + b) + c)                                     s: sines and cosines of many periods
        h = conv(x_t);  seen = B₃₂(h, e);  h = B₆₄(B₆₄(mean of 2 x 2(seen), e), e)
        y = conv(silu(norm(B₃₂([h enlarged by repetition, seen], e))))
        B(x, e) = S x + conv(silu(norm(conv(silu(norm(x))) + V e)))          S: 1 x 1 where the channels change

    All other convolutions are 3 x 3, norm is group normalisation in 8 groups.
    """

    channels: tuple[int, ...] = (32, 64)
    embedding: int = 64
    groups: int = 8
    times: int = 1000

    kind = "denoising"
    loss_tolerance = 0.03  # everyone's random numbers are their own

    @property
    def title(self) -> str:
        shape, channels = "x".join(map(str, self.image)), " and ".join(map(str, self.channels))
        return f"{shape} images, U-Net of {channels} channels that is told the time, squared error, batch {self.batch}"

    def data(self) -> tuple[Array, Array]:
        """x (rows, height, width, channels) float32 in [-1, 1), smooth as photographs are; no targets: y (rows, 0)."""
        rng = np.random.default_rng(0)
        height, width, channels = self.image
        coarse = rng.random((self.rows, height // 4, width // 4, channels), np.float32) * np.float32(2) - np.float32(1)
        return coarse.repeat(4, axis=1).repeat(4, axis=2), np.zeros((self.rows, 0), np.float32)

    def parameters(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter: weights (in, out) or (height, width, in, out), scales and biases."""
        e, (wide, *inner), c = self.embedding, self.channels, self.image[2]
        assert len(inner) == 1, "two levels"
        (deep,) = inner
        shapes: dict[str, tuple[int, ...]] = {}

        def affine(name: str, *shape: int) -> None:
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = shape, shape[-1:]

        def norm(name: str, count: int) -> None:
            shapes[f"{name}.gamma"] = shapes[f"{name}.beta"] = (count,)

        def block(name: str, before: int, after: int) -> None:
            norm(f"{name}.first.0", before)
            affine(f"{name}.first.2", 3, 3, before, after)
            norm(f"{name}.second.0", after)
            affine(f"{name}.second.2", 3, 3, after, after)
            if before != after:
                shapes[f"{name}.shortcut.weight"] = (1, 1, before, after)
            affine(f"{name}.embed", e, after)

        affine("told.first", e, e)
        affine("told.second", e, e)
        affine("entry", 3, 3, c, wide)
        block("down.0", wide, wide)
        block("middle.0", wide, deep)
        block("middle.1", deep, deep)
        block("up.0", deep + wide, wide)
        norm("exit.0", wide)
        affine("exit.2", 3, 3, wide, c)
        return shapes

    def named_weights(self) -> dict[str, Array]:
        """The first value of every parameter, for everyone: scales are 1, biases 0."""
        values: dict[str, Array] = {}
        for name, shape in self.parameters().items():
            if name.endswith(".weight"):
                scale = np.float32(prod(shape[:-1]) ** -0.5)
                values[name] = np.random.default_rng(crc32(name.encode())).standard_normal(shape, np.float32) * scale
            else:
                values[name] = np.full(shape, name.endswith(".gamma"), np.float32)
        return values


def _all() -> Iterator[Case]:
    for batch, goal, goal_torch in ((32, 2.2, 5.0), (128, 1.7, 3.3), (512, 1.25, 2.3), (2048, 1.15, 2.1)):
        yield Case(f"1/{batch}", (784, 128, 10), batch, 16384, True, goal, goal_torch)
    for batch, goal, goal_torch in ((32, 1.6, 3.3), (128, 1.45, 2.6), (512, 1.2, 2.1), (2048, 1.1, 2.1)):
        yield Case(f"2/{batch}", (784, 512, 256, 10), batch, 16384, True, goal, goal_torch)
    yield Case("3/16", (4, 16, 3), 16, 4096, True, 2.0, 50.0)
    yield Case("4/256", (17, 256, 256, 6), 256, 16384, False, 1.4, 2.8)
    yield Case("5/128", (784, 256, 32, 256, 784), 128, 16384, False, 1.2, 2.3)
    yield Case("6/64", (3136, 128, 10), 64, 2048, True, 2.0, 2.0, image=(28, 28, 1), filters=(32, 64))
    yield Denoising("7/32", (), 32, 512, False, 1.5, 1.5, image=(32, 32, 3))


CASES = {case.name: case for case in _all()}
LARGE = {
    case.name: case
    for case in (
        Case("1/4096", (784, 128, 10), 4096, 65536, True, 1.0, 1.0),
        Case("2/4096", (784, 512, 256, 10), 4096, 65536, True, 1.0, 1.0),
        Case("wide/512", (784, 4096, 4096, 10), 512, 16384, True, 1.0, 2.0),
        Case("wide/4096", (784, 4096, 4096, 10), 4096, 65536, True, 1.0, 1.0),
        Case("dry/16", (4, 8, 3), 16, 64, True, 1.0, 1.0),
    )
}
"""For GPUs only: batches and widths that would take a processor minutes; and one that takes nothing at all."""


def select(patterns: str) -> list[Case]:
    """The cases that are listed, "1,3/16" being all of case 1 and case 3."""
    chosen = []
    for part in patterns.split(","):
        found = [case for name, case in CASES.items() if name == part or name.split("/")[0] == part]
        if not found:
            raise ValueError(f"--cases: there is no case {part!r}. The cases are: {', '.join(CASES)}.")
        chosen += [case for case in found if case not in chosen]
    return chosen
