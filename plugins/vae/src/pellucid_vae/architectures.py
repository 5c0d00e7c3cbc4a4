"""The encoders and decoders that the models bring: dense, or convolutional by the layers of pellucid-cnn."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Literal

from pellucid import ConfigError, Dense, Flatten, Reshape, Sequential, ShapeError, create

if TYPE_CHECKING:
    from pellucid import Layer

    from pellucid_vae.models import LatentVariableModel

Architecture = Literal["dense", "convolutional"]


def encoder_for(model: LatentVariableModel, shape: tuple[int, ...]) -> Sequential:
    """From samples of this shape (with the label's features, where the model has one) to a row of features."""
    layers: list[Layer] = []
    if model.architecture == "convolutional":
        _image(model, shape)
        layers += [_convolution("conv2d", channels, model.activation) for channels in model.channels]
    return Sequential([*layers, Flatten(), *(Dense(units, model.activation) for units in model.hidden)])


def decoder_for(model: LatentVariableModel, shape: tuple[int, ...]) -> Sequential:
    """From codes (with the label's features) to samples of this shape: the encoder's widths in reverse."""
    layers: list[Layer] = [Dense(units, model.activation) for units in reversed(model.hidden)]
    if model.architecture == "dense":
        return Sequential([*layers, Dense(prod(shape)), Reshape(list(shape))])
    height, width, channels = _image(model, shape)
    factor = 2 ** len(model.channels)
    smallest = (height // factor, width // factor, model.channels[-1])
    layers += [Dense(prod(smallest), model.activation), Reshape(list(smallest))]
    layers += [_convolution("conv_transpose2d", each, model.activation) for each in reversed(model.channels[:-1])]
    return Sequential([*layers, _convolution("conv_transpose2d", channels, None)])


def _image(model: LatentVariableModel, shape: tuple[int, ...]) -> tuple[int, int, int]:
    factor = 2 ** len(model.channels)
    if len(shape) != 3 or shape[0] % factor or shape[1] % factor:
        raise ShapeError(
            f"{type(model).__name__} with architecture = 'convolutional' and {len(model.channels)} channels needs "
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
            "pip install 'pellucid-vae[cnn]'. Or take architecture = 'dense'."
        ) from error
    return layer
