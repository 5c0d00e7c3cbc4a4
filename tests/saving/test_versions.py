"""Files of older releases and components of older versions load, with what they meant then."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from packaging.version import Version
from pellucid.registry.discovery import GROUP, Claim
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.saving.checkpoint import restore_checkpoint, save_checkpoint
from pellucid.saving.reading import read_header
from pellucid.standard.layers.dense import Dense
from pellucid.testing.registries import use_registry

from tests.saving.support import edited, everything, plugin, small_data, small_trainer

GOLDEN = Path(__file__).parent / "golden"
RELEASES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def test_there_is_a_golden_file_of_this_release() -> None:
    """Or, between two releases, of an earlier one or the one that is in the making: tests/saving/make_golden.py."""
    for kind in ("model", "checkpoint"):
        releases = [Version(name.partition("-")[2]) for name in RELEASES if name.startswith(kind)]
        now = Version(pl.__version__)
        assert releases
        assert now.is_prerelease or now in releases
    assert {read_header(p, "model").document["pellucid"] for p in GOLDEN.glob("model-*.safetensors")}


@pytest.mark.parametrize("name", [name for name in RELEASES if name.startswith("model-")])
def test_golden_model_predicts_what_it_did(name: str) -> None:
    known = json.loads((GOLDEN / f"{name}.json").read_text())
    model = pl.load(GOLDEN / f"{name}.safetensors", backend="reference")
    np.testing.assert_allclose(model.predict(np.array(known["x"])), known["prediction"], rtol=1e-5, atol=1e-6)
    assert list(model.runtime.classes) == known["classes"]


@pytest.mark.parametrize("name", [name for name in RELEASES if name.startswith("checkpoint-")])
def test_golden_checkpoint_continues_as_it_did(name: str) -> None:
    known = json.loads((GOLDEN / f"{name}.json").read_text())
    x, y = small_data(40)
    trainer = small_trainer()
    restore_checkpoint(trainer, GOLDEN / f"{name}.safetensors")
    assert (trainer.epochs, trainer.position) == (known["epochs"], known["position"])
    history = trainer.fit((x, y), validation=(x, y), epochs=3 - trainer.epochs, batch_size=16)
    np.testing.assert_allclose(history["loss"], known["loss"], rtol=1e-4)


# -- versions of a component -----------------------------------------------------------------------------------------


class Widened(Dense):
    """Version 1 of this layer called its units 'width'."""


def rename_width(config: dict, version: int) -> dict:
    assert version == 1
    return {"units" if key == "width" else key: value for key, value in config.items()}


def registry_at(version: int, *, migrate: bool = True) -> Registry:
    """A registry in which the plugin ``acme`` has its layer ``wide`` at this version."""
    details = {"migrate": f"{__name__}:rename_width"} if migrate and version > 1 else {}
    sys.modules["pellucid_saving_witness"] = plugin(
        lambda registry: registry.layer("wide", f"{__name__}:Widened", summary="w", version=version, **details)
    )
    sys.modules.setdefault(__name__, sys.modules[Widened.__module__])
    return Registry(Plugins(lambda: [Claim("acme", "pellucid_saving_witness", GROUP, "pellucid-acme", "1.0")]))


@pytest.fixture
def written_by_version_1(tmp_path: Path) -> Path:
    path = tmp_path / "m.safetensors"
    with use_registry(registry_at(1)):
        pl.save(pl.build("acme/wide", units=3, input_shape=(2,), seed=0, backend="reference"), path)
        assert "version" not in read_header(path, "model").document["model"]["config"]

    def edit(document: dict) -> None:  # as version 1 wrote it
        document["model"]["config"]["width"] = document["model"]["config"].pop("units")

    return edited(path, edit)


def test_older_version_is_migrated(written_by_version_1: Path) -> None:
    with use_registry(registry_at(2)):
        model = pl.load(written_by_version_1, backend="reference")
        assert model.units == 3
        assert model.runtime.config["version"] == 2


def test_a_checkpoint_of_an_older_version_goes_on(tmp_path: Path) -> None:
    """Its settings are compared with the trainer's as the components of today write both."""
    path, (x, y) = tmp_path / "c.safetensors", small_data(40)

    def trainer() -> pl.Trainer:
        model = pl.build("acme/wide", units=3, input_shape=(6,), seed=0, backend="reference")
        return pl.Trainer(model, loss="softmax_cross_entropy", seed=0)

    with use_registry(registry_at(1)):
        halfway, whole = trainer(), trainer()
        halfway.fit(x, y, epochs=1, batch_size=16, verbose=False)
        save_checkpoint(halfway, path)
        whole.fit(x, y, epochs=2, batch_size=16, verbose=False)
    edited(path, lambda document: document["model"]["config"].update(width=document["model"]["config"].pop("units")))
    with use_registry(registry_at(2)):
        again = trainer()
        restore_checkpoint(again, path)
        again.fit(x, y, epochs=1, batch_size=16, verbose=False)
    assert everything(again) == everything(whole)


def test_version_without_migration_is_refused(written_by_version_1: Path) -> None:
    with use_registry(registry_at(2, migrate=False)), pytest.raises(pl.CheckpointError, match="cannot migrate it"):
        pl.load(written_by_version_1, backend="reference")


def test_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with use_registry(registry_at(3)):
        pl.save(pl.build("acme/wide", units=3, input_shape=(2,), seed=0, backend="reference"), path)
    expected = r"version 3 of acme/wide.*Upgrade pellucid-acme"
    with use_registry(registry_at(2)), pytest.raises(pl.CheckpointError, match=expected):
        pl.load(path, backend="reference")
