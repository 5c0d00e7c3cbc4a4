"""Draw: one draws a character, and a classifier of pictures says what it is and which pixels spoke for its answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, ClassVar

import numpy as np
from pellucid import (
    Context,
    HostArray,
    Layer,
    Objective,
    PageNote,
    PagePicture,
    PellucidError,
    Split,
    Splits,
    Trainer,
    View,
    ViewBars,
    ViewChoice,
    ViewControl,
    ViewDrawing,
    Viewed,
    ViewPart,
    ViewPictures,
    build,
    read,
    require_runtime,
    transformed,
)  # fmt: skip

LEAST, MOST = 8, 64
"""Sides of the pictures that one draws for."""
STEPS = 32
"""Points of the way from blank paper to the drawing at which the gradient is taken."""
ANSWER = "its answer"
MEASURE = r"s = z_k - \log \sum_{j \neq k} e^{z_j}"
SHARES = r"r_i = (x_i - x^0_i) \int_0^1 \frac{\partial s}{\partial x_i} (x^0 + \alpha (x - x^0)) \, d\alpha"


@dataclass(frozen=True)
class Pixels:
    """Square grey pictures as a model takes them.

    Attributes:
        side: height and width.
        sample: the shape of one as it goes into ``predict``.
    """

    side: int
    sample: tuple[int, ...]


class Draw(View):
    """Draw a character, and see while you draw what the network takes it for, what it sees of it, and which pixels
    spoke for its answer.

    For every classifier of square grey pictures, flat or not. Which pixels spoke for class k is told by integrated
    gradients on the way from blank paper x⁰ to the drawing x, both as they come out of the model's transforms::

        r_i = (x_i − x⁰_i) ∫₀¹ ∂s/∂x_i (x⁰ + α (x − x⁰)) dα        s = z_k − log Σ_{j≠k} exp(z_j)

    with the outputs z (of a softmax s is log p/(1−p), the log of the odds). The gradient is the model's own backward
    pass, the integral a mean over 32 midpoints. Together they are what the drawing has changed: Σ r_i = s(x) − s(x⁰).

    Source: Sundararajan, Taly & Yan, Axiomatic attribution for deep networks, 2017.
    """

    title: ClassVar[str] = "Draw a digit"

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        """Classifiers of pictures of 8 x 8 pixels: flat, as images with their numbers standardised, with one output."""
        rng = np.random.default_rng(0)
        cases: Sequence[tuple[tuple[int, ...], int, str, Sequence[str]]] = (
            ((64,), 3, "softmax_cross_entropy", ()), ((8, 8, 1), 3, "softmax_cross_entropy", ("standardize",)),
            ((64,), 1, "binary_cross_entropy", ()),
        )  # fmt: skip
        for shape, outputs, loss, transforms in cases:
            x, y = rng.random((12, *shape), np.float32), np.arange(12) % max(2, outputs)
            layers = [{"type": "flatten"}, {"type": "dense", "units": 5, "activation": "relu"}]
            model = build({"type": "sequential", "layers": [*layers, {"type": "dense", "units": outputs}]},
                          input_shape=shape, seed=0)  # fmt: skip
            data = Splits(Split(x, y), Split(x[:0], y[:0]), Split(x, y), transforms=transforms)
            Trainer(model, loss=loss, seed=0).fit(data, epochs=1, verbose=False)
            yield Viewed.of(model, data)

    def suits(self, opened: Viewed) -> bool:
        """Whether this is a classifier of square grey pictures."""
        try:
            model = opened.model
            return pixels_of(model) is not None and bool(_labels(model))
        except PellucidError:
            return False

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        pixels = _pixels(opened.model)
        return [
            ViewDrawing("ink", "Draw here", (pixels.side, pixels.side)),
            ViewChoice("about", "Which pixels spoke for", [ANSWER, *_labels(opened.model)], ANSWER),
        ]

    def show(self, opened: Viewed, *, ink: HostArray, about: str = ANSWER) -> Sequence[ViewPart]:
        """Bars of probabilities, what the network sees, and the pixels that spoke for a class."""
        if not ink.any():
            return [PageNote("Nothing drawn.")]
        model = opened.model
        pixels, labels = _pixels(model), _labels(model)
        probabilities = probabilities_of(model, model.predict(ink.reshape(1, *pixels.sample)))
        assert probabilities is not None, "the studio asks `suits` first"
        answer = int(probabilities.argmax())
        asked = labels.index(about) if about in labels else answer
        parts: list[ViewPart] = [
            ViewBars(f"The network says {labels[answer]}", labels, probabilities[0], answer),
            ViewPictures("What it sees", ink[None]),
        ]
        found = relevance(model, ink, asked)
        if found is None:
            names = ", ".join(type(each).__name__ for each in require_runtime(model).transforms)
            return [*parts, PageNote(f"Which pixels spoke cannot be told: {names} makes other numbers of them.")]
        spoke, before, after = found
        told = f"Together {after - before:+.3g}: s was {before:.3g} on blank paper and is {after:.3g} now.".replace(
            "-", "−"
        )
        return [
            *parts, PagePicture(f"Which pixels spoke for {labels[asked]}", spoke, told.replace("-", "−")),
            PageNote(f"s is the log of the odds of {labels[asked]}, by the outputs z of the network:", MEASURE),
            PageNote("Each pixel's part in it, on the way from blank paper x⁰ to the drawing x:", SHARES),
        ]  # fmt: skip


def pixels_of(model: Layer) -> Pixels | None:
    """The square grey pictures that a model takes, or None: as its file says, else by the shape of its input."""
    runtime = require_runtime(model)
    if len(runtime.input_shapes) != 1 or 0 in model.integer_inputs:
        return None
    shape = tuple(n for n in runtime.input_shapes[0] if n is not None)
    if len(shape) < len(runtime.input_shapes[0]):
        return None
    kept = runtime.metadata.get("photos")
    if isinstance(kept, dict) and kept.get("channels", 1) == 1 and isinstance(size := kept.get("size"), int | list):
        sides = [size, size] if isinstance(size, int) else size
        shape = (sides[0] * sides[1],) if kept.get("flat") else (sides[0], sides[1], 1)
    side = isqrt(shape[0]) if len(shape) == 1 else shape[0]
    square = shape in ((side * side,), (side, side), (side, side, 1))
    return Pixels(side, shape) if square and LEAST <= side <= MOST else None


def probabilities_of(model: Layer, outputs: Any) -> HostArray | None:
    """Probabilities of classes, (N, K), as the objective reads them that the model was trained with; of one that was
    never trained by a softmax. None where there are no classes."""
    runtime = require_runtime(model)
    config = runtime.metadata.get("objective")
    if isinstance(outputs, tuple) or outputs.ndim != 2:
        return None
    if config is not None:
        objective: Objective = read("objective", config, path="objective", saved=True)
        return objective.probabilities(outputs)
    if runtime.classes is None or len(runtime.classes) != outputs.shape[1]:
        return None
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    shares: HostArray = exponentials / exponentials.sum(axis=1, keepdims=True)
    return shares


def relevance(model: Layer, ink: HostArray, k: int) -> tuple[HostArray, float, float] | None:
    """What each pixel has added to s, the advantage of class k: r (side, side), s on blank paper, s of the drawing; or
    None where the model's transforms make other numbers of a picture than one for each pixel."""
    pixels = _pixels(model)
    both = np.stack([np.zeros_like(ink), ink]).reshape(2, *pixels.sample)
    blank, drawing = transformed(model, both)[0]
    if blank.size != ink.size:
        return None
    middles = ((np.arange(STEPS) + 0.5) / STEPS).reshape(-1, *[1] * blank.ndim)
    way = np.concatenate([blank + middles * (drawing - blank), blank[None], drawing[None]])
    s, slopes = _advantage(model, np.ascontiguousarray(way, blank.dtype), k)
    r = (drawing - blank) * slopes[:STEPS].mean(axis=0)
    return r.reshape(pixels.side, pixels.side), float(s[STEPS]), float(s[STEPS + 1])


def _advantage(model: Layer, x: HostArray, k: int) -> tuple[HostArray, HostArray]:
    """s of each row, (N,), and its gradient at the input, through the model's own forward and backward pass.

    Of one output, yes or no, s is the output for yes and its opposite for no.
    """
    runtime = require_runtime(model)
    ops = runtime.ops
    ctx = Context(ops, training=False, seed=runtime.seed, dtype=runtime.dtype)
    ctx.begin(0, 0, index=np.arange(len(x)))
    z = np.array(ops.to_host(model.forward(ctx, ops.asarray(x))), np.float64)
    if z.shape[1] == 1:
        s, slope = (z if k else -z)[:, 0], np.full_like(z, 1.0 if k else -1.0)
    else:
        others = np.where(np.arange(z.shape[1]) == k, -np.inf, z)
        most = others.max(axis=1, keepdims=True)
        shares = np.exp(others - most)
        total = shares.sum(axis=1, keepdims=True)
        s, slope = z[:, k] - (most + np.log(total))[:, 0], -shares / total
        slope[:, k] = 1.0
    kept = np.array(ops.to_host(runtime.arena.grad))
    dx = model.backward(ctx, ops.asarray(slope.astype(runtime.dtype)))
    ops.copy(ops.asarray(kept), runtime.arena.grad)  # gradients add up, and those of the training are not ours
    return s, np.array(ops.to_host(dx), np.float64)


def _pixels(model: Layer) -> Pixels:
    pixels = pixels_of(model)
    assert pixels is not None, "the studio asks `suits` first"
    return pixels


def _labels(model: Layer) -> list[str]:
    """Names of the classes, numbers where they have none; empty for a model that is no classifier."""
    runtime = require_runtime(model)
    shape = model.output_shape(*runtime.input_shapes)
    if not isinstance(shape, tuple) or len(shape) != 1 or not isinstance(shape[0], int):
        return []
    probabilities = probabilities_of(model, np.zeros((1, shape[0]), np.float32))
    if probabilities is None:
        return []
    count = probabilities.shape[1]
    named = runtime.classes is not None and len(runtime.classes) == count
    return [str(each) for each in runtime.classes] if named else [str(k) for k in range(count)]  # type: ignore[union-attr]
