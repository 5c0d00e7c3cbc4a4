"""Fixtures for the tests of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pellucid.registry.registry import Registry
from pellucid.standard import intact

from tests.fake_plugins import registry_of


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PELLUCID_PLUGINS", "PELLUCID_STRICT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(intact, "SLOW", 60.0)  # a machine that does other things; the hostile ones are told of it


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder to install plugins into."""
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


@pytest.fixture
def registry(site: Path) -> Iterator[Registry]:
    """The registry of what is installed in ``site`` by the time it is first used."""
    with registry_of(site) as made:
        yield made
