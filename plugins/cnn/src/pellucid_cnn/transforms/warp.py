"""Warp and Affine: what augmentations that move pixels have in common, a map from each pixel to where it came from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

from pellucid import Array, Augmentation, Context, Example, ShapeError


class Warp(Augmentation, ABC):
    """``y[p] = x(q(p))``: each pixel p of the new image takes the value of the old one at q(p), interpolated bilinearly
    between the four pixels around q; outside the image all is 0.

    Shapes: x (N, H, W, C) -> y of the same shape.
    """

    examples: ClassVar[tuple[Example, ...]] = (Example({}, ((6, 5, 2),)),)
    capturable = True  # where array code can be captured; elsewhere `spoil` says that it cannot

    @abstractmethod
    def sources(self, ctx: Context, x: Array) -> Array:
        """q for every pixel: (N, H, W, 2), row and column, in pixels."""

    def fit(self, x: Any) -> None:
        self._check(x)

    def augment(self, ctx: Context, x: Array) -> Array:
        self._check(x)
        ctx.ops.spoil()
        y = ctx.scratch("y", x.shape, x.dtype)
        ctx.op("cnn/warp")(x, self.sources(ctx, x), y)
        return y

    def _check(self, x: Any) -> None:
        if x.ndim != 4:
            raise ShapeError(
                f"{type(self).__name__} moves the pixels of images, samples of shape (height, width, channels). "
                f"Received: samples of shape {tuple(x.shape[1:])}. Data sets of pixel rows take flat = false."
            )


class Motion(NamedTuple):
    """``p′ = M p + t`` for each image of a batch, in pixels from the image's centre, rows down and columns right.

    Attributes:
        inverse: M⁻¹ by rows: four arrays (N,), or numbers that hold for all images.
        shift: t: two arrays (N,) or numbers, rows and columns.
    """

    inverse: tuple[Array | float, Array | float, Array | float, Array | float] = (1.0, 0.0, 0.0, 1.0)
    shift: tuple[Array | float, Array | float] = (0.0, 0.0)


class Affine(Warp, ABC):
    """A warp that moves each image as a whole: ``q(p) = c + M⁻¹ (p − c − t)``, c being the centre."""

    @abstractmethod
    def motion(self, ctx: Context, x: Array) -> Motion:
        """A motion for each image, drawn at random."""

    def sources(self, ctx: Context, x: Array) -> Array:
        n, height, width, _ = x.shape
        moved = self.motion(ctx, x)
        (a, b, c, d), (down, right) = moved.inverse, moved.shift
        # q is linear in (row − c₀, column − c₁, 1), with three coefficients for each of its two components.
        terms = (a, b, -(a * down + b * right), c, d, -(c * down + d * right))
        coefficients = ctx.scratch("coefficients", (n, 6), x.dtype)
        for i, term in enumerate(terms):
            coefficients[:, i] = term
        coefficients[:, 2] += (height - 1) / 2
        coefficients[:, 5] += (width - 1) / 2
        grid = ctx.scratch("grid", (n, height, width, 2), x.dtype)
        pixels = _pixels(ctx, height, width, x.dtype)
        ctx.ops.dense_forward(coefficients, pixels, None, "identity", grid.reshape(n, height * width * 2), None)
        return grid


def _pixels(ctx: Context, height: int, width: int, dtype: Any) -> Array:
    """What the six coefficients are multiplied with at every pixel: (6, height·width·2); made once."""
    known = getattr(ctx, "pixels", None)
    if known is not None and known[0] == (height, width, dtype):
        return known[1]
    xp = ctx.xp
    made = xp.zeros((2, 3, height, width, 2), dtype)
    for component in range(2):
        made[component, 0, :, :, component] = (xp.arange(height) - (height - 1) / 2).reshape(-1, 1)
        made[component, 1, :, :, component] = xp.arange(width) - (width - 1) / 2
        made[component, 2, :, :, component] = 1
    ctx.pixels = (height, width, dtype), made.reshape(6, height * width * 2)
    return ctx.pixels[1]


def draw(ctx: Context, x: Array, count: int) -> tuple[Array, ...]:
    """For each image ``count`` numbers, uniform in [−1, 1): as many arrays (N,)."""
    numbers = 2 * ctx.uniform((len(x), count)) - 1
    return tuple(numbers[:, i] for i in range(count))


def chosen(ctx: Context, x: Array, probability: float) -> Array:
    """For each image whether it is among those that are changed, drawn with this probability: 1 or 0, (N,)."""
    drawn: Array = (ctx.uniform((len(x),), "chosen") < probability).astype(x.dtype)
    return drawn
