"""By name: load_dataset, configurations with fractions, counts and transforms, and mistakes in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import ConfigError
from pellucid_datasets.iris import Iris


def test_load_dataset_gives_named_parts() -> None:
    splits = pl.load_dataset("iris", seed=3)
    expected = Iris().splits(3)
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(splits, part).x, getattr(expected, part).x)
        np.testing.assert_array_equal(getattr(splits, part).y, getattr(expected, part).y)
    assert splits.classes == splits.test.classes == ("setosa", "versicolor", "virginica")


@pytest.mark.parametrize(("validation", "samples"), [(30, 30), (0.1, 15), (0, 0), (0.5, 75)])
def test_parts_are_counts_or_fractions(validation: float, samples: int) -> None:
    assert len(pl.load_dataset("datasets/iris", validation=validation).validation) == samples


@pytest.mark.parametrize(
    "name",
    ["mnist", "fashion_mnist", "emnist", "iris", "half_moons", "spirals", "gaussian_blobs", "sine", "breast_cancer",
     "digits"],
)  # fmt: skip
def test_the_configuration_makes_the_same_data_set(name: str) -> None:
    dataset = pl.create("dataset", name)
    config = pl.to_config(dataset)
    assert config["type"] == f"datasets/{name}"
    assert pl.to_config(pl.create("dataset", config)) == config


def test_transforms_are_chosen_by_configuration() -> None:
    scale = {"type": "scale", "factor": 2.0}
    dataset = pl.create("dataset", {"type": "half_moons", "n": 50, "transforms": ["standardize", scale]})
    model = pl.build("dense", input_shape=(2,), units=2, seed=0)
    pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit(dataset, epochs=1, verbose=False)
    standardize, scaled = model.runtime.transforms
    x = dataset.splits(0).train.x
    np.testing.assert_allclose(scaled.apply(standardize.apply(x)).std(axis=0), 2, rtol=1e-5)
    expected = scaled.apply(standardize.apply(x)) @ model.weight.data + model.bias.data
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vaildation": 0.2}, r"vaildation: .*[Dd]id you mean 'validation'"),
        ({"validation": 1.5}, r"The 'validation' of Iris must be a fraction in \[0, 1\) or a number of samples"),
        ({"validation": "0.2"}, r"validation: expected int or float"),
        ({"transforms": ["standardise"]}, r"transforms\.0: .*[Dd]id you mean 'standardize'"),
    ],
)
def test_mistakes_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pl.load_dataset("iris", **arguments)


def test_an_unknown_data_set_is_named() -> None:
    with pytest.raises(ConfigError, match=r"Unknown dataset 'mnits'\. Did you mean 'mnist'"):
        pl.load_dataset("mnits")
