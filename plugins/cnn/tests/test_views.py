"""The view of stages: the feature maps and filters that the verbs draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_cnn import verbs
from pellucid_cnn.views import Stages


def test_maps_and_filters_are_those_of_the_model() -> None:
    (opened,) = Stages.tried_on()
    sample, stage = Stages().controls(opened)
    assert list(stage.options) == ["1: Conv2D 8 x 8 x 3", "2: MaxPool2D 4 x 4 x 3"] and sample.high == 5
    image, maps, bars, filters = Stages().show(opened, sample=4, stage=stage.options[1])
    x = np.asarray(opened.samples().x)[[4]]
    found, _outputs = verbs.stages(opened.model, x)
    np.testing.assert_array_equal(image.images, x[..., 0].astype(float))
    np.testing.assert_array_equal(maps.images, verbs.scaled(np.moveaxis(found[1][1], 2, 0)))
    np.testing.assert_allclose(bars.values, opened.model.predict(x)[0], rtol=1e-6)
    weight = np.asarray(opened.model.parameters()[0].data)
    np.testing.assert_allclose(filters.images[1], 0.5 + weight[:, :, 0, 1] / (2 * abs(weight).max()), rtol=1e-6)


def test_a_network_in_a_mirror_average_has_stages_too_and_others_have_none() -> None:
    mirrored = pl.build("cnn/lenet", input_shape=(8, 8, 1), outputs=3, filters=[2], hidden=[4], mirror=True, seed=0)
    rng = np.random.default_rng(0)
    opened = pl.Viewed.of(mirrored, pl.Split(rng.uniform(size=(3, 8, 8, 1)).astype(np.float32)))
    assert Stages().suits(opened) and len(Stages().controls(opened)[1].options) >= 2
    assert not Stages().suits(pl.Viewed.of(pl.build("dense", units=2, input_shape=(4,), seed=0)))


def opened(layers: list[Any], shape: tuple[int, ...], count: int = 3, classes: tuple[str, ...] = ()) -> pl.Viewed:
    """A stack of layers that nobody has trained, and noise to look at."""
    model = pl.build({"type": "core/sequential", "layers": layers}, input_shape=shape, seed=0)
    model.runtime.classes = classes or None
    x = np.random.default_rng(0).uniform(size=(count, *shape)).astype(np.float32)
    return pl.Viewed.of(model, pl.Split(x))


def convolution(filters: int, activation: str | None = "relu") -> dict[str, Any]:
    return {"type": "cnn/conv2d", "filters": filters, "kernel_size": 3, "activation": activation}


def test_of_many_channels_the_first_64_are_shown() -> None:
    viewed = opened([convolution(65)], (4, 4, 1))
    _, maps, filters = Stages().show(viewed, stage="1: Conv2D 4 x 4 x 65")  # images for an image have no bars
    assert maps.labels == [f"channel {k}" for k in range(64)]
    (_, stage), *_ = verbs.stages(viewed.model, np.asarray(viewed.samples().x)[:1])[0]
    np.testing.assert_array_equal(maps.images, verbs.scaled(np.moveaxis(stage[..., :64], 2, 0)))
    assert filters.images.shape == (65, 3, 3)


@pytest.mark.parametrize(("classes", "names"), [
    ((), ["output 0", "output 1"]), (("cat", "dog"), ["cat", "dog"]), (("a", "b", "c"), ["output 0", "output 1"]),
])  # fmt: skip
def test_outputs_are_called_by_their_classes_where_there_are_as_many(classes: Any, names: list[str]) -> None:
    viewed = opened([convolution(2), {"type": "flatten"}, {"type": "dense", "units": 2}], (4, 4, 3), 2, classes)
    sample, stage = Stages().controls(viewed)
    assert (sample.low, sample.high, len(stage.options)) == (0, 1, 1)
    image, _, bars, filters = Stages().show(viewed, sample=5, stage=stage.value)  # beyond the last: the last
    x = np.asarray(viewed.samples().x)[[1]]
    np.testing.assert_array_equal(image.images, x)
    answer = viewed.model.predict(x)[0]
    assert bars.labels == names and bars.marked == answer.argmax()
    np.testing.assert_allclose(bars.values, answer, rtol=1e-6)
    weight = np.asarray(viewed.model.parameters()[0].data)  # colours: filters of three channels stay as they are
    np.testing.assert_allclose(filters.images[1], 0.5 + weight[..., 1] / (2 * abs(weight).max()), rtol=1e-6)


def test_images_to_choose_from_are_the_first_thousand() -> None:
    assert Stages().controls(opened([convolution(1)], (2, 2, 1), 1001))[0].high == 999
    assert Stages().controls(opened([convolution(1)], (2, 2, 1), 1))[0].high == 1


def test_a_network_without_activations_has_no_stage() -> None:
    with pytest.raises(pl.DataError, match="no activation follows its convolutions"):
        Stages().controls(opened([convolution(2, None)], (4, 4, 1)))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_filters_of_colours_are_in_colour_and_others_their_mean(channels: int) -> None:
    model = opened([convolution(3)], (4, 4, channels)).model
    conv: Any = model.layers[0]  # type: ignore[attr-defined]
    weight = np.asarray(conv.weight.data)
    seen = weight if channels == 3 else weight.mean(axis=2, keepdims=True)
    pictures, largest = verbs.filter_pictures(model, conv)
    assert largest == pytest.approx(abs(seen).max())
    np.testing.assert_allclose(pictures, np.moveaxis(0.5 + seen / (2 * abs(seen).max()), 3, 0), atol=1e-6)
    conv.weight.data[...] = 0
    pictures, largest = verbs.filter_pictures(model, conv)
    assert largest == 1 and (pictures == 0.5).all()
