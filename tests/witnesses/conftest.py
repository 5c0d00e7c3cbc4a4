"""The sample package, whose layers the witnesses put into models that do not know them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pellucid.registry.discovery import find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry

from tests.fake_plugins import claim

SAMPLE = Path(__file__).resolve().parents[1] / "sample_plugin" / "src"


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sample package beside the installed ones, as an installer would leave it."""
    claim(tmp_path, "acme", "pellucid_acme", group="pellucid.v1", distribution="pellucid-acme", version="1.0")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(SAMPLE))
    with use_registry(Registry(Plugins(lambda: find_claims(sys.path)))):
        yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "pellucid_acme"]:
        del sys.modules[name]
