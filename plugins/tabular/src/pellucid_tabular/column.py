"""Column: what one column of a table is, and its cells as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from pellucid import ConfigError, DataError, HostArray

from pellucid_tabular.cells import as_days, as_numbers, canonical, cleaned, date_formats, in_days
from pellucid_tabular.slow import pl

Kind = Literal["number", "category", "boolean", "date", "left_out"]
KINDS: tuple[str, ...] = get_args(Kind)
UNSEEN = -1.0
"""The code of a text that is no category of the training table."""

Place = Callable[[int], str]
"""Where a row of a table is to be found, for messages."""


def row_from_0(row: int) -> str:
    return f"row {row} (counted from 0)"


@dataclass(frozen=True)
class Column:
    """What one column holds, as the training table had it.

    Attributes:
        name: of the column in every table.
        kind: ``"number"``; ``"category"``, one of few texts; ``"boolean"``; ``"date"``, with a time of day or without;
            ``"left_out"``: nothing can be learnt from it.
        categories: the texts of a category, sorted; of a boolean the words for no and yes.
        why: how the kind was found out, in words.
        written: how cells that are texts are to be read: an example such as ``"1.234,5"`` for numbers
            (:data:`pellucid_tabular.cells.NUMBERS`), the format of dates; empty where they are plain.
        missing: texts that stand for a missing value; None: the usual ones (:data:`pellucid_tabular.cells.MARKS`).
    """

    name: str
    kind: Kind
    categories: tuple[str, ...] = ()
    why: str = ""
    written: str = ""
    missing: tuple[str, ...] | None = None

    def to_config(self) -> dict[str, Any]:
        """Plain JSON, without what is as usual."""
        config: dict[str, Any] = {"name": self.name, "kind": self.kind}
        for key in ("why", "written"):
            if getattr(self, key):
                config[key] = getattr(self, key)
        if self.categories:
            config["categories"] = list(self.categories)
        if self.missing is not None:
            config["missing"] = list(self.missing)
        return config

    @classmethod
    def from_config(cls, config: Any) -> Column:
        """The column that ``to_config`` wrote.

        Raises:
            ConfigError: another key, or a value of another type.
        """
        texts = {"name", "kind", "why", "written"}
        lists = {"categories", "missing"}
        if not isinstance(config, dict) or not {"name", "kind"} <= set(config) <= texts | lists:
            raise ConfigError(
                "A column of a table is a table with 'name' and 'kind', and 'categories', 'why', 'written', 'missing' "
                f"where it needs them. Received: {config!r:.200}."
            )
        for key, value in config.items():
            fits = isinstance(value, str) if key in texts else _are_texts(value)
            if not fits or (key == "kind" and value not in KINDS):
                expected = (
                    f"one of {', '.join(KINDS)}" if key == "kind" else "text" if key in texts else "a list of texts"
                )
                raise ConfigError(
                    f"The '{key}' of column {config['name']!r:.100} must be {expected}. Received: {value!r:.200}."
                )
        values: dict[str, Any] = {key: value if key in texts else tuple(value) for key, value in config.items()}
        return cls(**values)

    def coded(self, cells: pl.Series, where: str, place: Place = row_from_0) -> HostArray:
        """The cells as float64 (N,), NaN where one is missing.

        Args:
            cells: as :func:`pellucid_tabular.frames.columns_of` gives them.
            where, place: what messages call the table and its rows.

        Raises:
            DataError: a cell that is no number, no date, neither yes nor no; an infinite number.
        """
        if self.kind == "left_out":
            return np.full(len(cells), np.nan)
        if cells.dtype in (pl.String, pl.Categorical):
            cells = cleaned(cells.cast(pl.String), self.missing)
        elif cells.dtype == pl.Float64:
            cells = cells.fill_nan(None)
        codes = getattr(self, f"_{self.kind}")(cells)
        wrong = (codes.is_null() & cells.is_not_null()) if codes.has_nulls() else None
        if wrong is not None and wrong.any():
            row = int(wrong.arg_true()[0])
            more = f" So are {int(wrong.sum()) - 1:,} more cells of this column." if wrong.sum() > 1 else ""
            raise DataError(
                f"{where}, {place(row)}, column '{self.name}': expected {self._expected()}. Received: "
                f"{_shown(cells[row])}.{more} {self._remedy(cells[row])}"
            )
        array = np.array(codes.cast(pl.Float64).to_numpy(), np.float64)
        if np.isinf(array).any():
            row = int(np.flatnonzero(np.isinf(array))[0])
            raise DataError(
                f"{where}, {place(row)}, column '{self.name}': expected a finite number. Received: {array[row]}. "
                "Fill in the value, or leave the cell empty: then it is missing."
            )
        return array

    def _number(self, cells: pl.Series) -> pl.Series:
        if cells.dtype == pl.String:
            numbers = as_numbers(cells, self.written or "0.5")
            if self.written == "0,5":  # beside texts there may be numbers that a program wrote
                numbers = numbers.zip_with(numbers.is_not_null(), as_numbers(cells))
            return numbers
        return _nothing(cells) if cells.dtype.is_temporal() else cells.cast(pl.Float64)

    def _boolean(self, cells: pl.Series) -> pl.Series:
        if cells.dtype == pl.String:
            no, yes = self.categories or ("false", "true")
            known = {"false": 0.0, "true": 1.0, "0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0}
            known |= {no.lower(): 0.0, yes.lower(): 1.0}
            return _looked_up(cells.str.to_lowercase(), known, None)
        if cells.dtype.is_temporal():
            return _nothing(cells)
        numbers = cells.cast(pl.Float64)
        return numbers.set(~numbers.is_in([0.0, 1.0]), None) if cells.dtype != pl.Boolean else numbers

    def _date(self, cells: pl.Series) -> pl.Series:
        if cells.dtype.is_temporal():
            return in_days(cells)
        if cells.dtype != pl.String:
            return _nothing(cells)
        if self.written:
            days = as_days(cells, self.written)
            if (days.is_null() == cells.is_null()).all():
                return days
        different = cells.drop_nulls().unique()
        each = {text: self._day(text) for text in different}
        return _looked_up(cells, {text: day for text, day in each.items() if day is not None}, None)

    def _day(self, text: str) -> float | None:
        """One date, in the format of the column or in one that is written with the year in front."""
        one = pl.Series([text])
        formats = [self.written] if self.written else []
        for written in (*formats, *(form for form in date_formats(one) if form.startswith("%Y") or not self.written)):
            day = as_days(one, written)[0]
            if day is not None:
                return float(day)
        return None

    def _category(self, cells: pl.Series) -> pl.Series:
        texts = as_texts(cells)
        codes = {text: float(i) for i, text in enumerate(self.categories)}
        found = _looked_up(texts, codes, UNSEEN)
        if bool((found == UNSEEN).any()):
            unseen = texts.filter(found == UNSEEN).unique()
            plain = {text: canonical(text.replace(",", ".")) for text in unseen}
            by_value = {text: codes[number] for text, number in plain.items() if number in codes}
            if cells.dtype == pl.Boolean:
                by_value |= {
                    str(word): codes[text]
                    for text in codes
                    for word in (True, False)
                    if text.lower() == str(word).lower()
                }
            found = _looked_up(texts, codes | by_value, UNSEEN)
        return found

    def _expected(self) -> str:
        if self.kind == "boolean":
            no, yes = self.categories or ("false", "true")
            return f"{yes!r} or {no!r}"
        by = f" written as {self.written!r}" if self.written else ""
        return f"a {self.kind}{by}"

    def _remedy(self, cell: Any) -> str:
        if isinstance(cell, str):
            return (
                f"Correct the cell; or if {_shown(cell)} stands for a missing value, say so: "
                f"missing = [{cell!r:.40}]; or if the column holds texts, say categorical = [{self.name!r}]."
            )
        return "Give the column as it was in the table that the model was trained on."


def as_texts(cells: pl.Series) -> pl.Series:
    """What the cells say, as texts without spaces around them; whole numbers without a point."""
    if cells.dtype in (pl.String, pl.Categorical):
        return cells.cast(pl.String).str.strip_chars()
    if cells.dtype == pl.Float64:
        different = cells.fill_nan(None).drop_nulls().unique()
        said = pl.Series([canonical(repr(value)) for value in different.to_list()], dtype=pl.String)
        return cells.fill_nan(None).replace_strict(different, said, default=None, return_dtype=pl.String)
    if cells.dtype == pl.Boolean:
        return pl.Series([None if cell is None else str(cell) for cell in cells.to_list()], dtype=pl.String)
    return cells.cast(pl.String)


def _nothing(cells: pl.Series) -> pl.Series:
    return pl.repeat(None, len(cells), dtype=pl.Float64, eager=True)


def _looked_up(texts: pl.Series, codes: dict[str, float], default: float | None) -> pl.Series:
    if not codes:
        codes = {"\0": 0.0}  # polars wants one to know the types
    old, new = pl.Series(list(codes), dtype=pl.String), pl.Series(list(codes.values()), dtype=pl.Float64)
    found = texts.replace_strict(old, new, default=default, return_dtype=pl.Float64)
    return found.set(texts.is_null(), None)


def _shown(cell: Any) -> str:
    return repr(cell if len(str(cell)) <= 60 else str(cell)[:60] + "…")


def _are_texts(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(text, str) for text in value)
