"""The pages on the maths leave no component out; tests/docs runs their snippets."""

from __future__ import annotations

import re
from pathlib import Path

import pellucid as pl
import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "maths"
PAGES = sorted(FOLDER.glob("*.md"))
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_formulas_are_closed(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count("$$") % 2 == 0


@pytest.mark.parametrize("kind", ["layer", "loss", "optimizer", "schedule"])
def test_every_built_in_with_a_backward_of_its_own_is_derived(kind: str) -> None:
    containers = {"sequential", "residual", "parallel", "transposed"}  # loops over other layers
    ours = {name.removeprefix("core/") for name in pl.names(kind) if name.startswith("core/")} - containers
    missing = {name for name in ours if not re.search(rf"\b{name}\b", TEXT, flags=re.IGNORECASE)}
    assert not missing, f"docs/maths says nothing about: {', '.join(sorted(missing))}"
