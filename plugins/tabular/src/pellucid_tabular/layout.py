"""Layout: which columns of a coded table become which features, known from the schema alone, before any fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pellucid import ConfigError, HostArray, did_you_mean, listed

from pellucid_tabular.schema import Schema

UNKNOWN, MISSING, FIRST = 0, 1, 2
"""Indexes of a category: not seen in training or too rare, missing, and the first of the texts."""
CYCLES = ("month", "day of week", "day of year")
"""Parts of a date that come round again; each is a sine and a cosine."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Places of columns in a coded table, by what becomes of them, in the order of the features; arrays, which index
    faster than tuples do.

    Attributes:
        numbers, booleans, dates, categories: columns of these kinds.
        times: of ``dates`` those with a time of day, by their place among them.
        marks: columns whose missing values are marked.
        names: of the numeric features.
        sizes: how many indexes each category has; ``first``: how many those before it have.
        texts: what each category's indexes from ``FIRST`` on stand for.
        width: columns of the coded table.
    """

    numbers: HostArray
    booleans: HostArray
    dates: HostArray
    times: HostArray
    marks: HostArray
    categories: HostArray
    names: tuple[str, ...]
    category_names: tuple[str, ...]
    sizes: HostArray
    first: HostArray
    texts: tuple[tuple[str, ...], ...]
    width: int

    @classmethod
    def of(cls, schema: Schema, marks: Sequence[str], times: Sequence[str]) -> Layout:
        """The layout of a table.

        Raises:
            ConfigError: ``marks`` or ``times`` name no column that can have any.
        """
        by_kind: dict[str, list[int]] = {}
        for i, column in enumerate(schema.columns):
            by_kind.setdefault(column.kind, []).append(i)
        numbers, booleans, dates, categories = (
            tuple(by_kind.get(kind, ())) for kind in ("number", "boolean", "date", "category")
        )
        marked = _places("marks", marks, schema, (*numbers, *dates))
        timed = _places("times", times, schema, dates)
        called = schema.names
        names = [called[i] for i in numbers]
        names += [f"{called[i]}: {part}" for part in ("days", "year") for i in dates]
        names += [called[i] for i in booleans]
        for part in CYCLES:
            names += [f"{called[i]}: {part}, {wave}" for i in dates for wave in ("sine", "cosine")]
        names += [f"{called[i]}: hour, {wave}" for i in timed for wave in ("sine", "cosine")]
        names += [f"{called[i]}: missing" for i in marked]
        texts = tuple(schema.columns[i].categories for i in categories)
        sizes = np.array([FIRST + len(of) for of in texts], np.int64)
        return cls(
            numbers=_array(numbers), booleans=_array(booleans), dates=_array(dates),
            times=_array([dates.index(i) for i in timed]), marks=_array(marked), categories=_array(categories),
            names=tuple(names), category_names=tuple(called[i] for i in categories), sizes=sizes,
            first=np.cumsum(sizes) - sizes, texts=texts, width=len(called),
        )  # fmt: skip


def _array(places: Sequence[int]) -> HostArray:
    return np.array(places, np.intp)


def _places(argument: str, names: Sequence[str], schema: Schema, among: Sequence[int]) -> tuple[int, ...]:
    """The places of columns that an argument names, in the order of the table."""
    known = {schema.names[i]: i for i in among}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"The '{argument}' of Columns must name columns that can have them: {listed(known)}. Received: "
                f"{name!r}.{did_you_mean(str(name), known)}"
            )
    return tuple(sorted({known[name] for name in names}))
