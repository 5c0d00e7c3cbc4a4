"""WhatIf: one number of a sample is changed, and the model says what it then makes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pellucid import (
    DataError,
    HostArray,
    Split,
    View,
    ViewBars,
    ViewControl,
    ViewCurves,
    Viewed,
    ViewPart,
    ViewSlider,
    build,
)

SPAN = 3.0
"""Standard deviations that a number can be moved by, up and down."""
MOST = 1_000
"""Samples to choose from."""


class WhatIf(View):
    """Change one number of a sample, and see what the model makes of it."""

    title = "What if"

    @classmethod
    def tried_on(cls) -> Iterator[Viewed]:
        x = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
        yield Viewed.of(build("dense", units=3, input_shape=(4,), seed=0), Split(x, np.arange(8) % 3))

    def suits(self, opened: Viewed) -> bool:
        model, runtime = opened.model, opened.model.runtime
        if runtime is None or model.integer_inputs or [len(shape) for shape in runtime.input_shapes] != [1]:
            return False
        output = model.output_shape(*runtime.input_shapes)
        return len(output) == 1 and isinstance(output[0], int)  # several outputs are a tuple of shapes

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        rows, numbers = self._samples(opened).shape
        return [
            ViewSlider("sample", "Sample", 0, max(1, rows - 1), 0, step=1),
            ViewSlider("number", "Its number", 0, max(1, numbers - 1), 0, step=1),
            ViewSlider("by", "moved by so many standard deviations", -SPAN, SPAN, 0.0),
        ]

    def show(
        self, opened: Viewed, *, sample: int = 0, number: int = 0, by: float = 0.0, **values: Any
    ) -> Sequence[ViewPart]:
        x = self._samples(opened)
        number = min(number, x.shape[1] - 1)
        ways = np.append(np.linspace(-SPAN, SPAN, 61), by)
        moved = np.repeat(x[[min(sample, len(x) - 1)]], len(ways), axis=0)
        moved[:, number] += ways * x[:, number].std()
        outputs = np.asarray(opened.model.predict(moved))
        names = [f"output {k}" for k in range(outputs.shape[1])]
        if opened.classes is not None and len(opened.classes) == len(names):
            names = list(map(str, opened.classes))
        curves = dict(zip(names, outputs[:-1].T, strict=True))
        return [
            ViewBars("Outputs", names, outputs[-1], marked=int(outputs[-1].argmax())),
            ViewCurves(f"As number {number} is moved", ways[:-1], curves, "standard deviations", "output"),
        ]

    def _samples(self, opened: Viewed) -> HostArray:
        x = opened.first(MOST).x
        if isinstance(x, tuple) or x.ndim != 2:
            raise DataError(f"The samples of {opened.name} are no rows of numbers. Choose another run.")
        return x.astype(np.float64)
