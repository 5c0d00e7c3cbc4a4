"""Views of denoisers in the studio: samples that appear out of noise, and a text that is drawn so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, prod, sqrt
from typing import Any

import numpy as np
from pellucid import (
    DataError,
    HostArray,
    Layer,
    PageNote,
    Split,
    Trainer,
    View,
    ViewChoice,
    ViewControl,
    Viewed,
    ViewPart,
    ViewPictures,
    ViewPoints,
    ViewSlider,
    ViewText,
    build,
    pictures,
    require_runtime,
    samples_part,
    to_data,
)

from pellucid_diffusion import drawing, sampling
from pellucid_diffusion.denoise import classes_of
from pellucid_diffusion.guidance import objective_of
from pellucid_diffusion.samplers import SAMPLERS

IN_TURN = "all in turn"
MOST_STATES = 25
"""Moments of a way that are shown, about."""
MOST_STEPS = 100
MOST_PICTURES, MOST_DRAWN = 36, 40
"""Samples side by side; characters of a text that are drawn."""


class OfDenoisers(View):
    """What views of denoisers share: which models these are, and how the process is reversed."""

    def suits(self, opened: Viewed) -> bool:
        runtime = opened.model.runtime
        objective = None if runtime is None else runtime.metadata.get("objective")
        return isinstance(objective, dict) and objective.get("type") == "diffusion/denoise"

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        """Pictures of the classes 0, 1 and 2."""
        rng, y = np.random.default_rng(0), np.arange(12) % 3
        data = Split(rng.uniform(size=(12, 4, 4)).astype(np.float32), y, ("0", "1", "2"))
        yield _trained(data, 3, label_dropout=0.2)

    @staticmethod
    def how(model: Layer, sampler: str) -> list[ViewControl]:
        """How the process is reversed."""
        objective = objective_of(model)
        most = min(objective.steps, MOST_STEPS)
        found: list[ViewControl] = [
            ViewChoice("sampler", "Sampler", list(SAMPLERS), sampler),
            ViewSlider("steps", "Steps", 1, max(2, most), min(25, most), step=1),
        ]
        if _takes_labels(model) and objective.label_dropout:
            found.append(ViewSlider("guidance", "Guidance", 0.0, 6.0, 1.0))
        return [*found, ViewSlider("seed", "Seed", 0, 999, 0, step=1)]

    @staticmethod
    def states(
        model: Layer, count: int, labels: HostArray | None, *, sampler: str, steps: int, guidance: float = 0.0,
        seed: int, **others: Any,
    ) -> Iterator[tuple[int, int, HostArray]]:  # fmt: skip
        """Some moments of the way, the first and the last among them: after which step of how many, and the samples."""
        steps = min(steps, objective_of(model).steps)
        way = sampling.way(model, count, labels=labels, sampler=sampler, steps=steps, guidance=guidance, seed=seed)
        every = ceil(steps / MOST_STATES)
        for step, moment in enumerate(way):
            if step % every == 0 or step == steps:
                yield step, steps, moment


class Samples(OfDenoisers):
    """Watch samples appear out of noise, step by step.

    Guidance makes them more typical of their class, and less varied.
    """

    title = "Out of noise"

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        """Besides, points of the plane without classes."""
        yield from super().tried_on()
        yield _trained(Split(np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)), 0)

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        model = opened.model
        most, value = (sampling.BATCH, 200) if _are_points(model) else (MOST_PICTURES, 9)
        found: list[ViewControl] = [ViewSlider("count", "Samples", 1, most, value, step=1)]
        if _takes_labels(model):
            found.append(ViewChoice("label", "Class", [IN_TURN, *_names(model)], IN_TURN))
        return [*found, *self.how(model, "dpm_solver")]

    def show(self, opened: Viewed, **values: Any) -> Iterator[Sequence[ViewPart]]:
        model, count = opened.model, values.pop("count")
        names = _names(model)
        labels = _labels(values.pop("label", IN_TURN), names, count) if names else None
        told = None if labels is None else [names[label] for label in labels]
        for step, steps, moment in self.states(model, count, labels, **values):
            title = "Noise" if step == 0 else f"After step {step} of {steps}"
            if prod(moment.shape[1:]) == 2:
                yield [ViewPoints(title, moment.reshape(-1, 2), labels, names or None)]
            else:
                yield [samples_part(title, model, moment, told, columns=ceil(sqrt(count)))]


class Text(OfDenoisers):
    """Type a text, and each of its letters or digits that the model knows appears out of noise, a word a row."""

    title = "Please draw"

    def suits(self, opened: Viewed) -> bool:
        if not super().suits(opened) or not _takes_labels(opened.model):
            return False
        return any(len(name) == 1 for name in opened.classes or ()) and _are_pictures(opened.model)

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        letters = [name for name in opened.classes or () if len(name) == 1]
        digits = any(letter.isdigit() for letter in letters)
        text = "Please draw a 1738." if digits else "".join(letters[:8])
        return [ViewText("text", "Text", text, most=80), *self.how(opened.model, "ddim")]

    def show(self, opened: Viewed, *, text: str = "", **values: Any) -> Iterator[Sequence[ViewPart]]:
        classes = tuple(opened.classes or ())
        drawn, left = _known(text, classes)
        if not drawn:
            known = " ".join(name for name in classes if len(name) == 1)
            yield [PageNote(f"There is nothing to draw yet. This model can draw {known}.")]
            return
        places = drawing.lay_out(drawn, classes)
        labels = np.array([classes.index(place.character) for place in places])
        note = [PageNote(f"Left out, as this model cannot draw it: {' '.join(left)}")] if left else []
        for step, steps, moment in self.states(opened.model, len(places), labels, **values):
            page = drawing.written(pictures.as_images(moment), places) / 255
            yield [ViewPictures("Noise" if step == 0 else f"{drawn}: after step {step} of {steps}", page[None]), *note]


def _known(text: str, classes: Sequence[str]) -> tuple[str, list[str]]:
    """The words of a text without what is no class, in the other case where only that is one; and what was left out."""
    letters, left, words, count = {name for name in classes if len(name) == 1}, dict[str, None](), [], 0
    for word in text.split():
        kept = ""
        for character in word:
            found = next((c for c in (character, character.swapcase()) if c in letters), None)
            if found is None or count == MOST_DRAWN:
                left[character] = None
            else:
                kept, count = kept + found, count + 1
        words += [kept] if kept else []
    return " ".join(words), [c for c in left if c.isprintable()]


def _takes_labels(model: Layer) -> bool:
    return len(require_runtime(model).input_shapes) == 3


def _names(model: Layer) -> list[str]:
    """What the classes are called that the model is told; of a model that is told none, none."""
    if not _takes_labels(model):
        return []
    count, known = classes_of(model), require_runtime(model).classes or ()
    return list(map(str, known)) if len(known) == count else [str(k) for k in range(count)]


def _labels(label: str, names: list[str], count: int) -> HostArray:
    return np.arange(count) % len(names) if label == IN_TURN else np.full(count, names.index(label))


def _blank(model: Layer) -> HostArray:
    """One sample of zeros, in the units of the data."""
    shape = [n for n in require_runtime(model).input_shapes[0] if n is not None]
    return to_data(model, np.zeros((1, *shape), require_runtime(model).dtype))


def _are_points(model: Layer) -> bool:
    return prod(_blank(model).shape[1:]) == 2


def _are_pictures(model: Layer) -> bool:
    try:
        return len(pictures.as_images(_blank(model))) == 1
    except DataError:
        return False


def _trained(data: Split, classes: int, **objective: Any) -> Viewed:
    """A small denoiser after an epoch."""
    shapes = [np.shape(data.x)[1:], *([(), ()] if classes else [()])]
    model = build(
        "diffusion/mlp_denoiser", input_shape=shapes, classes=classes, hidden=8, blocks=1, embedding=4, seed=0
    )
    trainer = Trainer(model, objective={"type": "diffusion/denoise", "steps": 12, **objective}, seed=0)
    trainer.fit(data, epochs=1, verbose=False)
    return Viewed.of(model, data)
