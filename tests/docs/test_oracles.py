"""Every component is in the table of docs/oracles.md, or it is said why it has no oracle."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest

from benchmarks.oracles.__main__ import WITHOUT
from benchmarks.oracles.held import report, row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "oracles.md"
ROW = re.compile(r"^\| (\w+) `([\w/]+)` \| ([^|]+) \| ([\d,]+) \| ([\d.e+-]+) \|$", re.MULTILINE)
KINDS = ("layer", "loss", "metric", "optimizer", "schedule", "regularizer", "initializer")


def test_every_component_has_an_oracle_or_a_reason() -> None:
    told = {f"{kind} {name}" for kind, name, *_ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    there = {f"{kind} {name}" for kind in KINDS for name in pl.names(kind) if not name.startswith("acme/")}
    assert not there - told - WITHOUT.keys(), "python -m benchmarks.oracles"
    assert not WITHOUT.keys() & told and WITHOUT.keys() <= there
    others = {name for name in told if name.partition(" ")[0] in KINDS} - there
    assert not others, f"not there any more: {others}"


def test_the_page_counts_its_own_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = ROW.findall(text)
    total = sum(int(count.replace(",", "")) for *_, count, _ in rows)
    assert f"{len(rows)} components, {total:,} comparisons" in text


@pytest.mark.parametrize(
    ("theirs", "holds"), [(np.ones(3), True), (np.ones(3) + 1e-9, False), (np.full(3, np.nan), False)]
)
def test_a_difference_is_noticed(theirs: np.ndarray, holds: bool, capsys: pytest.CaptureFixture[str]) -> None:
    found = row("layer", "core/dense", "somebody", [(np.ones(3), np.ones(3)), (np.ones(3), theirs)])
    assert found.holds is holds and found.arrays == 2
    assert report([found]) == (not holds)
    assert capsys.readouterr().out.startswith("| layer `core/dense` | somebody | 2 |")
    assert not row("layer", "core/dense", "nobody", []).holds
