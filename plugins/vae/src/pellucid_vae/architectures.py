"""The encoders and decoders that the models bring: dense, or convolutional by the layers of pellucid-cnn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

from pellucid import ConfigError, Dense, Flatten, Layer, Reshape, Sequential, ShapeError, create

Architecture = Literal["dense", "convolutional"]


@dataclass(frozen=True)
class Widths:
    """How wide the encoder of a model is; its decoder has the same in reverse.

    Attributes:
        model: the name of the model's class, for messages.
        hidden: units of each hidden layer.
        activation: of the hidden layers and convolutions.
        channels: of each convolution; none in a dense architecture.
    """

    model: str
    hidden: Sequence[int]
    activation: str
    channels: Sequence[int]


def encoder_for(widths: Widths, shape: tuple[int, ...]) -> Sequential:
    """From samples of this shape (with the label's features, where the model has one) to a row of features."""
    if widths.channels:
        _image(widths, shape)
    layers: list[Layer] = [_convolution("conv2d", channels, widths.activation) for channels in widths.channels]
    return Sequential([*layers, Flatten(), *(Dense(units, widths.activation) for units in widths.hidden)])


def decoder_for(widths: Widths, shape: tuple[int, ...]) -> Sequential:
    """From codes (with the label's features) to samples of this shape: the encoder's widths in reverse."""
    layers: list[Layer] = [Dense(units, widths.activation) for units in reversed(widths.hidden)]
    if not widths.channels:
        return Sequential([*layers, Dense(prod(shape)), Reshape(list(shape))])
    height, width, channels = _image(widths, shape)
    factor = 2 ** len(widths.channels)
    smallest = (height // factor, width // factor, widths.channels[-1])
    layers += [Dense(prod(smallest), widths.activation), Reshape(list(smallest))]
    layers += [_convolution("conv_transpose2d", each, widths.activation) for each in reversed(widths.channels[:-1])]
    return Sequential([*layers, _convolution("conv_transpose2d", channels, None)])


def _image(widths: Widths, shape: tuple[int, ...]) -> tuple[int, int, int]:
    factor = 2 ** len(widths.channels)
    if len(shape) != 3 or shape[0] % factor or shape[1] % factor:
        raise ShapeError(
            f"{widths.model} with architecture = 'convolutional' and {len(widths.channels)} channels needs "
            f"images (height, width, channels) whose height and width are multiples of {factor}. Received: {shape}. "
            "Pad or crop the images (rows of pixels become images by flat = false of a data set that has it, such as "
            "mnist), give fewer channels, or take architecture = 'dense'."
        )
    height, width, channels = shape
    return height, width, channels


def _convolution(name: str, channels: int, activation: str | None) -> Layer:
    """A convolution that halves the image, or its transpose that doubles it: windows of 4 x 4 that overlap evenly."""
    arguments: dict[str, Any] = {"filters": channels, "kernel_size": 4, "stride": 2, "activation": activation}
    try:
        layer: Layer = create("layer", f"cnn/{name}", **arguments)
    except ConfigError as error:
        if "cnn/" not in str(error):
            raise
        raise ConfigError(
            "architecture = 'convolutional' needs the layers of pellucid-cnn, which is not installed: "
            "pip install pellucid-cnn, or in a checkout of pellucid: pip install ./plugins/cnn. "
            "Or take architecture = 'dense'."
        ) from error
    return layer
