"""diff: where two traces part, in the order in which their numbers came to be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.checks import check_float
from pellucid.basics.errors import DataError
from pellucid.glassbox.asked import asked
from pellucid.glassbox.trace import Cell, Trace
from pellucid.saving.model import differences

SHOWN = 20
"""Rows of a table as it is printed; ``differing`` has them all."""
SETTINGS = ("step", "epoch", "total_steps", "seed", "sizes")


@dataclass(frozen=True)
class Differing:
    """One quantity of two traces that is not the same in both.

    Attributes:
        name: of the quantity.
        cell: where the two are furthest apart, with what they hold there, ``a`` and ``b``.
        difference: ``|a − b|`` there.
        relative: that over the largest number in either array.
        cells, of: how many cells differ, and of how many.
    """

    name: str
    cell: Cell
    a: Any
    b: Any
    difference: float
    relative: float
    cells: int
    of: int

    def __str__(self) -> str:
        apart = f"apart by {self.difference:.3g} ({self.relative:.2g} of the largest)"
        place = f"[{', '.join(map(str, self.cell))}]" if self.cell else ""
        return f"{self.name}{place}: {self.a:.9g} and {self.b:.9g}, {apart}"


@dataclass(frozen=True)
class Difference:
    """What :func:`diff` found. It is true where something differs; printed, it takes a few lines.

    Attributes:
        differing: the quantities that are in both and differ, in order of computation.
        compared: how many were compared.
        only_a, only_b: names that are in one of them.
        shapes: name -> the two shapes, where these differ.
        settings: what else differs: (name, that of a, that of b).
        tolerance: what was let pass.
    """

    differing: tuple[Differing, ...]
    compared: int
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    settings: tuple[tuple[str, Any, Any], ...]
    tolerance: float

    @property
    def first(self) -> Differing | None:
        """The first quantity, in order of computation, that differs."""
        return self.differing[0] if self.differing else None

    def __bool__(self) -> bool:
        return bool(self.differing or self.only_a or self.only_b or self.shapes)

    def __str__(self) -> str:
        lines = list(self._lines())
        return "\n".join(lines)

    def _lines(self) -> Iterator[str]:
        within = "" if self.tolerance == 0 else f" by more than {self.tolerance:g} of its largest number"
        if self.first is None:
            yield f"Of {self.compared} quantities that both have, none differs{within}."
        else:
            yield f"Of {self.compared} quantities that both have, {len(self.differing)} differ{within}. The first:"
            yield f"  {self.first}"
        if self.settings:
            told = [f"{name} {one!r:.40} and {other!r:.40}" for name, one, other in self.settings[:6]]
            yield "Settings differ: " + "; ".join(told) + (" …" if len(self.settings) > 6 else "")
        if len(self.differing) > 1:
            width = max(map(len, ("quantity", *(row.name for row in self.differing[:SHOWN]))))
            yield f"{'quantity':{width}}  {'relative':>8}  {'|a − b|':>8}  cells"
            for row in self.differing[:SHOWN]:
                yield f"{row.name:{width}}  {row.relative:8.2g}  {row.difference:8.2g}  {row.cells} of {row.of}"
            if len(self.differing) > SHOWN:
                yield f"… and {len(self.differing) - SHOWN} more: diff(a, b).differing has them all."
        for name, (one, other) in list(self.shapes.items())[:SHOWN]:
            yield f"Of other shapes: {name}, {one} and {other}"
        for which, names in (("first", self.only_a), ("second", self.only_b)):
            if names:
                more = f", … ({len(names)} in all)" if len(names) > 8 else ""
                yield f"Only in the {which}: {', '.join(names[:8])}{more}"


@asked
def diff(a: Trace, b: Trace, tolerance: float = 0.0) -> Difference:
    """Where two traces part: two seeds, two backends, two versions of a layer, the same step of two runs.

    Compared are the arrays that were given and recorded; what equations give of them differs only where they do. A
    quantity differs where ``max |a − b| > tolerance · max(|a|, |b|)``, the maxima over its cells. NaN equals NaN, and
    0 equals −0.

    Args:
        a, b: traces of one step or prediction each; ``a`` gives the order.
        tolerance: 0 tells every number apart; 1e-5 lets pass what two backends do.

    Raises:
        DataError: one of them is no trace.

    Example::

        print(pellucid.diff(one.trace_step(x, y), other.trace_step(x, y)))
    """
    for trace in (a, b):
        if not isinstance(trace, Trace):
            raise DataError(
                f"diff compares two traces, such as trainer.trace_step(x, y) gives. Received: {type(trace).__name__}."
            )
    check_float("diff", "tolerance", tolerance, "[0, inf)")
    both = [name for name in a.names() if name in b]
    found: list[Differing] = []
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    compared = 0
    for name in both:
        one, other = a.quantity(name), b.quantity(name)
        if one.origin == "equation" or other.origin == "equation" or one.array is None or other.array is None:
            continue
        compared += 1
        if one.array.shape != other.array.shape:
            shapes[name] = one.array.shape, other.array.shape
        elif one.same is None or one.same != other.same:
            row = _row(name, one.array, other.array, tolerance)
            if row is not None:
                found.append(row)
    return Difference(
        tuple(found), compared, tuple(n for n in a.names() if n not in b), tuple(n for n in b.names() if n not in a),
        shapes, tuple(differences(_settings(a), _settings(b))), float(tolerance),
    )  # fmt: skip


def _row(name: str, one: HostArray, other: HostArray, tolerance: float) -> Differing | None:
    with np.errstate(all="ignore"):
        unequal = (one != other) & ~((one != one) & (other != other))  # NaN is not equal to itself
        if not unequal.any():
            return None
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
        apart = np.where(unequal, np.where(np.isnan(apart), np.inf, apart), 0.0)
        sizes = np.abs(np.stack([one.astype(np.float64), other.astype(np.float64)]))
        largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
        cell = tuple(int(i) for i in np.unravel_index(int(np.argmax(apart)), one.shape))
        most = float(apart[cell])
        relative = most / largest if largest else np.inf
    if relative <= tolerance:
        return None
    return Differing(name, cell, one[cell], other[cell], most, float(relative), int(unequal.sum()), one.size)


def _settings(trace: Trace) -> dict[str, Any]:
    setting = trace.setting
    return {**{name: getattr(setting, name) for name in SETTINGS}, **setting.told}
