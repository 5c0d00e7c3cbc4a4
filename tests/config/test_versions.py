"""Versions of a component's configuration: older ones are migrated, newer ones refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, PluginError
from pellucid.registry.config import read, to_config
from pellucid.testing.registries import use_registry

from tests.fake_plugins import SINE, install, registry_of

REGISTER = """
registry.layer("sine", "{module}.layers:Sine", summary="", version=3, migrate="{module}.layers:migrate")
registry.layer("stuck", "{module}.layers:Stuck", summary="", version=2)
"""
MIGRATE = """

class Stuck(Sine):
    pass

def migrate(config, version):
    old = dict(config)
    return {"omega": old.pop("frequency") * (2 if version == 1 else 1), **old}
"""


@pytest.fixture(autouse=True)
def versioned(tmp_path: Path) -> Iterator[None]:
    install(tmp_path / "v", "waves", REGISTER, modules={"layers": SINE + MIGRATE})
    with registry_of(tmp_path / "v") as registry, use_registry(registry):
        yield


def test_the_version_is_written_and_read():
    config = to_config(pl.create("layer", "sine", omega=2.0))
    assert config == {"type": "waves/sine", "version": 3, "omega": 2.0}
    assert read("layer", config, saved=True).omega == 2.0


@pytest.mark.parametrize(("version", "omega"), [(1, 8.0), (2, 4.0)])
def test_an_older_configuration_is_migrated(version: int, omega: float):
    assert pl.create("layer", {"type": "waves/sine", "version": version, "frequency": 4.0}).omega == omega


def test_a_saved_configuration_without_version_is_of_version_1_and_a_handwritten_one_of_today():
    assert read("layer", {"type": "waves/sine", "frequency": 4.0}, saved=True).omega == 8.0
    assert read("layer", {"type": "waves/sine", "omega": 4.0}).omega == 4.0


@pytest.mark.parametrize("version", [4, "2", None])
def test_a_newer_configuration_is_refused(version: object):
    with pytest.raises(ConfigError, match=r"written for version .* pellucid-waves 1.0 knows version 3. Upgrade"):
        read("layer", {"type": "waves/sine", "version": version, "omega": 4.0}, path="model")


def test_an_older_configuration_that_cannot_be_migrated_is_refused():
    with pytest.raises(PluginError, match=r"version 1 of waves/stuck.*cannot migrate it. Install an older pell"):
        read("layer", {"type": "waves/stuck"}, saved=True)
