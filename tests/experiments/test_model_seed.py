"""A model with a required argument ``seed`` of its own: the run's, unless the experiment names another."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pellucid as pl
import pytest
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry

from tests.experiments.support import Shell
from tests.fake_plugins import install

SOURCE = """
from pellucid import Dense, Layer, Sequential, hookimpl


@hookimpl
def pellucid_register(registry):
    registry.model("seeded", "plugin_seeded:seeded", summary="a model with a seed of its own")


def seeded(outputs: int, seed: int) -> Layer:
    model = Sequential([Dense(seed + 1), Dense(outputs)])
    model.default_objective = {"type": "supervised", "loss": "softmax_cross_entropy"}
    return model
"""


@pytest.fixture(autouse=True)
def plugin(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin ``seeded`` beside the installed ones."""
    site = tmp_path_factory.mktemp("site")
    install(site, "seeded", source=SOURCE)
    monkeypatch.syspath_prepend(str(site))
    with use_registry(Registry(Plugins())):
        yield
    sys.modules.pop("plugin_seeded", None)


@pytest.mark.parametrize(("given", "units"), [((), 4), (("--set", "model.seed=6"), 7)])
def test_it_is_the_seed_of_the_run_and_the_run_goes_on(pellucid: Shell, given: tuple[str, ...], units: int) -> None:
    pellucid(
        "train", "--model", "seeded/seeded", "--dataset", "iris", "--out", "run", "--quiet",
        "--set", "train.epochs=1", "--set", "train.seed=3", *given,
    )  # fmt: skip
    pellucid("train", "--resume", "--out", "run", "--quiet", "--set", "train.epochs=2")
    assert pl.load("run/model.safetensors").parameters()[0].shape == (4, units)
