"""The view of stages: the feature maps and filters that the verbs draw."""

from __future__ import annotations

import numpy as np
import pellucid as pl
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
