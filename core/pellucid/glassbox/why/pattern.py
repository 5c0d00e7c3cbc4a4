"""Pattern: what the terms of a long sum have in common, ``x[k,3]·dz[k,7]`` for k = 0 … 127."""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.glassbox.why.expr import NOT_TRIED, Expr

LETTERS = "kijlmnt"
MOST_NODES = 40
"""Parts of a term whose pattern is looked for: what is longer is no pattern that one would read."""


class Pattern:
    """A term of a sum in which the indices that change from term to term are letters.

    Attributes:
        example: the first term.
        letters: those that run.
        ranges: from where to where each runs.
    """

    def __init__(
        self, example: Expr, letters: list[str], ranges: list[range], names: dict[int, tuple[str, ...]]
    ) -> None:  # fmt: skip
        self.example = example
        self.letters = letters
        self.ranges = ranges
        self._names = names

    def index(self, expr: Expr) -> tuple[str, ...]:
        """The index of a cell of the example, with letters."""
        return self._names.get(id(expr), tuple(map(str, expr.index)))


def pattern_of(total: Expr) -> Pattern | None:
    """The pattern of the terms of a sum; None where they are built differently or no letters describe them."""
    if total.pattern is NOT_TRIED:
        total.pattern = _pattern_of(total.args)
    return total.pattern


def _pattern_of(terms: Sequence[Expr]) -> Pattern | None:
    columns = _leaves(terms)
    if columns is None:
        return None
    symbols = {cells[0].symbol for cells in columns}
    letters = [letter for letter in LETTERS if letter not in symbols]  # k stands for one thing
    runs: list[tuple[tuple[int, ...], str]] = []
    names: dict[int, tuple[str, ...]] = {}
    for cells in columns:
        if cells[0].op == "number":
            if any(cell.value != cells[0].value for cell in cells):
                return None
            continue
        words = []
        for axis in zip(*(cell.index for cell in cells), strict=True):
            words.append(_word(axis, runs, letters))
        known = names.get(id(cells[0]))
        if known is not None and known != tuple(words):
            return None  # one part of the first term stands for parts that differ later
        names[id(cells[0])] = tuple(words)
    if not runs or len(runs) > len(letters):
        return None
    ranges = []
    for values, _ in runs:
        if sorted(set(values)) != list(range(min(values), max(values) + 1)):
            return None
        ranges.append(range(min(values), max(values) + 1))
    if len(set(zip(*(values for values, _ in runs), strict=True))) != len(terms) or _size(ranges) != len(terms):
        return None  # not every combination, exactly once
    return Pattern(terms[0], [letter for _, letter in runs], ranges, names)


def _size(ranges: list[range]) -> int:
    size = 1
    for each in ranges:
        size *= len(each)
    return size


def _word(axis: tuple[int, ...], runs: list[tuple[tuple[int, ...], str]], letters: list[str]) -> str:
    """One coordinate of the cells of all terms: a number, a letter, or a letter and a distance."""
    if axis.count(axis[0]) == len(axis):
        return str(axis[0])
    for values, letter in runs:
        away = axis[0] - values[0]
        if all(a - v == away for a, v in zip(axis, values, strict=True)):
            return letter + (f"+{away}" if away > 0 else f"−{-away}" if away else "")
        if all(a + v == axis[0] + values[0] for a, v in zip(axis, values, strict=True)):
            return f"{axis[0] + values[0]}−{letter}"
    runs.append((axis, letters[len(runs) % len(letters)]))
    return runs[-1][1]


def _leaves(terms: Sequence[Expr]) -> list[list[Expr]] | None:
    """The ends of the terms, those at the same place together; None if the terms are not built alike."""
    columns: list[list[Expr]] = []
    pending: list[list[Expr]] = [list(terms)]
    seen = 0
    while pending:
        column = [_shown(expr) for expr in pending.pop()]
        first = column[0]
        seen += 1
        if seen > MOST_NODES or any(e.op != first.op or len(e.args) != len(first.args) for e in column):
            return None
        if not first.args:
            if first.op == "cell" and any(e.symbol != first.symbol or e.quantity != first.quantity for e in column):
                return None
            columns.append(column)
        else:
            if all(e is first for e in column):
                continue  # the same part in every term, such as a mean
            pending += [[e.args[i] for e in column] for i in range(len(first.args) - 1, -1, -1)]
    return columns


def _shown(expr: Expr) -> Expr:
    while expr.op == "choose":
        expr = expr.args[0]
    return expr
