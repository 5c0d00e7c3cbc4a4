"""The pages on the maths cannot lie: their snippets run, their links lead somewhere, and no component is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pellucid as pl
import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "maths"
PAGES = sorted(FOLDER.glob("*.md"))
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_run_and_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for snippet in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(snippet, str(page), "exec"), {})
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / link).exists(), link
    assert text.count("$$") % 2 == 0


@pytest.mark.parametrize("kind", ["layer", "loss", "optimizer", "schedule"])
def test_every_built_in_with_a_backward_of_its_own_is_derived(kind: str) -> None:
    containers = {"sequential", "residual", "parallel", "transposed"}  # loops over other layers
    ours = {name.removeprefix("core/") for name in pl.names(kind) if name.startswith("core/")} - containers
    missing = {name for name in ours if not re.search(rf"\b{name}\b", TEXT, flags=re.IGNORECASE)}
    assert not missing, f"docs/maths says nothing about: {', '.join(sorted(missing))}"
