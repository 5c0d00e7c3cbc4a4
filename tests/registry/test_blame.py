"""What goes wrong in a plugin's code is said with the component and the package that it comes from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, DataError, PluginError
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry

from tests.fake_plugins import install

REGISTER = """
registry.layer("nothing", "{module}.m:Nothing", summary="")
registry.layer("loss", "{module}.m:L", summary="")
registry.layer("number", "{module}.m:NUMBER", summary="")
registry.layer("exits", "{module}.exits:Layer", summary="")
registry.backend("slow", "{module}.m:Nothing", summary="")
registry.backend("layer", "{module}.m:L", summary="")
registry.backend("made", "{module}.m:made", summary="")
registry.backend("unmade", "{module}.m:unmade", summary="")
registry.op("twice", reference="{module}.m:NUMBER", summary="")
registry.model("none", "{module}.m:none", summary="")
registry.model("raises", "{module}.m:raises", summary="")
registry.model("refuses", "{module}.m:refuses", summary="")
registry.layer("old", "{module}.m:raises", summary="", version=2, migrate="{module}.m:migrate")
registry.dataset("raises", "{module}.m:Raises", summary="")
"""
MODULE = """
from pellucid import Dataset, Loss
from pellucid.standard.ops.base import ReferenceOps

NUMBER = 3

class Nothing: ...

class L(Loss): ...

def none(): ...

def made():
    return ReferenceOps()

def unmade():
    return ReferenceOps

def raises():
    raise RuntimeError("bug")

def migrate(config, version):
    raise RuntimeError("bug")

def refuses(units: int = 3):
    raise ValueError("units must be even")

class Raises(Dataset):
    def __init__(self): ...

    def load(self, rng):
        return {}["bug"]
"""


@pytest.fixture(autouse=True)
def acme(site: Path, registry: Registry):
    install(site, "acme", REGISTER, modules={"m": MODULE, "exits": "import sys\nsys.exit(1)"})
    with use_registry(registry):
        yield


FROM = r"\(pellucid-acme 1\.0\)"


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("layer", "nothing", rf"The layer 'acme/nothing' {FROM} names plugin_acme\.m:Nothing, which"),
        ("layer", "nothing", r"Expected: a subclass of pellucid\.Layer\. Received: <class 'plugin_acme\.m\.Nothing'>"),
        ("layer", "acme/loss", r"Expected: a subclass of pellucid\.Layer\. Received: <class 'plugin_acme\.m\.L'>"),
        ("layer", "number", r"Expected: a class or a function\. Received: 3"),
        ("backend", "acme/slow", r"Expected: a subclass of pellucid\.Ops"),
        ("backend", "acme/layer", r"Expected: a subclass of pellucid\.Ops\. Received: <class 'plugin_acme\.m\.L'>"),
        ("op", "acme/twice", r"Expected: a function\. Received: 3"),
        ("layer", "exits", r"SystemExit: 1\. It comes from pellucid-acme 1\.0"),
    ],
)
def test_what_makes_nothing_of_its_kind_is_refused_when_loaded(registry: Registry, kind: str, name: str, message: str):
    with pytest.raises(PluginError, match=message):
        registry.load(registry.find(kind, name))


def test_a_function_that_returns_something_else_is_named():
    with pytest.raises(PluginError, match=rf"The model 'acme/none' {FROM} returned None\. Expected: a layer\."):
        pl.create("model", "acme/none")


def test_a_function_may_make_a_backend_as_it_may_make_any_component():
    assert pl.create("backend", "acme/made").name == "reference"
    with pytest.raises(PluginError, match=rf"The backend 'acme/unmade' {FROM} returned <class .*Expected: a backend\."):
        pl.create("backend", "acme/unmade")


def test_what_a_function_raises_is_its_packages_fault():
    said = rf"The model 'acme/raises' {FROM} raised RuntimeError: bug\. On the command line --debug shows where\."
    with pytest.raises(PluginError, match=said) as caught:
        pl.create("model", "acme/raises")
    assert isinstance(caught.value.__cause__, PluginError)
    assert isinstance(caught.value.__cause__.__cause__, RuntimeError)


def test_a_value_that_is_refused_is_the_users():
    with pytest.raises(ConfigError, match="units must be even"):
        pl.create("model", "acme/refuses")


def test_what_a_migration_raises_is_its_packages_fault():
    with pytest.raises(PluginError, match=rf"The migration of the layer 'acme/old' {FROM} raised RuntimeError: bug"):
        pl.create("layer", {"type": "acme/old", "version": 1})


def test_what_a_data_set_raises_is_its_packages_fault():
    with pytest.raises(PluginError, match=rf"The dataset 'acme/raises' {FROM} raised KeyError: 'bug'") as caught:
        pl.load_dataset("acme/raises")
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_class_of_ones_own_raises_what_it_raises():
    class Own(pl.Dataset):
        def load(self, rng: np.random.Generator) -> pl.Split:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Own().splits()


def test_a_load_that_returns_something_else_is_told_what_to_return():
    class Pair(pl.Dataset):
        def load(self, rng: np.random.Generator) -> pl.Split:
            return np.zeros((4, 2)), np.zeros(4)  # type: ignore[return-value]

    with pytest.raises(DataError, match=r"Pair\.load: expected a pellucid\.Split, .* Received: tuple\."):
        Pair().splits()
