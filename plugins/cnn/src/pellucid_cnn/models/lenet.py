"""lenet: convolutions that find ever larger shapes, then dense layers that say what they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pellucid import (
    ConfigError,
    Dense,
    Dropout,
    Example,
    Flatten,
    Layer,
    check_bool,
    check_choice,
    check_int,
    check_sizes,
)

from pellucid_cnn.layers.global_average_pool2d import GlobalAveragePool2D
from pellucid_cnn.layers.max_pool2d import MaxPool2D
from pellucid_cnn.layers.parts import Normalization, check_normalization, convolve, dense
from pellucid_cnn.models.task import classifier

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
    check_int(lenet, "outputs", outputs, "[1, inf)")
    check_sizes(lenet, "filters", filters, "the channels of each stage", least=1)
    check_int(lenet, "kernel_size", kernel_size, "[1, inf)")
    check_sizes(lenet, "hidden", hidden, "the units of each dense layer")
    counts = convolutions if isinstance(convolutions, Sequence) else [convolutions] * len(filters)
    check_sizes(lenet, "convolutions", counts, "the convolutions of each stage", least=1)
    if len(counts) != len(filters):
        raise ConfigError(
            f"The 'convolutions' of lenet must be an int, or one for each of its {len(filters)} stages. "
            f"Received: {convolutions!r}."
        )
    check_choice(lenet, "pooling", pooling, ("max", "mean"))
    check_normalization(lenet, normalization)
    check_bool(lenet, "mirror", mirror)
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
