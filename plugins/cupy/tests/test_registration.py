"""The backend is found by the hook, as a stranger's would be, and says what it lacks."""

from __future__ import annotations

import sys

import pytest
from pellucid import ConfigError, Ops, get_ops
from pellucid.ops import lookup
from pellucid.registry.registry import Registry, default_registry
from pellucid_cupy.availability import VERIFIED


def test_its_manifest_registers_backends_and_nothing_else() -> None:
    entries = Registry().plugins.load("cupy").entries
    assert {kind for kind, _ in entries} == {"backend"}
    assert {name for _, name in entries} == {"cupy", "tf32", "bfloat16"}
    for entry in entries.values():
        assert issubclass(Registry().load(entry), Ops)
    assert {"cupy/cupy", "cupy/tf32"} <= set(default_registry().names("backend"))


@pytest.mark.parametrize("name", ["cupy", "cupy/cupy", "cupy/tf32"])
def test_without_cupy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    lookup.made.cache_clear()
    with pytest.raises(ConfigError, match=r"needs CuPy.*pip install 'pellucid-cupy\[cuda12\]' or .*\[cuda13\]"):
        get_ops(name)
    lookup.made.cache_clear()


def test_what_has_passed_is_listed_by_name() -> None:
    registered = {"cupy" if name == "cupy" else f"cupy/{name}" for _, name in Registry().plugins.load("cupy").entries}
    assert registered > VERIFIED
