"""Seeing through a trained classifier: what it was shown, the filters of its first convolution, and what every stage
makes of an image.

Each writes one picture and overwrites none. Images are those of the run's own data unless ``data`` names others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid import pictures
from pellucid.checks import check_int
from pellucid.context import Context
from pellucid.errors import ConfigError
from pellucid.experiments.finished import FinishedRun, Part, open_run
from pellucid.experiments.outputs import check_output
from pellucid.layer import Array, Layer
from pellucid.layers.elementwise import Elementwise
from pellucid.model import HostArray, Runtime, require_runtime, transformed
from pellucid.prediction import in_batches
from pellucid.sequential import Sequential
from pellucid.transform import Augmentation

from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.max_pool2d import MaxPool2D
from pellucid_cnn.layers.mirror_average import MirrorAverage
from pellucid_cnn.layers.residual_block import ResidualBlock

GAP = 4
"""Pixels between two stages in the picture of the feature maps."""


def filters(run: Path, *, output: Path = Path("filters.png"), scale: int = 8) -> dict[str, Any]:
    """Draw the filters of the first convolution: white is a positive weight, black a negative one, grey is zero.

    Args:
        run: a run folder or a saved model.
        output: a .png file.
        scale: the file's pixels for each weight, in both directions.
    """
    check_output(output, ".png")
    check_int(filters, "scale", scale, "[1, inf)")
    model = _opened(run).model
    conv = next(layer for _, layer in model.walk() if isinstance(layer, Conv2D))
    weight = _host(require_runtime(model), conv.weight.data)  # (KH, KW, C, F)
    if weight.shape[2] != 3:  # anything but colours: seen as grey levels
        weight = weight.mean(axis=2, keepdims=True)
    largest = float(abs(weight).max()) or 1.0
    images = np.moveaxis(0.5 + weight / (2 * largest), 3, 0)
    pictures.save_png(pictures.tile(images, gap=1), output, scale=scale)
    return {"file": str(output), "filters": len(images), "largest_weight": largest}


def features(
    run: Path, *, image: int = 0, data: str | None = None, part: Part = "test", maps: int = 16,
    output: Path = Path("features.png"), scale: int = 2,
) -> dict[str, Any]:  # fmt: skip
    """Draw what each stage makes of one image, from the image itself downwards: a row for each stage, a square for each
    channel, white where it responds most.

    Args:
        run: a run folder or a saved model.
        image: the number of the image.
        data: a file of samples or the name of a data set; none takes the run's own.
        part: of a data set.
        maps: the most channels that are drawn of a stage, the first ones.
        output: a .png file.
        scale: the file's pixels for each of the image's, in both directions.
    """
    check_output(output, ".png")
    check_int(features, "maps", maps, "[1, inf)")
    check_int(features, "scale", scale, "[1, inf)")
    opened = _opened(run)
    split = opened.samples(data, part)
    check_int(features, "image", image, f"[0, {len(split) - 1}]")
    (x,) = transformed(opened.model, split.x[image : image + 1])
    stages, outputs = _stages(opened.model, x)
    rows = [pictures.tile(np.clip(x, 0, 1)[..., 0])]
    rows += [_row(stage, maps, height=x.shape[1]) for _, stage in stages]
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, GAP), (0, width - row.shape[1])), constant_values=255) for row in rows]
    pictures.save_png(np.concatenate(padded)[:-GAP], output, scale=scale)
    found: dict[str, Any] = {"file": str(output), "stages": " → ".join(name for name, _ in stages)}
    if outputs.shape[1] > 1:
        classes = require_runtime(opened.model).classes or tuple(map(str, range(outputs.shape[1])))
        found["predicted"] = classes[int(outputs[0].argmax())]
        if split.y is not None:
            found["class"] = classes[int(split.y[image])]
    return found


def augmented(
    run: Path, *, count: int = 6, times: int = 11, seed: int = 0, data: str | None = None, part: Part = "train",
    output: Path = Path("augmented.png"), scale: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Draw what training made of some images: a row for each, at its left the image as it is.

    Args:
        run: a run folder or a saved model.
        count: how many images, the first ones.
        times: how often each is changed.
        seed: of the changes.
        data: a file of samples or the name of a data set; none takes the run's own.
        part: of a data set.
        output: a .png file.
        scale: the file's pixels for each of the image's, in both directions.
    """
    check_output(output, ".png")
    for name, value in (("count", count), ("times", times), ("scale", scale)):
        check_int(augmented, name, value, "[1, inf)")
    opened = _opened(run)
    runtime = require_runtime(opened.model)
    augmentations = [transform for transform in runtime.transforms if isinstance(transform, Augmentation)]
    if not augmentations:
        raise ConfigError(f"The model of {run} was trained on the images as they are: its data has no augmentations.")
    (x,) = transformed(opened.model, opened.samples(data, part).x[:count])

    def changed(ctx: Context, images: Array) -> Array:
        for i, augmentation in enumerate(augmentations):
            images = augmentation.augment(ctx.child(i), images)
        return images

    columns = [x]
    columns += [in_batches(opened.model, changed, x, training=True, seed=seed, step=step) for step in range(times)]
    rows = np.stack(columns, axis=1).reshape(-1, *x.shape[1:])  # an image, then all that was made of it
    pictures.save_png(pictures.tile(rows, columns=times + 1, background=0.5), output, scale=scale)
    return {"file": str(output), "augmentations": ", ".join(type(each).__name__ for each in augmentations)}


def _opened(run: Path) -> FinishedRun[Layer]:
    opened = open_run(run)
    if not any(isinstance(layer, Conv2D) for _, layer in opened.model.walk()):
        raise ConfigError(
            f"{run} holds a {type(opened.model).__name__}, which has no convolution. Expected: a model of lenet or "
            "resnet_small. Give another run."
        )
    return opened


def _stages(model: Layer, x: HostArray) -> tuple[list[tuple[str, HostArray]], HostArray]:
    """The name and the feature maps (H, W, C) of every stage, and the model's outputs."""
    runtime = require_runtime(model)
    if isinstance(model, MirrorAverage):
        model = model.layer
    if not isinstance(model, Sequential):
        name = type(model).__name__
        raise ConfigError(f"The feature maps of {name} cannot be drawn: it is not one layer after another.")
    ctx = Context(runtime.ops, training=False, dtype=runtime.dtype)
    h = runtime.ops.asarray(x)
    stages = []
    for i, layer in enumerate(model.layers):
        h = layer.forward(ctx.child(i), h)
        if h.ndim == 4 and _is_stage(layer):
            stages.append((f"{type(layer).__name__} {' x '.join(map(str, h.shape[1:]))}", _host(runtime, h)[0].copy()))
    return stages, _host(runtime, h)


def _is_stage(layer: Layer) -> bool:
    """Whether what follows this layer is worth a look: not a convolution whose normalisation and activation follow."""
    activated = isinstance(layer, Conv2D) and layer.activation is not None
    return activated or isinstance(layer, Elementwise | MaxPool2D | ResidualBlock)


def _row(stage: HostArray, maps: int, height: int) -> HostArray:
    """The first channels of (H, W, C) side by side, about as high as the image itself."""
    channels = np.moveaxis(stage[..., :maps], 2, 0)
    low, high = channels.min(axis=(1, 2), keepdims=True), channels.max(axis=(1, 2), keepdims=True)
    grey = (channels - low) / np.where(high > low, high - low, 1)
    factor = max(1, height // stage.shape[0])
    return pictures.tile(grey.repeat(factor, axis=1).repeat(factor, axis=2), columns=len(grey))


def _host(runtime: Runtime, array: Any) -> HostArray:
    return runtime.ops.to_host(array)
