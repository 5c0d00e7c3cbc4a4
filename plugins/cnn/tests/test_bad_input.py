"""What does not fit is said before data flows: which layer, what it expects, what it got, what to do."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError, ShapeError
from pellucid_cnn.geometry import Geometry, geometry_of, output_size, pad
from pellucid_cnn.layers.average_pool2d import AveragePool2D
from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.conv_transpose2d import ConvTranspose2D
from pellucid_cnn.layers.group_norm import GroupNorm
from pellucid_cnn.layers.max_pool2d import MaxPool2D
from pellucid_cnn.layers.upsample import Upsample

CLASSES: dict[str, Any] = {
    "conv2d": Conv2D, "conv_transpose2d": ConvTranspose2D, "max_pool2d": MaxPool2D, "average_pool2d": AveragePool2D,
    "upsample": Upsample, "group_norm": GroupNorm,
}  # fmt: skip
IMAGE_LAYERS = {
    "conv2d": {"filters": 2}, "conv_transpose2d": {"filters": 2}, "max_pool2d": {}, "average_pool2d": {},
    "global_average_pool2d": {}, "global_max_pool2d": {}, "upsample": {},
}  # fmt: skip


def shape_of(kind: str, input_shape: Any, **arguments: Any) -> Any:
    return pl.create("layer", f"cnn/{kind}", **arguments).output_shape(input_shape)


# -- sizes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "expected"),
    [
        (5, 3, 1, 1, (1, 1)),
        (5, 2, 1, 1, (0, 1)),  # an even kernel: the odd one comes after
        (5, 4, 1, 1, (1, 2)),
        (5, 3, 2, 1, (1, 1)),
        (6, 3, 2, 1, (0, 1)),  # strides that fit need less before
        (6, 2, 2, 1, (0, 0)),
        (7, 1, 3, 1, (0, 0)),  # a stride larger than the kernel needs none
        (7, 3, 1, 2, (2, 2)),
        (3, 5, 1, 1, (2, 2)),  # a kernel larger than the image
    ],
)
def test_same_is_padded_as_in_tensorflow(size: int, kernel: int, stride: int, dilation: int, expected: Any) -> None:
    assert pad("same", 0, size, kernel, stride, dilation) == expected
    assert output_size(size, kernel, stride, expected, dilation) == -(-size // stride)


def test_the_geometry_of_each_rule() -> None:
    assert geometry_of(6, 5, (3, 2), (2, 1), "valid") == Geometry((2, 1))
    assert geometry_of(6, 5, (3, 2), (2, 1), "same") == Geometry((2, 1), (0, 1, 0, 1))
    assert geometry_of(6, 5, (3, 2), (1, 1), 2, (2, 1), 3) == Geometry((1, 1), (2, 2, 2, 2), (2, 1), 3)
    assert geometry_of(6, 5, (3, 2), (1, 1), [1, 0]) == Geometry((1, 1), (1, 1, 0, 0))
    assert geometry_of(6, 5, (3, 2), (10**6, 10**6), [1, 0]) == Geometry((8, 5), (1, 1, 0, 0))  # of one place


def test_a_stride_beyond_the_image_takes_no_more_time_and_memory() -> None:
    """The gradient of the input is computed for each pixel of a stride by itself."""
    layer = pl.build("cnn/conv2d", filters=1, stride=10**12, padding="valid", input_shape=(4, 4, 1), seed=0)
    ctx = pl.Context(layer.runtime.ops, training=True)
    y = layer.forward(ctx, np.ones((1, 4, 4, 1), np.float32))
    dx = layer.backward(ctx, np.ones_like(y))
    np.testing.assert_array_equal(dx[0, :, :, 0], np.pad(layer.weight.data[..., 0, 0], ((0, 1), (0, 1))))


@pytest.mark.parametrize("name", ["lenet", "resnet_small", "unet", "group_norm", "pixelwise", "mirror_average"])
def test_a_second_input_is_not_taken(name: str) -> None:
    arguments: dict[str, Any] = {
        "group_norm": {"groups": 1}, "pixelwise": {"layer": "tanh"}, "mirror_average": {"layer": "tanh"},
    }.get(name, {"outputs": 2})  # fmt: skip
    with pytest.raises(ShapeError, match=r"takes one input\. Received: 2, of shapes \[\(4, 4, 1\), \(\)\]"):
        pl.build(f"cnn/{name}", input_shape=[(4, 4, 1), ()], **arguments)


def test_sizes_before_there_is_data() -> None:
    assert shape_of("conv2d", (7, 8, 3), filters=4) == (7, 8, 4)
    assert shape_of("conv2d", (7, 8, 3), filters=4, kernel_size=2) == (7, 8, 4)
    assert shape_of("conv2d", (7, 8, 3), filters=4, kernel_size=5, padding="valid", stride=2) == (2, 2, 4)
    assert shape_of("conv2d", (None, 8, 3), filters=4, stride=2) == (None, 4, 4)
    assert shape_of("conv_transpose2d", (7, None, 3), filters=4, stride=2) == (14, None, 4)
    assert shape_of("conv_transpose2d", (7, 8, 3), filters=4, stride=2, padding="valid") == (15, 17, 4)
    assert shape_of("max_pool2d", (7, 8, 3), size=3, padding="same") == (3, 3, 3)
    assert shape_of("upsample", (None, 8, 3), factor=[2, 3]) == (None, 24, 3)


# -- images that do not fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", IMAGE_LAYERS)
@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((784,), r"become images by flat = false of .* or by the layer reshape, such as shape = \[28, 28, 1\]"),
        ((28, 28), r"for greyscale images of \(height, width\) append an axis: x\[..., None\]"),
        ((28, 28, None), "with a fixed number of channels"),
        ((2, 28, 28, 1), "4 axes. Channels come last"),
    ],
    ids=str,
)
def test_other_samples_than_images(kind: str, shape: Any, remedy: str) -> None:
    for call in (lambda layer: layer.output_shape(shape), lambda layer: layer.build(shape)):
        with pytest.raises(ShapeError, match=remedy) as caught:
            call(pl.create("layer", f"cnn/{kind}", **IMAGE_LAYERS[kind]))
        assert re.search(r"^\w+2D takes images|^Upsample takes images", str(caught.value))
        assert f"Received: samples of shape {shape}" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("conv2d", {"filters": 2, "kernel_size": 5, "padding": "valid"},
         r"window of Conv2D is larger than the image: it covers 5 pixels, the image has a height of 4, with padding 4"),
        ("conv2d", {"filters": 2, "kernel_size": [3, 4], "dilation": 2, "padding": 1},
         r"it covers 7 pixels, the image has a width of 4, with padding 6. Give larger images, a smaller window, or"),
        ("max_pool2d", {"size": 6}, "window of MaxPool2D is larger than the image: it covers 6 pixels"),
        ("average_pool2d", {"size": [2, 9], "padding": 1}, "it covers 9 pixels, the image has a width of 4"),
        ("conv_transpose2d", {"filters": 2, "padding": [0, 5]},
         r"Nothing is left of the output of ConvTranspose2D: for a width of 4 it has 6 pixels, of which padding = "
         r"\[0, 5\] cuts off 10. Give less padding"),
    ],
    ids=str,
)  # fmt: skip
def test_windows_larger_than_the_image(kind: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        shape_of(kind, (4, 4, 2), **arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("conv2d", {"filters": 4, "groups": 4}, r"'groups' of Conv2D must divide its input's channels. Received: 4 "
         r"groups of 6 channels. Choose one of 1, 2, 3, 6, or another"),
        ("conv2d", {"filters": 4, "groups": 3}, "must divide its filters. Received: 3 groups of 4 channels"),
        ("conv_transpose2d", {"filters": 4, "groups": 3}, "'groups' of ConvTranspose2D must divide its filters"),
        ("group_norm", {}, "'groups' of GroupNorm must divide its input's channels. Received: 8 groups of 6 channels"),
    ],
    ids=str,
)  # fmt: skip
def test_groups_that_do_not_divide_the_channels(kind: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        pl.build(f"cnn/{kind}", input_shape=(4, 4, 6), **arguments)


def test_group_norm_of_vectors() -> None:
    with pytest.raises(ShapeError, match=r"Received: \(6,\). For vectors of features use layer_norm"):
        pl.build("cnn/group_norm", groups=2, input_shape=(6,))


def test_in_a_network_the_place_and_the_shapes_so_far_are_named() -> None:
    layers = [{"type": "cnn/max_pool2d"}, {"type": "cnn/max_pool2d"}, {"type": "cnn/conv2d", "filters": 2,
                                                                       "padding": "valid"}]  # fmt: skip
    with pytest.raises(ShapeError, match=r"layers.2 \(Conv2D\): .*a height of 2") as caught:
        pl.build({"type": "sequential", "layers": layers}, input_shape=(9, 28, 1))
    assert "input (9, 28, 1) → MaxPool2D (4, 14, 1) → MaxPool2D (2, 7, 1)" in str(caught.value)


def test_channels_that_differ_from_those_built_for() -> None:
    model = pl.build("cnn/conv2d", filters=2, input_shape=(4, 4, 3))
    with pytest.raises(pl.PellucidError, match=r"shape \(N, 4, 4, 3\).* Received: \(1, 4, 4, 1\)"):
        model.predict(np.zeros((1, 4, 4, 1), np.float32))


def test_a_size_that_turns_out_too_small_when_data_arrives() -> None:
    model = pl.build("cnn/conv2d", filters=2, kernel_size=5, padding="valid", input_shape=(None, None, 1))
    assert model.predict(np.zeros((1, 5, 6, 1), np.float32)).shape == (1, 1, 2, 2)
    with pytest.raises(ShapeError, match="it covers 5 pixels, the image has a width of 4"):
        model.predict(np.zeros((1, 5, 4, 1), np.float32))


# -- arguments -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("conv2d", {"filters": 0}, r"'filters' of Conv2D must be an int in \[1, inf\). Received: 0"),
        ("conv2d", {"filters": 2, "kernel_size": 0}, "'kernel_size' of Conv2D must be an int of at least 1, or two"),
        ("conv2d", {"filters": 2, "kernel_size": [3, 3, 3]}, r"Received: \[3, 3, 3\]"),
        ("conv2d", {"filters": 2, "stride": 1.5}, "'stride' of Conv2D must be an int of at least 1"),
        ("conv2d", {"filters": 2, "dilation": True}, "'dilation' of Conv2D must be .* Received: True"),
        ("conv2d", {"filters": 2, "padding": "full"}, "'padding' of Conv2D must be 'valid', 'same', or a number"),
        ("conv2d", {"filters": 2, "padding": -1}, "'padding' of Conv2D .* Received: -1"),
        ("conv2d", {"filters": 2, "activation": "softmax"}, "'activation' of Conv2D must be one of None, 'relu'"),
        ("conv_transpose2d", {"filters": 2, "stride": 2, "padding": 1, "output_padding": 2},
         "'output_padding' of ConvTranspose2D must be less than its stride.* output_padding = 2, stride = 2"),
        ("conv_transpose2d", {"filters": 2, "stride": 2, "output_padding": 1}, "and 0 with padding = 'same'"),
        ("max_pool2d", {"size": 2, "padding": 2}, "'padding' of MaxPool2D must be less than its size"),
        ("average_pool2d", {"size": [3, 1], "padding": [2, 1]}, "'padding' of AveragePool2D must be less than"),
        ("max_pool2d", {"stride": 0}, "'stride' of MaxPool2D must be an int of at least 1"),
        ("upsample", {"factor": 0}, "'factor' of Upsample must be an int of at least 1"),
        ("upsample", {"interpolation": "cubic"}, "'interpolation' of Upsample must be one of 'nearest', 'bilinear'"),
        ("group_norm", {"groups": 0}, "'groups' of GroupNorm must be an int"),
        ("group_norm", {"eps": 0.0}, "'eps' of GroupNorm must be a float"),
    ],
    ids=str,
)  # fmt: skip
def test_arguments_out_of_range(kind: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CLASSES[kind](**arguments)
