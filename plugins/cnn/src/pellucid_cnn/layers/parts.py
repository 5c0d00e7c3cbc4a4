"""What blocks are made of: normalisations and activations by name."""

from __future__ import annotations

from copy import deepcopy
from math import gcd
from typing import Literal

from pellucid import ACTIVATIONS, BatchNorm, Dense, Elementwise, Layer, check_choice, create

from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.group_norm import GroupNorm

Normalization = Literal["batch_norm", "group_norm"]
MOST_GROUPS, LEAST_CHANNELS = 8, 4
"""Group normalisation takes at most so many groups, and for each at least so many channels, if there are so many."""


def normalize(normalization: Normalization | None, channels: int) -> list[Layer]:
    """The normalisation of this name for feature maps of so many channels; none for None."""
    if normalization is None:
        return []
    if normalization == "batch_norm":
        return [BatchNorm()]
    return [GroupNorm(groups=gcd(MOST_GROUPS, max(1, channels // LEAST_CHANNELS), channels))]


def activate(activation: Layer | str) -> Layer:
    """An activation of its own for each place: made by its name, or a copy of the layer that was given."""
    return deepcopy(activation) if isinstance(activation, Layer) else create("layer", activation)


def convolve(
    filters: int, kernel_size: int, activation: Layer | str, normalization: Normalization | None
) -> list[Layer]:  # fmt: skip
    """Convolution, normalisation, activation: in one layer where nothing stands between them."""
    name = fused(activation)
    if normalization is None and name is not None:
        return [Conv2D(filters, kernel_size, name)]
    # Batch normalisation subtracts each channel's mean, and a bias with it.
    conv = Conv2D(filters, kernel_size, use_bias=normalization != "batch_norm", init="he")
    return [conv, *normalize(normalization, filters), activate(activation)]


def fused(activation: Layer | str) -> str | None:
    """What the ``activation`` of a convolution or a dense layer calls it, which computes it in the same pass; None for
    one with settings, or a stranger's."""
    if isinstance(activation, Elementwise):
        activation = activation.op if not activation.arguments() else ""
    name = activation.removeprefix("core/") if isinstance(activation, str) else ""
    return name if name in ACTIVATIONS else None


def dense(units: int, activation: Layer | str) -> list[Layer]:
    """A dense layer and its activation: in one layer where that can be."""
    name = fused(activation)
    return [Dense(units, name)] if name is not None else [Dense(units, init="he"), activate(activation)]


def check_normalization(owner: object, value: object) -> None:
    """ConfigError unless it is one of the two, or None."""
    check_choice(owner, "normalization", value, ("batch_norm", "group_norm", None))
