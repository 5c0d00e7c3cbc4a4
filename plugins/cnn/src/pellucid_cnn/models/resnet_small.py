"""resnet_small: a residual network for small images."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid import Dense, Dropout, Example, Layer, check_bool, check_int, check_sizes

from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.global_average_pool2d import GlobalAveragePool2D
from pellucid_cnn.layers.parts import Normalization, activate, check_normalization, convolve, normalize
from pellucid_cnn.layers.residual_block import ResidualBlock
from pellucid_cnn.models.task import classifier


def resnet_small(
    outputs: int,
    filters: Sequence[int] = (16, 32, 64),
    blocks: int = 1,
    activation: Layer | str = "relu",
    *,
    preactivation: bool = True,
    normalization: Normalization | None = "batch_norm",
    dropout: float = 0.0,
    mirror: bool = False,
) -> Layer:
    """A classifier of images: a convolution, stages of residual blocks, the mean over all pixels, a dense layer.

    From the second stage on the first block of each halves the size. So a network of four stages sees 28 x 28 pixels as
    28, 14, 7 and 4.

    Args:
        outputs: number of classes, or 1 for yes and no.
        filters: channels of each stage.
        blocks: residual blocks of each stage, at most 1,000.
        activation: f, a name or a layer; of a layer each place gets a copy.
        preactivation: whether normalisation and f stand before each convolution or after it, as in
            ``cnn/residual_block``.
        normalization: ``batch_norm``, ``group_norm`` or None.
        dropout: fraction of the inputs of the dense layer that is dropped in training.
        mirror: whether predictions are the mean of those for the image and for its mirror image; see
            ``cnn/mirror_average``.

    Shapes: x (N, H, W, C) -> logits (N, outputs).

    Source: He, Zhang, Ren & Sun, Deep Residual Learning for Image Recognition, and Identity Mappings in Deep Residual
    Networks, 2016.
    """
    check_int(resnet_small, "outputs", outputs, "[1, inf)")
    check_sizes(resnet_small, "filters", filters, "the channels of each stage", least=1)
    check_int(resnet_small, "blocks", blocks, "[1, 1000]")
    check_normalization(resnet_small, normalization)
    check_bool(resnet_small, "mirror", mirror)
    layers: list[Layer]
    if preactivation:  # the first block normalises and activates what it is given
        layers = [Conv2D(filters[0], 3)]
    else:
        layers = convolve(filters[0], 3, activation, normalization)
    for stage, channels in enumerate(filters):
        for block in range(blocks):
            layers.append(
                ResidualBlock(
                    channels, stride=2 if stage > 0 and block == 0 else 1, preactivation=preactivation,
                    normalization=normalization, activation=activate(activation),
                )
            )  # fmt: skip
    if preactivation:
        layers += [*normalize(normalization, filters[-1]), activate(activation)]
    layers.append(GlobalAveragePool2D())
    if dropout:
        layers.append(Dropout(dropout))
    return classifier(outputs, [*layers, Dense(outputs)], mirror=mirror)


resnet_small.examples = (  # type: ignore[attr-defined]
    Example({"outputs": 2, "filters": [1, 1], "activation": "silu"}, ((2, 2, 1),)),
    Example(
        {"outputs": 1, "filters": [1], "activation": "softplus", "preactivation": False, "normalization": "group_norm",
         "dropout": 0.2},
        ((2, 2, 1),),
    ),
)  # fmt: skip
