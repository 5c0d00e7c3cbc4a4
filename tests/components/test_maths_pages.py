"""The pages on the maths leave no component out; tests/docs runs their snippets."""

from __future__ import annotations

import re
from pathlib import Path

import pellucid as pl
import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "maths"
PAGES = sorted(FOLDER.glob("*.md"))
VENDORS = ("core/", "cnn/", "recurrent/", "tabular/", "transformer/")
"""Whose components the pages derive one by one; other plugins' pages derive their objectives."""
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_formulas_are_closed(page: Path) -> None:
    assert page.read_text(encoding="utf-8").count("$$") % 2 == 0


@pytest.mark.parametrize("kind", ["layer", "loss", "optimizer", "schedule", "metric", "regularizer", "initializer"])
def test_everything_with_mathematics_of_its_own_is_derived(kind: str) -> None:
    made_of_layers = {  # their backward is a loop over other layers', or the tape's
        "core/sequential", "core/residual", "core/parallel", "core/transposed", "cnn/pixelwise", "cnn/residual_block",
        "cnn/mirror_average", "core/stack",
    }  # fmt: skip
    ours = {name for name in pl.names(kind) if name.startswith(VENDORS)} - made_of_layers
    names = {name.partition("/")[2] for name in ours}
    missing = {name for name in names if not re.search(rf"\b{name}\b", TEXT, flags=re.IGNORECASE)}
    assert not missing, f"docs/maths says nothing about: {', '.join(sorted(missing))}"
