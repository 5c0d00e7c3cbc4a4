"""What networks are made of: which normalisation, which activation, which layers; and what no part can be made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_cnn.geometry import check_padding, check_pair
from pellucid_cnn.layers.concatenate import Concatenate
from pellucid_cnn.layers.conv2d import Conv2D
from pellucid_cnn.layers.conv_transpose2d import ConvTranspose2D
from pellucid_cnn.layers.mirror_average import MirrorAverage
from pellucid_cnn.layers.parts import activate, check_normalization, convolve, dense, fused, normalize
from pellucid_cnn.layers.residual_block import ResidualBlock
from pellucid_cnn.transforms.ranges import between, check_range

OWNER: Any = ConvTranspose2D(2)
RELU, LEAKY = pl.create("layer", "relu"), pl.create("layer", "leaky_relu", alpha=0.3)


def told(layers: list[Any]) -> list[tuple[Any, ...]]:
    """The kinds of layers, and of those with filters or units what they were made with."""
    names = ("filters", "units", "kernel_size", "activation", "use_bias", "init", "groups")
    return [(type(layer).__name__, *(getattr(layer, name) for name in names if hasattr(layer, name)))
            for layer in layers]  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "groups"),
    [(1, 1), (3, 1), (4, 1), (7, 1), (8, 2), (9, 1), (12, 1), (16, 4), (24, 2), (32, 8), (40, 2), (64, 8), (96, 8)],
)
def test_a_group_has_four_channels_where_there_are_so_many(channels: int, groups: int) -> None:
    """At most 8 groups, each of at least 4 channels, as many as divide both."""
    (norm,) = normalize("group_norm", channels)
    assert told([norm]) == [("GroupNorm", groups)] and channels % groups == 0


def test_normalisations_have_names() -> None:
    assert normalize(None, 8) == [] and told(normalize("batch_norm", 8)) == [("BatchNorm",)]
    for name in ("batch_norm", "group_norm", None):
        check_normalization("network", name)
    for wrong in ("layer_norm", "", 0):
        with pytest.raises(pl.ConfigError, match="The 'normalization' of network must be one of"):
            check_normalization("network", wrong)


@pytest.mark.parametrize(
    ("activation", "name"),
    [("relu", "relu"), ("core/tanh", "tanh"), (RELU, "relu"), (LEAKY, None), ("leaky_relu", "leaky_relu"),
     ("softmax", None), ("other/relu", None), (pl.create("layer", "softmax"), None)],
    ids=str,
)  # fmt: skip
def test_an_activation_without_settings_is_computed_in_the_same_pass(activation: Any, name: str | None) -> None:
    from pellucid import ACTIVATIONS

    assert fused(activation) == (name if name in ACTIVATIONS else None)


def test_parts_are_as_few_layers_as_can_be() -> None:
    assert told(convolve(5, 3, "relu", None)) == [("Conv2D", 5, 3, "relu", True, None, 1)]
    assert told(convolve(5, 2, LEAKY, None)) == [("Conv2D", 5, 2, None, True, "he", 1), ("LeakyReLU",)]
    assert told(convolve(8, 3, "relu", "group_norm")) == [("Conv2D", 8, 3, None, True, "he", 1), ("GroupNorm", 2),
                                                           ("ReLU",)]  # fmt: skip
    assert told(convolve(8, 3, "relu", "batch_norm")) == [("Conv2D", 8, 3, None, False, "he", 1), ("BatchNorm",),
                                                           ("ReLU",)]  # fmt: skip
    (alone,), (apart, after) = dense(4, "relu"), dense(4, LEAKY)
    assert (alone.units, alone.activation, apart.units, apart.activation, apart.init) == (4, "relu", 4, None, "he")
    assert type(after).__name__ == "LeakyReLU" and after is not LEAKY and after.alpha == 0.3
    assert activate(LEAKY) is not activate(LEAKY) and type(activate("relu")).__name__ == "ReLU"


@pytest.mark.parametrize(
    ("a", "b"),
    [((3, 2), (4, 2)), ((3, 2), (2,)), ((2,), (3, 2)), ((), ()), ((), (2,)), ((2,), ()), ((3, None), (3, 2)),
     ((3, 2), (3, None)), ((3, 4, 2), (4, 3, 2))],
    ids=str,
)  # fmt: skip
def test_inputs_that_differ_beside_their_channels_are_not_joined(a: Any, b: Any) -> None:
    with pytest.raises(pl.ShapeError, match=r"joins inputs that differ in their last axis only, the channels"):
        Concatenate().output_shape(a, b)


def test_channels_add_up() -> None:
    assert Concatenate().output_shape((None, 3, 2), (None, 3, 5)) == (None, 3, 7)
    assert Concatenate().output_shape((2,), (1,)) == (3,)
    assert Concatenate().output_interval((-1.0, 2.0), (0.0, 3.0)) == (-1.0, 3.0)
    assert Concatenate().output_interval((0.0, 3.0), (-1.0, 2.0)) == (-1.0, 3.0)


@pytest.mark.parametrize("layer", [Conv2D, ConvTranspose2D])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("init", "an initializer, its name, or None"), ("regularizer", "a regularizer or None"),
     ("bias_regularizer", "a regularizer or None")],
)  # fmt: skip
def test_what_is_no_component_is_refused(layer: Any, name: str, expected: str) -> None:
    with pytest.raises(pl.ConfigError, match=rf"The '{name}' of {layer.__name__} must be {expected}\. Received: 0\.5"):
        layer(2, **{name: 0.5})


@pytest.mark.parametrize("least", [0, 1])
def test_sizes_are_one_number_or_two(least: int) -> None:
    for fine in (least, least + 1, np.int64(least), [least, 3], (3, least)):
        check_pair(OWNER, "stride", fine, least)
    for wrong in (least - 1, True, 1.0, "2", None, [3, least - 1], (least - 1, 3), [3], [3, 3, 3], [3, True], [2, 2.0]):
        with pytest.raises(
            pl.ConfigError, match=rf"'stride' of ConvTranspose2D must be an int of at least {least}, or"
        ):
            check_pair(OWNER, "stride", wrong, least)


def test_padding_is_a_rule_or_rows_of_zeros() -> None:
    for fine in ("valid", "same", 0, 3, [0, 2], (2, 0)):
        check_padding(OWNER, fine)
    for wrong in ("full", "", -1, [1, -1], True, 0.0, None, [1, 2, 3, 4], ["same", "same"]):
        with pytest.raises(
            pl.ConfigError, match="The 'padding' of ConvTranspose2D must be 'valid', 'same', or a number"
        ):
            check_padding(OWNER, wrong)


def test_factors_are_two_of_which_the_first_is_not_larger() -> None:
    scale: Any = pl.create("transform", "cnn/random_scale")
    for fine in ((0.5, 2.0), [1, 1], (1e-9, 1e9)):
        check_range(scale, "factors", fine)
    for wrong in (
        (0, 1), (-1, 1), (2, 1), (1, np.inf), (np.nan, 1), (1,), (1, 2, 3), (True, 2), (0.5, True), ("1", 2), 1.0, None,
    ):  # fmt: skip
        with pytest.raises(
            pl.ConfigError, match="'factors' of RandomScale must be two factors, 0 < smallest ≤ largest"
        ):
            check_range(scale, "factors", wrong)
    np.testing.assert_allclose(between((0.5, 2.0), np.array([-1.0, 0.0, 1.0])), [0.5, 1.25, 2.0])


@pytest.mark.parametrize(
    ("name", "class_name", "wrong"),
    [
        ("random_affine", "RandomAffine",
         {"degrees": 181.0, "shift": -1.0, "factors": (2, 1), "shear": -0.1, "probability": 1.1}),
        ("random_rotate", "RandomRotate", {"degrees": -1.0}), ("random_flip", "RandomFlip", {"probability": -0.1}),
        ("random_shift", "RandomShift", {"pixels": -1}), ("random_scale", "RandomScale", {"factors": (0, 1)}),
        ("elastic", "Elastic", {"alpha": -1.0, "sigma": 0.0, "probability": 1.1}),
    ],
)  # fmt: skip
def test_each_augmentation_holds_its_arguments(name: str, class_name: str, wrong: dict[str, Any]) -> None:
    made: Any = type(pl.create("transform", f"cnn/{name}"))
    for argument, value in wrong.items():
        with pytest.raises(pl.ConfigError, match=rf"The '{argument}' of {class_name} must be "):
            made(**{argument: value})


@pytest.mark.parametrize("axes", [(), (3,), (2, 3), (2, 2, 2, 1)])
def test_only_images_have_a_mirror_image(axes: tuple[int, ...]) -> None:
    for call in (MirrorAverage(RELU).build, MirrorAverage(RELU).output_shape):
        with pytest.raises(pl.ShapeError, match=rf"MirrorAverage takes images.* {len(axes)} axes\."):
            call(axes)


def test_residual_blocks_say_what_they_take() -> None:
    block = ResidualBlock(4, stride=2)
    assert block.output_shape((5, 4, 3)) == (3, 2, 4) and block.output_shape((None, 1, 3), (7,)) == (None, 1, 4)
    for shape in ((5, 4), (5, 4, None), (1, 5, 4, 3)):
        with pytest.raises(pl.ShapeError, match=r"ResidualBlock takes images, samples of shape"):
            block.output_shape(shape)
    for embedding in ((), (None,), (2, 3)):
        with pytest.raises(pl.ShapeError, match=r"as second input one vector for each image.*Received: \("):
            block.output_shape((5, 4, 3), embedding)
