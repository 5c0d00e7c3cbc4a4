"""A view with every control and every part, which says what it was given: a plugin of the tests holds it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pellucid as pl


class Gallery(pl.View):
    """Every control and every part. This sentence is not shown."""

    title = "Gallery"

    @classmethod
    def tried_on(cls) -> Any:
        yield pl.Viewed.of(pl.build("dense", units=2, input_shape=(3,), seed=0))

    def suits(self, opened: pl.Viewed) -> bool:
        return True

    def controls(self, opened: pl.Viewed) -> Sequence[pl.ViewControl]:
        classes = np.arange(200) % 4
        middles = np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])[classes]
        points = middles + 0.4 * np.random.default_rng(0).normal(size=(200, 2))
        return [
            pl.ViewSlider("steps", "Steps", 1, 40, 10, 1),
            pl.ViewSlider("guidance", "Guidance", 0.0, 8.0, 2.5),
            pl.ViewChoice("sampler", "Sampler", ["ddim", "ddpm", "euler"], "ddim"),
            pl.ViewSwitch("every", "Every step"),
            pl.ViewText("text", "Text", "Please draw a 1738.", 40),
            pl.ViewText("lines", "Lines", "one\ntwo", 80),
            pl.ViewPlane("place", "Place", points=points, classes=classes, labels=["cat", "dog", "owl", "fox"]),
            pl.ViewDrawing("ink", "Drawing", (14, 14)),
            pl.ViewButton("seed", "Another draw"),
        ]

    def show(
        self, opened: pl.Viewed, *, steps: int, guidance: float, sampler: str, every: bool, text: str, lines: str,
        place: Any, ink: Any, seed: int,
    ) -> Iterator[Sequence[pl.ViewPart]]:  # fmt: skip
        if text == "boom":
            raise pl.DataError("The text is none of: <b>draw</b>, write. Received: 'boom'. Write one of them.")
        kinds = type(steps).__name__, type(guidance).__name__, type(every).__name__, type(seed).__name__
        said = f"{steps}|{guidance:.3f}|{sampler}|{every}|{text}|{place[0]:.2f},{place[1]:.2f}|{ink.shape}"
        said += f"{ink.sum():.0f}|{seed}|{' '.join(kinds)}|{lines!r}"
        x, cloud = np.linspace(0, 6, 61), np.random.default_rng(seed).normal(size=(90, 2))
        for k in range(steps if every else 1):
            yield [
                pl.PageNote(f"{said}|{opened.name}|{k}", r"y = \sum_i x_i"),
                pl.ViewBars("Shares", ["cat", "dog", "<i>owl</i>"], [0.7, 0.2, 0.1], 0),
                pl.ViewBars("Signed", ["up", "down"], [1.0, -0.5]),
                pl.ViewPictures("Grey", np.linspace(0, 1, 3)[:, None, None] * np.ones((3, 4, 5)), ["a", "b", "c"]),
                pl.ViewPictures("Colours", np.eye(3)[:, None, None] * np.ones((3, 4, 5, 3)), None, 2),
                pl.PagePicture("Heat", np.arange(-6.0, 6).reshape(3, 4), "a note"),
                pl.PageTable("Table", ["name", "value"], [["x", 1.5], ["y", 2]]),
                pl.ViewPoints("Points", cloud, np.arange(90) % 3, ["a", "b", "c"]),
                pl.ViewCurves("Curves", x, {"sine": np.sin(x), "half": np.where(x > 3, np.nan, x)}, "time", "height"),
                pl.ViewWords("Shaded", ["The", " cat", "\n"], [0.0, 1.0, 0.5]),
                pl.ViewWords("Linked", ["The", "cat", "sat"], None, [[1, 0, 0], [0.75, 0.25, 0], [0.1, 0.7, 0.2]]),
            ]
            if every:
                time.sleep(0.05)
