"""Stages: what each stage of a convolutional network makes of an image, and the filters of the first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from pellucid import (
    DataError,
    HostArray,
    Layer,
    Sequential,
    Split,
    View,
    ViewBars,
    ViewChoice,
    ViewControl,
    Viewed,
    ViewPart,
    ViewPictures,
    ViewSlider,
    build,
    require_runtime,
    samples_part,
    transformed,
)

from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.mirror_average import MirrorAverage
from pellucid_cnn.verbs import filter_pictures, scaled, stages

MOST_IMAGES = 1_000
"""Of the data, to choose one from."""
MOST_MAPS = 64
"""Channels of a stage that are shown."""


class Stages(View):
    """See what each stage makes of an image, a square for each channel, white where it responds most. The filters are
    those of the first convolution."""

    title = "Stages of a convolutional network"

    @classmethod
    def tried_on(cls) -> Iterable[Viewed]:
        rng = np.random.default_rng(0)
        images = Split(rng.uniform(size=(6, 8, 8, 1)).astype(np.float32), np.arange(6) % 3, ("a", "b", "c"))
        conv = {"type": "cnn/conv2d", "filters": 3, "kernel_size": 3, "activation": "relu"}
        layers = [conv, {"type": "cnn/max_pool2d"}, {"type": "core/flatten"}, {"type": "core/dense", "units": 3}]
        yield Viewed.of(build({"type": "core/sequential", "layers": layers}, input_shape=(8, 8, 1), seed=0), images)

    def suits(self, opened: Viewed) -> bool:
        model = opened.model.layer if isinstance(opened.model, MirrorAverage) else opened.model
        return isinstance(model, Sequential) and _first_convolution(model) is not None

    def controls(self, opened: Viewed) -> Sequence[ViewControl]:
        last = max(1, len(opened.first(MOST_IMAGES)) - 1)
        names = self._names(opened)
        return [
            ViewSlider("sample", "Image", 0, last, 0, step=1),
            ViewChoice("stage", "Stage", names, names[0]),
        ]

    def show(self, opened: Viewed, *, sample: int = 0, stage: str = "", **values: Any) -> Sequence[ViewPart]:
        split = opened.first(MOST_IMAGES)
        one = np.asarray(split.x)[[min(sample, len(split) - 1)]]
        found, outputs = stages(opened.model, *transformed(opened.model, one))
        maps = np.moveaxis(found[self._names(opened).index(stage)][1][..., :MOST_MAPS], 2, 0)
        filters = _first_convolution(opened.model)
        assert filters is not None, "suits was asked"
        parts = [
            samples_part("The image", opened.model, one),
            ViewPictures(stage, scaled(maps), [f"channel {k}" for k in range(len(maps))]),
        ]
        if outputs.ndim == 2:
            names = opened.classes or ()
            count = outputs.shape[1]
            named = [str(names[k]) if len(names) == count else f"output {k}" for k in range(count)]
            parts.append(ViewBars("Outputs", named, outputs[0], int(outputs[0].argmax())))
        images = np.clip(filter_pictures(opened.model, filters)[0], 0.0, 1.0)
        shown = images if images.shape[3] == 3 else images[..., 0]
        return [*parts, ViewPictures("Filters of the first convolution", shown)]

    def _names(self, opened: Viewed) -> list[str]:
        """The stages, each by its number and its shape."""
        shape = [n for n in require_runtime(opened.model).input_shapes[0] if n is not None]
        blank: HostArray = np.zeros((1, *shape), require_runtime(opened.model).dtype)
        found, _ = stages(opened.model, blank)
        if not found:
            raise DataError(f"No stage of {opened.name} can be shown: no activation follows its convolutions.")
        return [f"{k}: {name}" for k, (name, _) in enumerate(found, 1)]


def _first_convolution(model: Layer) -> Conv2D | None:
    return next((layer for _, layer in model.walk() if isinstance(layer, Conv2D)), None)
