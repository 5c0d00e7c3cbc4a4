"""The core registers what it has, all of it, under the right kind."""

from __future__ import annotations

import inspect
import pkgutil
from abc import ABC
from importlib import import_module
from pathlib import Path

import pellucid
import pytest
from pellucid import standard
from pellucid.basics.component import Component
from pellucid.registry.manifest import KINDS, Entry
from pellucid.registry.plugins import CORE
from pellucid.registry.registry import Registry
from pellucid.standard.ops.base import Ops

REGISTRY = Registry()
ENTRIES = list(REGISTRY.plugins.load(CORE).entries.values())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}:{entry.name}")
def test_an_entry_names_a_documented_class_of_its_kind(entry: Entry):
    implementation = REGISTRY.load(entry)
    assert inspect.getdoc(implementation)
    assert entry.summary
    assert not inspect.isabstract(implementation)
    assert issubclass(implementation, Ops) if entry.kind == "backend" else implementation.kind == entry.kind
    if entry.kind != "backend":
        assert REGISTRY.entry_of(implementation) == entry


def test_every_component_of_the_core_is_registered():
    registered = {entry.target for entry in ENTRIES}
    for module in pkgutil.walk_packages(standard.__path__, "pellucid.standard."):
        for name, value in vars(import_module(module.name)).items():
            own = inspect.isclass(value) and value.__module__ == module.name and issubclass(value, Component)
            if own and ABC not in value.__bases__:
                assert f"{module.name}:{name}" in registered


def test_all_kinds_have_a_method_for_registering_them():
    from pellucid.registry.manifest import Registrar

    registrar = Registrar("acme")
    assert all(callable(getattr(registrar, kind)) for kind in KINDS)


def test_the_version_stands_in_one_place_only():
    from importlib.metadata import version

    assert pellucid.__version__ == version("pellucid")


def test_a_source_tree_that_is_not_installed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from importlib import reload

    from pellucid.basics import version

    with monkeypatch.context() as patched:
        patched.setattr("sys.path", [str(tmp_path), str(tmp_path / "absent")])
        assert reload(version).__version__ == "0+uninstalled"
        (tmp_path / "pellucid-0.1.dev7+g1234567.dist-info").mkdir()
        assert reload(version).__version__ == "0.1.dev7+g1234567"
    assert reload(version).__version__ == pellucid.__version__


def test_public_names_and_their_annotations_agree():
    """The lazy table and the imports for type checkers say the same, and every name exists."""
    import ast

    tree = ast.parse(inspect.getsource(pellucid))
    checked = {
        (node.module, alias.name)
        for block in tree.body if isinstance(block, ast.If)
        for node in block.body if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }  # fmt: skip
    lazy = {(f"pellucid.{module}", name) for name, module in pellucid._HOME.items()}
    modules = {(f"pellucid.{place.partition('.')[0]}", name) for name, place in pellucid._SUBMODULES.items()}
    assert checked == lazy | modules
    assert sorted(pellucid.__all__) == sorted([*pellucid._SUBMODULES, *pellucid._HOME])
    for name in pellucid.__all__:
        assert getattr(pellucid, name) is not None
        assert name in dir(pellucid)


def test_a_misspelt_public_name_says_what_might_be_meant():
    with pytest.raises(AttributeError, match=r"module 'pellucid' has no attribute 'biuld'\. Did you mean 'build'\?"):
        pellucid.biuld  # noqa: B018


def test_a_class_is_found_by_a_registry_that_has_loaded_nothing():
    """Of the core and of its own package's plugin that is; of a class of nobody's no plugin is loaded."""
    for kind, name in (("layer", "dense"), ("loss", "mse"), ("callback", "ema")):
        implementation = REGISTRY.load(REGISTRY.find(kind, name))
        fresh = Registry()
        assert fresh.entry_of(implementation).name == f"core/{name}"
        assert fresh.entry_of(implementation) is fresh.entry_of(implementation)
    cnn = pytest.importorskip("pellucid_cnn")
    pooled = REGISTRY.load(REGISTRY.find("layer", "cnn/max_pool2d"))
    fresh = Registry()
    assert pooled.__module__.startswith(cnn.__name__) and fresh.entry_of(pooled).name == "cnn/max_pool2d"
    loaded = {vendor for vendor, plugin in fresh.plugins.found.items() if plugin.entries}
    assert {"core", "cnn"} <= loaded and "vae" not in loaded

    class Own(pellucid.Layer):
        """Of nobody's."""

    with pytest.raises(pellucid.ConfigError, match="is not registered, so a configuration cannot name it"):
        fresh.entry_of(Own)
