"""How another table writes the numbers of columns that are known: as the training table did, or by another rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pellucid import DataError

from pellucid_tabular.cells import NUMBERS, as_numbers, cleaned
from pellucid_tabular.column import Column, Place, row_from_0
from pellucid_tabular.slow import pl

PLAIN = "0.5"


def as_written(
    columns: Sequence[Column], cells: Mapping[str, pl.Series], where: str, place: Place = row_from_0, *,
    semicolons: bool = False,
) -> tuple[Column, ...]:  # fmt: skip
    """The columns, with numbers read as this table writes them.

    Where all texts are numbers as the training table wrote them, so they are read. Where some column has others, this
    table was written by other rules; the sign that stands before decimals there holds for the whole table, so that
    1,234 beside 0,5 is little more than 1, and beside 0.5 more than a thousand.

    Args:
        columns: as the training table had them.
        cells: of this table, as :func:`pellucid_tabular.frames.columns_of` gives them.
        semicolons: whether they separate the fields: then a comma stands before decimals, where nothing else tells.

    Raises:
        DataError: a column may be read in two ways, and nothing tells which.
    """
    texts = {
        column.name: cleaned(cells[column.name].cast(pl.String), column.missing)
        for column in columns
        if column.kind == "number" and column.name in cells and cells[column.name].dtype in (pl.String, pl.Categorical)
    }
    known = {column.name: column.written or PLAIN for column in columns}
    others = {name: numbers_in(own) for name, own in texts.items() if not _fits(own, known[name])}
    others = {name: ways for name, ways in others.items() if ways}  # of what fits none the cell is told elsewhere
    if not others:
        return tuple(columns)
    signs = [{_sign(written) for written in ways} for ways in others.values()]
    common = set.intersection(*signs)
    if len(common) > 1:  # columns that are written as they were may tell, too: 1.5 has its point before decimals
        own_signs = [{_sign(way) for way in numbers_in(own)} for name, own in texts.items() if name not in others]
        told = set[str]().union(*(its for its in own_signs if len(its) == 1))
        common = common & told if len(told) == 1 and common & told else common
    if len(common) > 1 and semicolons and all("0,5" in ways for ways in others.values()):
        common = {","}
    found = dict[str, str]()
    for name, own in texts.items():
        ways = others.get(name, [])
        if name not in others:
            if len(common) != 1 or _sign(known[name]) in common or not _has_sign(own):
                continue
            ways = [written for written in numbers_in(own) if _sign(written) in common]
        elif common:
            ways = [written for written in ways if _sign(written) in common]
        if len({_sign(written) for written in ways}) > 1:
            row = int(own.str.contains("[.,]").arg_true()[0])
            raise DataError(
                f"{where}, {place(row)}, column '{name}': expected a number written as {known[name]!r}, as in the "
                f"training table. Received: {own[row]!r}, whose sign may stand before decimals or between thousands, "
                "and no cell of this table tells. Write the numbers as the training table does."
            )
        if ways:
            found[name] = "" if ways[0] == PLAIN else ways[0]
    return tuple(replace(column, written=found[column.name]) if column.name in found else column for column in columns)


def numbers_in(texts: pl.Series) -> list[str]:
    """In which ways all of these texts are numbers."""
    different = texts.drop_nulls().unique()
    return [written for written in NUMBERS if _fits(different, written)]


def _fits(texts: pl.Series, written: str) -> bool:
    if written == PLAIN:
        return as_numbers(texts).null_count() == texts.null_count()
    return bool(texts.str.contains(NUMBERS[written]).all())


def _sign(written: str) -> str:
    return written[-2]


def _has_sign(texts: pl.Series) -> bool:
    return bool(texts.str.contains("[.,]").any())
