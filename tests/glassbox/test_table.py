"""Every component is in the table of docs/explained.md, and what the table says holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.glassbox.every import cases
from tests.glassbox.table import LEFT_OUT, Row, look, names, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explained.md"
ROW = re.compile(r"^\| (\w+) `([\w/]+)` \| ([\d,]+) \|(.*)\|$", re.MULTILINE)


def test_every_component_is_in_the_table() -> None:
    told = {(kind, name) for kind, name, *_ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    wanted = {(kind, name) for kind, name in names() if not name.startswith("acme/")}
    assert wanted - told <= {(kind, name) for kind, name in wanted if name in LEFT_OUT}, (
        "python -m tests.glassbox.table"
    )
    assert told <= wanted


@pytest.mark.parametrize("vendor", ["core", "ae", "ann", "cnn", "diffusion", "recurrent", "transformer", "vae"])
def test_some_cells_of_each_are_explained(vendor: str) -> None:
    seen = set()
    for case in cases(f"{vendor}/", "float32"):
        if (case.kind, case.name) not in seen:
            seen.add((case.kind, case.name))
            row = Row()
            look(row, case, 12, prove=False)
            assert not row.wrong, row.wrong


@pytest.mark.slow
@pytest.mark.parametrize("vendor", ["core", "ae", "ann", "cnn", "diffusion", "recurrent", "transformer", "vae"])
def test_what_the_table_says_holds(vendor: str) -> None:
    for (kind, name), row in rows(only=f"{vendor}/").items():
        assert not row.wrong, row.wrong
        assert all(row.certified), f"{kind} {name}: no certificate"
        assert all(row.replayed), f"{kind} {name}: another step when it is made again"
