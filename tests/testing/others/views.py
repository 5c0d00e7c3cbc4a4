"""Views of a stranger's, of every kind of control and part."""

from __future__ import annotations

import numpy as np
import pellucid as pl


def rows(n=8, classes=("a", "b", "c")):
    x = np.random.default_rng(3).normal(size=(n, 4)).astype(np.float32)
    return pl.Split(x, np.arange(n) % 3, classes)


class Outputs(pl.View):
    """What a model of rows says of one row, and where it lies among the others."""

    title = "Outputs"

    @classmethod
    def tried_on(cls):
        yield pl.Viewed.of(pl.build("dense", units=3, input_shape=(4,), seed=0), rows())

    def suits(self, opened):
        runtime = opened.model.runtime
        return runtime is not None and runtime.input_shapes == ((4,),) and opened.model.output_shape((4,)) == (3,)

    def controls(self, opened):
        x, y = opened.samples().x, opened.samples().y
        return [
            pl.ViewSlider("row", "Row", 0, len(x) - 1, 0, step=1),
            pl.ViewSlider("noise", "Noise", 0.0, 1.0, 0.25),
            pl.ViewButton("again", "Again"),
            pl.ViewChoice("scale", "Scale", ["linear", "softmax"], "linear"),
            pl.ViewSwitch("sort", "Sorted"),
            pl.ViewPlane("at", "Moved in the first two", -2.0, 2.0, points=x[:, :2], classes=y, labels=["a", "b", "c"]),
        ]

    def show(self, opened, *, row, noise, again, scale, sort, at):
        x = opened.samples().x[[row]].copy()
        x += noise * np.random.default_rng(again).normal(size=x.shape).astype(x.dtype)
        x[0, :2] += at
        values = opened.model.predict(x)[0].astype(float)
        if scale == "softmax":
            values = np.exp(values - values.max())
            values /= values.sum()
        order = np.argsort(-values) if sort else np.arange(len(values))
        names = [("a", "b", "c")[k] for k in order]
        points = opened.once("outputs/points", lambda: opened.model.predict(opened.samples().x))
        return [
            pl.ViewBars("Outputs", names, values[order], marked=int(values[order].argmax())),
            pl.ViewPoints("Among the others", points[:, :2], opened.samples().y, ["a", "b", "c"]),
            pl.PageTable("Row", ["column", "value"], [[f"x{k}", float(v)] for k, v in enumerate(x[0])]),
        ]


class Typed(pl.View):
    """A text of numbers, and what a model of rows makes of it, number by number."""

    title = "Typed"

    @classmethod
    def tried_on(cls):
        yield pl.Viewed.of(pl.build("dense", units=2, input_shape=(1,), seed=0))

    def suits(self, opened):
        runtime = opened.model.runtime
        return runtime is not None and runtime.input_shapes == ((1,),) and len(opened.model.output_shape((1,))) == 1

    def controls(self, opened):
        return [pl.ViewText("text", "Numbers", "1 2 3", most=20), pl.ViewDrawing("ink", "Ink", (4, 4))]

    def show(self, opened, *, text, ink):
        seen = []
        for word in text.split():
            try:
                number = np.float32(word)
            except ValueError:
                raise pl.errors.DataError(f"{word!r} is no number.") from None
            seen.append(float(opened.model.predict(number.reshape(1, 1))[0, 0]))
            yield [self._drawn(seen), pl.ViewPictures("Ink", ink[None])]
        yield [self._drawn(seen), pl.ViewPictures("Ink", ink[None], ["drawn"]), self._words(text)]

    def _drawn(self, seen):
        return pl.ViewCurves("Outputs", np.arange(len(seen)), {"first output": np.array(seen)}, "number", "output")

    def _words(self, text):
        words = text.split()
        links = np.eye(len(words))
        return pl.ViewWords("Words", words, np.full(len(words), 0.5), links)
