"""lenet: convolutions that find ever larger shapes, then dense layers that say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pellucid import Example
from pellucid.layer import Layer
from pellucid.layers.dense import Dense
from pellucid.layers.dropout import Dropout
from pellucid.layers.flatten import Flatten

from pellucid_cnn.layers.global_average_pool2d import GlobalAveragePool2D
from pellucid_cnn.layers.max_pool2d import MaxPool2D
from pellucid_cnn.models.task import classifier
from pellucid_cnn.parts import (
    Normalization,
    check,
    check_normalization,
    check_size,
    check_sizes,
    convolve,
    dense,
    is_size,
)

Pooling = Literal["max", "mean"]


def lenet(
    outputs: int,
    filters: Sequence[int] = (32, 64),
    kernel_size: int = 3,
    hidden: Sequence[int] = (128,),
    activation: Layer | str = "relu",
    *,
    convolutions: int | Sequence[int] = 1,
    pooling: Pooling = "max",
    normalization: Normalization | None = None,
    dropout: float = 0.0,
    mirror: bool = False,
) -> Layer:
    """A classifier of images: ``[conv → (norm) → f → max-pool]`` for each of ``filters``, then a dense network.

    With more than one convolution a stage it is what is called a VGG network (Simonyan & Zisserman, 2015).

    Args:
        outputs: number of classes, or 1 for yes and no.
        filters: channels of each stage; after each the size is halved.
        kernel_size: height and width of the convolutions' windows.
        hidden: units of the dense layers between the last stage and the outputs.
        activation: f, a name or a layer; of a layer each place gets a copy.
        convolutions: how many convolutions a stage has before it is pooled: a number, or one for each stage.
        pooling: of the last stage: ``max`` halves the size, as everywhere, and the dense layers see where things are;
            ``mean`` averages over the whole image, which leaves one number for each channel.
        normalization: ``batch_norm``, ``group_norm`` or None: between each convolution and its f.
        dropout: fraction of the inputs of each dense layer that is dropped in training.
        mirror: whether predictions are the mean of those for the image and for its mirror image; see
            ``cnn/mirror_average``.

    Shapes: x (N, H, W, C) -> logits (N, outputs).

    Source: LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    check_size("lenet", "outputs", outputs)
    check_sizes("lenet", "filters", filters, "the channels of each stage")
    check_size("lenet", "kernel_size", kernel_size)
    check_sizes("lenet", "hidden", hidden, "the units of each dense layer", least=0)
    counts = [convolutions] * len(filters) if isinstance(convolutions, int) else convolutions
    check("lenet", "convolutions", convolutions, _fits(counts, filters), "an int of at least 1, or one for each stage")
    check("lenet", "pooling", pooling, pooling in ("max", "mean"), "'max' or 'mean'")
    check_normalization("lenet", normalization)
    layers: list[Layer] = []
    for channels, count in zip(filters, counts, strict=True):
        for _ in range(count):
            layers += convolve(channels, kernel_size, activation, normalization)
        layers.append(MaxPool2D(2))
    if pooling == "mean":
        layers[-1] = GlobalAveragePool2D()
    else:
        layers.append(Flatten())
    for units in hidden:
        layers += [*_dropped(dropout), *dense(units, activation)]
    return classifier(outputs, [*layers, *_dropped(dropout), Dense(outputs)], mirror=mirror)


def _fits(counts: Any, filters: Sequence[int]) -> bool:
    """Whether there is a number of convolutions for each stage."""
    return isinstance(counts, list | tuple) and len(counts) == len(filters) and all(map(is_size, counts))


def _dropped(rate: float) -> list[Layer]:
    return [Dropout(rate)] if rate else []


# What the conformance kit builds; a class would say this in its body.
lenet.examples = (  # type: ignore[attr-defined]
    Example({"outputs": 3, "filters": [1, 2], "hidden": [3], "activation": "silu"}, ((4, 4, 1),)),
    Example(
        {"outputs": 1, "filters": [2], "hidden": [], "activation": "silu", "normalization": "group_norm",
         "convolutions": [2], "pooling": "mean"},
        ((2, 3, 1),),
    ),
    Example(
        {"outputs": 2, "filters": [2], "activation": "tanh", "normalization": "batch_norm", "hidden": [2],
         "dropout": 0.2},
        ((2, 3, 2),),
    ),
)  # fmt: skip
