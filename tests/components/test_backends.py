"""Choosing a backend: by name, by the environment, by what is installed; and what is said when it cannot be."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError, PellucidWarning, PluginError
from pellucid.ops import backends, base, lookup
from pellucid.ops.backends import default_backend, get_ops
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.standard.ops.base import Ops, ReferenceOps
from pellucid.testing.registries import use_registry


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test looks for the backends anew."""
    monkeypatch.delenv("PELLUCID_BACKEND", raising=False)
    lookup.made.cache_clear()
    backends._best_installed.cache_clear()
    yield
    lookup.made.cache_clear()
    backends._best_installed.cache_clear()


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "pellucid.standard.ops.cython", None)
    with use_registry(Registry()):  # the one of this process may hold the class already
        yield


def test_by_name_one_instance_each() -> None:
    reference = get_ops("reference")
    assert isinstance(reference, ReferenceOps) and reference.name == "reference"
    assert get_ops("reference") is reference
    assert get_ops(reference) is reference
    assert Registry().names("backend")[:2] == ["core/cython", "core/reference"]
    assert repr(reference) == "<pellucid backend 'reference'>"
    assert reference.synchronize() is None


def test_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_BACKEND", " reference ")
    assert default_backend() == "reference"
    assert get_ops() is get_ops("reference")
    monkeypatch.setenv("PELLUCID_BACKEND", "refrence")
    expected = r"Unknown backend 'refrence'\. Did you mean 'reference'\? Known: .*cython, reference.*_BACKEND"
    with pytest.raises(ConfigError, match=expected):
        get_ops()


def test_a_backend_of_a_distribution_that_is_not_installed() -> None:
    expected = r"Unknown backend 'cupy'\. It comes with pellucid-cupy.*pip install \./plugins/cupy\..*Known: cython"
    with use_registry(Registry(Plugins(list))), pytest.raises(ConfigError, match=expected):
        get_ops("cupy")


def test_without_kernels_the_reference_is_used_and_says_so_once(uncompiled: None) -> None:
    with pytest.warns(
        PellucidWarning, match=r"'reference' backend, which is.*slower.*remedied, reinstall.*--no-cache-dir"
    ):
        assert get_ops().name == "reference"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert get_ops().name == "reference"
        assert default_backend() == "reference"


def test_the_reason_given_is_what_the_build_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(kind: str, name: str) -> None:
        try:
            try:
                raise ImportError("No module named 'native'")
            except ImportError as bare:
                raise ImportError("building them failed: fatal error: Python.h") from bare
        except ImportError as told:
            raise PluginError("It cannot be imported.") from told

    monkeypatch.setattr(lookup, "create", cannot)
    with pytest.raises(ConfigError, match=r"fatal error: Python\.h") as caught:
        get_ops("cython")
    assert "C compiler" not in str(caught.value)


def test_kernels_asked_for_and_missing_is_an_error(uncompiled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"'cython' cannot be imported.*PELLUCID_BACKEND=reference"):
        get_ops("cython")
    monkeypatch.setenv("PELLUCID_BACKEND", "cython")
    with pytest.raises(ConfigError, match="'cython' cannot be imported"):
        get_ops()


def test_choosing_the_reference_is_silent(uncompiled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_BACKEND", "reference")
    assert get_ops().name == "reference"


class Doubling(Ops):
    """A stranger's backend: the abstract methods and one op of its own."""

    name = "doubling"
    xp = np

    def address(self, a: np.ndarray) -> int:
        return int(a.ctypes.data)

    def scale(self, out: np.ndarray, factor: float) -> None:
        out *= 2 * factor


def test_a_plugins_backend_by_its_registered_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"acme/doubling": Doubling, "acme/nonsense": dict}
    monkeypatch.setattr(lookup, "create", lambda kind, name: made[name]())
    found = SimpleNamespace(find=lambda kinds, name: SimpleNamespace(name=name))
    monkeypatch.setattr(lookup, "default_registry", lambda: found)
    assert get_ops("acme/doubling") is get_ops("acme/doubling")
    assert isinstance(get_ops("acme/doubling"), Doubling)
    with pytest.raises(ConfigError, match=r"Backend 'acme/nonsense' must be a subclass of .*Received: {}"):
        get_ops("acme/nonsense")


def test_a_short_name_and_a_whole_one_name_the_same_backend() -> None:
    assert get_ops("core/reference") is get_ops("reference")


def test_plugin_kernels_are_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "find_op", lambda name, ops: lambda: (name, ops.name))
    assert get_ops("reference").op("cnn/conv2d")() == ("cnn/conv2d", "reference")


def test_copies_and_pickles_share_the_backend() -> None:
    reference = get_ops("reference")
    assert copy.deepcopy(reference) is reference
    assert pickle.loads(pickle.dumps(reference)) is reference
    unregistered = Doubling()
    assert copy.deepcopy(unregistered) is unregistered
    with pytest.raises(ConfigError, match="Unknown backend 'doubling'"):
        pickle.loads(pickle.dumps(unregistered))


def test_strangers_may_subclass_ops() -> None:
    ops = get_ops(Doubling())
    out = ops.zeros((2,), "float64")
    ops.fill(out, 1.5)
    ops.scale(out, 1.0)
    assert out.tolist() == [3, 3]
    with pytest.raises(TypeError, match="abstract"):
        Ops()  # type: ignore[abstract]
