"""Seeing through a trained classifier: what it was shown, the filters of its first convolution, and what every stage
makes of an image.

Each writes one picture and overwrites none. Images are those of the run's own data unless ``data`` names others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    Array,
    Augmentation,
    ConfigError,
    Context,
    Elementwise,
    FinishedRun,
    HostArray,
    Layer,
    Sequential,
    SplitName,
    check_amount,
    check_int,
    check_output,
    in_batches,
    open_run,
    pictures,
    require_runtime,
    to_data,
    transformed,
)

from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.max_pool2d import MaxPool2D
from pellucid_cnn.layers.mirror_average import MirrorAverage
from pellucid_cnn.layers.residual_block import ResidualBlock

MOST_SCALE = 256
"""Pixels of the file for one of a picture's, in both directions."""
GAP = 4
"""Pixels between two stages in the picture of the feature maps."""


def filters(run: Path, *, output: Path = Path("filters.png"), scale: int = 8) -> dict[str, Any]:
    """Draw the filters of the first convolution: white is a positive weight, black a negative one, grey is zero.

    Those of colour images are drawn in colour, those of other channels as their mean.

    Args:
        run: a run folder or a saved model.
        output: a .png file.
        scale: the file's pixels for each weight, in both directions.
    """
    check_output(output, ".png")
    check_int(filters, "scale", scale, f"[1, {MOST_SCALE}]")
    model = _opened(run).model
    conv = next(layer for _, layer in model.walk() if isinstance(layer, Conv2D))
    images, largest = filter_pictures(model, conv)
    pictures.save_png(pictures.tile(images, gap=1), output, scale=scale)
    return {"file": str(output), "filters": len(images), "largest_weight": largest}


def filter_pictures(model: Layer, conv: Conv2D) -> tuple[HostArray, float]:
    """The filters of a convolution as pictures (F, KH, KW, 1 or 3) from 0 to 1, where ½ is zero; and the largest weight
    that is shown, of either sign."""
    weight = require_runtime(model).ops.to_host(conv.weight.data)  # (KH, KW, C, F)
    if weight.shape[2] != 3:  # anything but colours: seen as grey levels
        weight = weight.mean(axis=2, keepdims=True)
    largest = float(abs(weight).max()) or 1.0
    return np.moveaxis(0.5 + weight / (2 * largest), 3, 0), largest


def features(
    run: Path, *, image: int = 0, data: str | None = None, split: SplitName = "test", maps: int = 16,
    output: Path = Path("features.png"), scale: int = 2,
) -> dict[str, Any]:  # fmt: skip
    """Draw what each stage makes of one image, from the image itself downwards: a row for each stage, a square for each
    channel, white where it responds most.

    An image of 3 channels is drawn in colour, one of other numbers of channels like a stage.

    Args:
        run: a run folder or a saved model.
        image: the number of the image.
        data: a file of samples or the name of a data set; none takes the run's own.
        split: of a data set.
        maps: the most channels that are drawn of a stage, the first ones.
        output: a .png file.
        scale: the file's pixels for each of the image's, in both directions.
    """
    check_output(output, ".png")
    check_amount(features, "maps", maps, output)
    check_int(features, "scale", scale, f"[1, {MOST_SCALE}]")
    opened = _opened(run)
    samples = opened.samples(data, split)
    check_int(features, "image", image, f"[0, {len(samples) - 1}]")
    one = np.asarray(samples.x)[image : image + 1]
    made, outputs = stages(opened.model, *transformed(opened.model, one))
    height = one.shape[1]
    if one.ndim == 4 and one.shape[3] not in (1, 3):
        rows = [_row(one[0], maps, height)]
    else:
        rows = [pictures.tile(pictures.as_images(one))]
    rows += [_row(stage, maps, height) for _, stage in made]
    pictures.save_png(_below_each_other(rows), output, scale=scale)
    found: dict[str, Any] = {"file": str(output), "stages": " → ".join(name for name, _ in made)}
    if outputs.shape[1] > 1:
        classes = require_runtime(opened.model).classes or tuple(map(str, range(outputs.shape[1])))
        found["predicted"] = classes[int(outputs[0].argmax())]
        if samples.y is not None:
            found["class"] = classes[int(samples.y[image])]
    return found


def augmented(
    run: Path, *, count: int = 6, times: int = 11, seed: int = 0, data: str | None = None, split: SplitName = "train",
    output: Path = Path("augmented.png"), scale: int = 1,
) -> dict[str, Any]:  # fmt: skip
    """Draw what training made of some images: a row for each, at its left the image as it is.

    Images of 1 channel are drawn in grey and of 3 in colour; of others each channel is a square of its own.

    Args:
        run: a run folder or a saved model.
        count: how many images, the first ones.
        times: how often each is changed.
        seed: of the changes.
        data: a file of samples or the name of a data set; none takes the run's own.
        split: of a data set.
        output: a .png file.
        scale: the file's pixels for each of the image's, in both directions.
    """
    check_output(output, ".png")
    check_amount(augmented, "count", count, output)
    check_amount(augmented, "times", times, output)
    check_amount(augmented, "images in all", count * (times + 1), output)
    check_int(augmented, "scale", scale, f"[1, {MOST_SCALE}]")
    check_int(augmented, "seed", seed, "[0, inf)")
    opened = _opened(run)
    runtime = require_runtime(opened.model)
    augmentations = [transform for transform in runtime.transforms if isinstance(transform, Augmentation)]
    if not augmentations:
        raise ConfigError(f"The model of {run} was trained on the images as they are: its data has no augmentations.")
    (x,) = transformed(opened.model, opened.samples(data, split).x[:count])

    def changed(ctx: Context, images: Array) -> Array:
        for i, augmentation in enumerate(augmentations):
            images = augmentation.augment(ctx.child(i), images)
        return images

    columns = [x]
    columns += [in_batches(opened.model, changed, x, training=True, seed=seed, step=step) for step in range(times)]
    rows = np.stack(columns, axis=1).reshape(-1, *x.shape[1:])  # an image, then all that was made of it
    images, squares = to_data(opened.model, rows), times + 1
    if images.ndim == 4 and images.shape[3] not in (1, 3):
        squares *= images.shape[3]
        images = scaled(np.moveaxis(images, 3, 1).reshape(-1, *images.shape[1:3]))
    images = pictures.as_images(images)
    pictures.save_png(pictures.tile(images, columns=squares, background=0.5), output, scale=scale)
    return {"file": str(output), "augmentations": ", ".join(type(each).__name__ for each in augmentations)}


def _opened(run: Path) -> FinishedRun[Layer]:
    opened = open_run(run)
    if not any(isinstance(layer, Conv2D) for _, layer in opened.model.walk()):
        raise ConfigError(
            f"{run} holds a {type(opened.model).__name__}, which has no convolution. Expected: a model of lenet or "
            "resnet_small. Give another run."
        )
    return opened


def stages(model: Layer, x: HostArray) -> tuple[list[tuple[str, HostArray]], HostArray]:
    """The name and the feature maps (H, W, C) of every stage, and the model's outputs."""
    runtime = require_runtime(model)
    if isinstance(model, MirrorAverage):
        model = model.layer
    if not isinstance(model, Sequential):
        name = type(model).__name__
        raise ConfigError(f"The feature maps of {name} cannot be drawn: it is not one layer after another.")
    ops = runtime.ops
    ctx = Context(ops, training=False, dtype=runtime.dtype)
    h = ops.asarray(x)
    stages = []
    for i, layer in enumerate(model.layers):
        h = layer.forward(ctx.child(i), h)
        if h.ndim == 4 and _is_stage(layer):
            stages.append((f"{type(layer).__name__} {' x '.join(map(str, h.shape[1:]))}", ops.to_host(h)[0].copy()))
    return stages, ops.to_host(h)


def _is_stage(layer: Layer) -> bool:
    """Whether what follows this layer is worth a look: not a convolution whose normalisation and activation follow."""
    activated = isinstance(layer, Conv2D) and layer.activation is not None
    return activated or isinstance(layer, Elementwise | MaxPool2D | ResidualBlock)


def _row(stage: HostArray, maps: int, height: int) -> HostArray:
    """The first channels of (H, W, C) side by side, about as high as the image itself."""
    grey = scaled(np.moveaxis(stage[..., :maps], 2, 0))
    factor = max(1, height // stage.shape[0])
    return pictures.tile(grey.repeat(factor, axis=1).repeat(factor, axis=2), columns=len(grey))


def scaled(channels: HostArray) -> HostArray:
    """Channels (C, H, W), each from black, where it is lowest, to white."""
    low, high = channels.min(axis=(1, 2), keepdims=True), channels.max(axis=(1, 2), keepdims=True)
    scaled: HostArray = (channels - low) / np.where(high > low, high - low, 1)
    return scaled


def _below_each_other(rows: list[HostArray]) -> HostArray:
    """Grey and coloured uint8 images (H, W) and (H, W, 3) as one, on white."""
    width = max(row.shape[1] for row in rows)
    if any(row.ndim == 3 for row in rows):
        rows = [row if row.ndim == 3 else row[..., None].repeat(3, axis=2) for row in rows]
    whole = np.full((sum(len(row) + GAP for row in rows) - GAP, width, *rows[0].shape[2:]), 255, np.uint8)
    top = 0
    for row in rows:
        whole[top : top + len(row), : row.shape[1]] = row
        top += len(row) + GAP
    return whole
