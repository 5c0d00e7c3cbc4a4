"""The table of docs/explained.md: of every component, what the glass box says of the steps that it is part of.

``python -m tests.glassbox.table`` prints it; it takes some minutes.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.glassbox.every import Case, cases, implementations

CELLS = 1000
TOLERANCE = 1e-6
"""``|total − value| ≤ 1e-6 · max(1, |value|, Σ|terms|)``."""
LEFT_OUT = {
    "core/moving": "needs a model of two parts: tests/glassbox/test_players.py",
    "core/masked": "needs a model that takes a mask: tests/glassbox/test_players.py",
    "core/transposed": "is part of ae/autoencoder",
    "diffusion/embedding": "an example of one input of shape () is left out",
}
"""Components, or examples of them, that no training of their own is made for, and why."""


@dataclass
class Row:
    """What was found of a component.

    Attributes:
        ways: how many cells were explained by an equation, by code run again, by measured derivatives; were data,
            drawn or set; of how many the code is named and what it was given.
        worst: the largest ``|total − value| / max(1, |value|, Σ|terms|)``.
        wrong: cells beyond the tolerance.
        certified, replayed: what certificate and replay said, of each example.
    """

    ways: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0
    wrong: list[str] = field(default_factory=list)
    certified: list[bool] = field(default_factory=list)
    replayed: list[bool] = field(default_factory=list)


def way(why: Any) -> str:
    """By what a Why explains its cell."""
    if why.measured:
        return "measured"
    if why.equation is not None:
        return "equation"
    if why.note.startswith("by the code"):
        return "code"
    if why.note.startswith("made by the code"):
        return "named"
    return "code" if why.parents else "given"  # put aside by code, in another shape


def _is_computed(trace: Any, name: str) -> bool:
    """Whether numbers were computed, and are no data, memory of before, random number or rate."""
    first = trace.quantity(trace.quantity(name).same or name)
    return bool(first.origin in ("recorded", "equation") and trace[name].size and trace[name].dtype.kind == "f")


def look(row: Row, case: Case, cells: int, *, prove: bool = True) -> None:
    """Ask why at random cells of all quantities of a second step, and have it certified and replayed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        case.trainer.train_step(*case.batch)
        trace = case.trainer.trace_step(*case.batch)
    rng = np.random.default_rng(0)
    names = [name for name in trace.names() if _is_computed(trace, name)]
    for k in range(cells):
        name = names[k] if k < len(names) else names[int(rng.integers(len(names)))]
        name = trace.quantity(name).same or name
        cell = tuple(int(rng.integers(n)) for n in trace[name].shape)
        why = trace.why(name, cell)
        row.ways[way(why)] += 1
        if why.adds:
            error = abs(why.total - why.value) / max(1.0, abs(why.value), sum(abs(term.value) for term in why.terms))
            row.worst = max(row.worst, error)
            if not error <= (TOLERANCE if not why.measured else 1e-3):
                row.wrong.append(
                    f"{case.label}: {name}{list(cell)} is {why.value!r}, its terms add up to {why.total!r}"
                )
    if prove:
        row.replayed.append(trace.replay().same)
        row.certified.append(trace.certify(cells=100).passed)


def rows(
    cells: int = CELLS, only: str = "", dtype: str = "float32", *, prove: bool = True
) -> dict[tuple[str, str], Row]:
    """A row for each component."""
    found: dict[tuple[str, str], Row] = defaultdict(Row)
    several = Counter((case.kind, case.name) for case in cases(only, dtype))
    for case in cases(only, dtype):
        key = case.kind, case.name
        look(found[key], case, -(-cells // several[key]), prove=prove)
    return found


def told(found: dict[tuple[str, str], Row]) -> Iterator[str]:
    """The table as Markdown."""
    columns = "component", "cells", "by equation", "by code", "measured", "code named", "worst error"
    yield f"| {' | '.join((*columns, 'certificate', 'replay'))} |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for (kind, name), row in found.items():
        ways = [str(row.ways[w]) for w in ("equation", "code", "measured", "named")]
        proofs = ["yes" if all(each) else f"{sum(each)} of {len(each)}" for each in (row.certified, row.replayed)]
        cells = [f"{kind} `{name}`", f"{row.ways.total():,}", *ways, f"{row.worst:.1e}", *proofs]
        yield f"| {' | '.join(cells)} |"


def names() -> list[tuple[str, str]]:
    """All components that have to be in the table."""
    return [(kind, name) for kind, name, _ in implementations()]


if __name__ == "__main__":
    table = rows(int(sys.argv[1]) if len(sys.argv) > 1 else CELLS, sys.argv[2] if len(sys.argv) > 2 else "")
    print("\n".join(told(table)))
    print("\n".join(line for row in table.values() for line in row.wrong), file=sys.stderr)
