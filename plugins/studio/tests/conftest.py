"""A browser and a studio for the tests of a module. Where there is no browser, they are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from plugins.studio.tests.studio_process import Studio, started
from tests.glassbox.browsing import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the studio of this module's tests answers."""
    with started(folder=tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture
def studio(browser: Any, address: str) -> Iterator[Studio]:
    """A page of it, with half moons."""
    studio = Studio(browser, address)
    studio.preset("Half moons")
    yield studio
    studio.close()
