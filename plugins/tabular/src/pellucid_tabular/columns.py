"""columns: the columns of a table as what a network takes, each by its kind; fitted on the training rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pellucid import (
    CheckpointError,
    ConfigError,
    DataError,
    Equation,
    Example,
    HostArray,
    PellucidWarning,
    Shape,
    Split,
    Transform,
    check_bool,
    check_columns,
    check_int,
    listed,
    read,
)

from pellucid_tabular.dataset import read_like
from pellucid_tabular.dates import CIRCLE, calendar, waves
from pellucid_tabular.layout import FIRST, MISSING, UNKNOWN, Layout
from pellucid_tabular.raw import Reader
from pellucid_tabular.scaling import LARGEST
from pellucid_tabular.schema import Schema

SCALINGS: dict[str, dict[str, Any]] = {
    "robust": {"type": "tabular/robust"},
    "quantile": {"type": "tabular/quantile", "ties": 0.5},
    "standard": {"type": "core/standardize"},
}
BLOCK = 1 << 16
"""Numbers of a table that are made ready at a time: what a processor's cache holds."""
_BY_KIND = "it is put together from columns by their kinds; the scaling's own equations are held against its code"

_EXAMPLE = [
    {"name": "height", "kind": "number"},
    {"name": "city", "kind": "category", "categories": ["Oslo", "Rome"]},
    {"name": "born", "kind": "date"},
    {"name": "member", "kind": "boolean"},
]


class Columns(Transform):
    """A table as a network takes it: first numeric features, then one column for each category that holds its index.

    * Numbers, and of dates the days and the year, are scaled by ``scaling``; a missing one is the median of the
      training rows, and where ``marks`` has it, a feature of its own is 1, if any training row lacks the number: else
      it stays 0, for nothing can be learned of what it would mean.
    * Truth values become −1 and 1, and 0 where they are missing.
    * Of dates month, day of the week, day of the year, and where ``times`` has it the hour, become a sine and a cosine;
      both 0 where the date is missing.
    * Categories become indexes: 0 for a text that no training row has, or fewer than ``least`` of them; 1 for a missing
      one, if any training row lacks it, else 0; from 2 on the texts of the schema in their order.
    * Columns that the schema leaves out are left out, with a warning in ``fit`` that says why.

    Sizes follow from the arguments alone: :attr:`numbers` and :attr:`categories` are known before the fit.

    Args:
        columns: of the table in its order, as :meth:`Schema.to_config` writes them: names, kinds, texts of categories.
        targets: columns that are no features, written likewise: a table that has them, too, is read without them.
        scaling: ``"robust"``, :class:`Robust`; ``"quantile"``, :class:`Quantile` in which a value of n rows
            counts as √n; ``"standard"``, mean 0 and deviation 1.
        marks: names of numbers and dates of which some may be missing.
        times: names of dates with a time of day.
        one_hot: instead of its index, a feature for each index of a category but 0, 1 where it is that: 0 of
            :attr:`categories` are left then, and any layer can take it.
        least: training rows that a text needs for an index of its own.

    Shapes: (N, columns) in the coding of :class:`Schema` to float32 (N, numbers + categories).

    Raises:
        DataError: in ``apply``, a category's code that is none, a number that float32 cannot hold once it is
            standardised; in ``read``, a table with other columns.

    Source: Holzmüller et al., Better by Default, 2024 (scaling and clipping); Van Ness et al., The Missing Indicator
    Method, 2023 (marks of missing values).
    """

    takes_missing = True
    equations = (
        Equation("fill", r"m_j = \mathrm{median} \{x_{ij} \text{ that are not missing}\}",
                 why="which columns are numbers is the schema's to say; the tests hold it against numpy.nanmedian."),
        Equation("codes", r"c_j(t) = 0 \text{ if } \#\{i : x_{ij} = t\} < \text{least, else the index of } t",
                 why="a count of rows for every text; the tests hold it against scikit-learn's encoders."),
        Equation("marked", r"k_j = [\text{some } x_{ij} \text{ is missing}]",
                 why="which columns have a mark is an argument; the tests hold it against NumPy."),
        Equation("y", r"y = \big(s(x_{\text{numbers}}), \pm 1, \sin, \cos, k\,[x = \varnothing],"
                 r" c(x_{\text{texts}})\big)",
                 why=_BY_KIND),
    )  # fmt: skip
    symbols: ClassVar = {"fill": "fill", "codes": "codes", "marked": "marked"}
    examples = (
        Example({"columns": [{"name": name, "kind": "number"} for name in "abc"]}, ((3,),)),
        Example({"columns": _EXAMPLE, "marks": ["height"], "times": ["born"]}, (("int", 2, 4),)),
        Example({"columns": _EXAMPLE, "one_hot": True, "scaling": "standard", "least": 1}, (("int", 2, 4),)),
        Example({"columns": [{"name": name, "kind": "number"} for name in "abc"], "scaling": "quantile"}, ((3,),)),
    )
    fitted = ("fill", "codes", "marked")

    fill: HostArray | None = None
    codes: HostArray | None = None
    marked: HostArray | None = None

    def __init__(
        self, columns: Sequence[Mapping[str, Any]], *, targets: Sequence[Mapping[str, Any]] = (),
        scaling: Literal["robust", "quantile", "standard"] = "robust", marks: Sequence[str] = (),
        times: Sequence[str] = (), one_hot: bool = False, least: int = 2,
    ) -> None:  # fmt: skip
        if scaling not in SCALINGS:
            raise ConfigError(f"The 'scaling' of Columns must be one of {listed(SCALINGS)}. Received: {scaling!r}.")
        check_int(self, "least", least, "[1, inf)")
        check_bool(self, "one_hot", one_hot)
        self.columns = columns
        self.targets = targets
        self.scaling = scaling
        self.marks = marks
        self.times = times
        self.one_hot = one_hot
        self.least = least
        self.schema = Schema.from_config(columns)
        self._layout = Layout.of(self.schema, marks, times)
        self._reader = Reader(self.schema, Schema.from_config(targets).names)
        self._scaler: Transform | None = None
        self._width = self.numbers + len(self.categories)
        if not self._width:
            raise DataError(
                "Nothing is left of this table to learn from: "
                + listed(f"{column.name} ({column.why or 'left out'})" for column in self.schema.columns)
                + ". Give it columns that tell samples apart, or say of which kind they are: kinds={name: 'category'}."
            )

    @property
    def numbers(self) -> int:
        """How many numeric features it gives; they stand before the categories."""
        return len(self._layout.names) + (int((self._layout.sizes - 1).sum()) if self.one_hot else 0)

    @property
    def categories(self) -> tuple[int, ...]:
        """How many indexes each of the last columns can hold; none where they are one-hot."""
        return () if self.one_hot else tuple(self._layout.sizes.tolist())

    @property
    def names_out(self) -> tuple[str, ...]:
        """The names of the columns that it gives."""
        layout = self._layout
        if not self.one_hot:
            return (*layout.names, *layout.category_names)
        return (
            *layout.names,
            *(
                f"{name} = {text}"
                for name, texts in zip(layout.category_names, layout.texts, strict=True)
                for text in ("missing", *texts)
            ),
        )

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of the columns of targets."""
        return self._reader.targets

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self._width,)

    def read(self, x: Any) -> HostArray | None:
        return self._reader(x)

    def read_file(self, path: Path, target: str | None = None, *, targets: bool = True) -> Split:
        """The samples of a file with the same table, with targets where it has them; the training file is not needed.

        Args:
            target: the column of targets, if this file calls it otherwise.
            targets: whether to read them; rows without one are left out then.

        Raises:
            DataError: another table; a cell that is not of its column's kind; a class that training did not know.
        """
        return read_like(path, self.columns, self.targets, target, with_targets=targets)

    # -- fitting -----------------------------------------------------------------------------------------------------

    def fit(self, x: HostArray) -> None:
        check_columns(self, x, (self._layout.width,))
        left_out = [column for column in self.schema.columns if column.kind == "left_out"]
        if left_out:
            warnings.warn(
                "Columns of the table are left out: "
                + "; ".join(f"{column.name} ({column.why})" if column.why else column.name for column in left_out)
                + ". To keep one, say of which kind it is: kinds = {name = 'category'}, of an estimator "
                "categorical_features = ['name'].",
                PellucidWarning, stacklevel=2,
            )  # fmt: skip
        values, _ = self._values(x)
        fill, scalers = np.zeros(values.shape[1]), []
        for j, column in enumerate(values.T):
            present = column[~np.isnan(column)]
            present = present if len(present) else np.zeros(1)
            fill[j] = np.median(np.clip(present, -LARGEST, LARGEST))  # the mean of two is a number
            scaler: Transform = read("transform", SCALINGS[self.scaling])
            scaler.fit(present[:, None])  # of values that are there: imputed ones would draw the quartiles together
            scalers.append(scaler.state())
        self.fill = fill
        self.codes = self._codes(x)
        self.marked = np.array(np.isnan(x[:, self._layout.marks]).any(axis=0), np.int64)
        self._scaler = self._restored(
            {name: np.concatenate([state[name] for state in scalers], axis=-1) for name in scalers[0]}
            if scalers else {}
        )  # fmt: skip

    def _codes(self, x: HostArray) -> HostArray:
        """Of every category one index for each slot: missing, unseen, and the texts."""
        parts = [np.zeros(0, np.int64)]
        every = _slots(x[:, self._layout.categories], self._layout.sizes, self._layout.category_names)
        for slots, size in zip(every.T, self._layout.sizes, strict=True):
            counts = np.bincount(slots, minlength=size)
            own = np.arange(size)
            own[0], own[1] = MISSING if counts[0] else UNKNOWN, UNKNOWN
            own[FIRST:][counts[FIRST:] < self.least] = UNKNOWN
            parts.append(own)
        return np.concatenate(parts)

    def state(self) -> dict[str, HostArray]:
        scaler = {} if self._scaler is None else self._scaler.state()
        return super().state() | {f"scaling_{name}": value for name, value in scaler.items()}

    def restore(self, arrays: Mapping[str, HostArray]) -> None:
        of_scaler = {n.removeprefix("scaling_"): v for n, v in arrays.items() if n.startswith("scaling_")}
        super().restore({name: value for name, value in arrays.items() if not name.startswith("scaling_")})
        layout, fill, codes = self._layout, self._learned("fill"), self._learned("codes")
        marked = self._learned("marked")
        scaled = len(layout.numbers) + 2 * len(layout.dates)
        sizes = np.repeat(layout.sizes, layout.sizes)
        good = fill.dtype.kind == "f" and fill.shape == (scaled,) and bool(np.isfinite(fill).all())
        good = good and codes.dtype.kind in "iu" and codes.shape == sizes.shape
        good = good and marked.dtype.kind in "iu" and marked.shape == layout.marks.shape
        if not good or not ((marked == 0) | (marked == 1)).all() or not ((codes >= 0) & (codes < sizes)).all():
            raise CheckpointError(
                f"The saved state of Columns must hold {scaled} finite numbers in 'fill', an index for each of "
                f"{len(sizes)} texts in 'codes', and 0 or 1 for each of {len(layout.marks)} marks in 'marked'. "
                f"Received: {fill.dtype} of shape {fill.shape}, {codes.dtype} of shape {codes.shape}, {marked.dtype} "
                f"of shape {marked.shape}. The file is damaged, or was written for another table."
            )
        self._scaler = self._restored(of_scaler)
        given = None if self._scaler is None else self._scaler.state()
        if given is not None and any(value.shape[-1:] != (scaled,) for value in given.values()):
            raise CheckpointError(
                f"The saved scaling of Columns must be of {scaled} columns. Received: "
                f"{listed(f'{name} of shape {value.shape}' for name, value in given.items())}. The file is damaged."
            )

    def _restored(self, state: Mapping[str, HostArray]) -> Transform | None:
        if not state and not len(self._layout.numbers) and not len(self._layout.dates):
            return None
        scaler: Transform = read("transform", SCALINGS[self.scaling])
        scaler.restore(state)
        return scaler

    # -- applying ----------------------------------------------------------------------------------------------------

    @np.errstate(under="ignore")
    def apply(self, x: HostArray) -> HostArray:
        fill = self._learned("fill")
        check_columns(self, x, (self._layout.width,))
        y = np.empty((len(x), self._width), np.float32)
        step = max(1, BLOCK // self._layout.width)
        for start in range(0, len(x), step):
            self._put(y[start : start + step], x[start : start + step], fill)
        return y

    def _put(self, y: HostArray, x: HostArray, fill: HostArray) -> None:
        """Fill y, rows of the result, from rows of the table."""
        layout, at = self._layout, 0

        def add(part: HostArray) -> None:
            nonlocal at
            y[:, at : at + part.shape[1]] = part
            at += part.shape[1]

        values, angles = self._values(x)
        if self._scaler is not None:
            absent = np.isnan(values)
            if absent.any():
                values = np.where(absent, fill, values)
            scaled = self._scaler.apply(values)
            if self.scaling == "standard":  # the others are bounded
                self._check_held(scaled, x)
            add(scaled)
        if len(layout.booleans):
            given = x[:, layout.booleans].astype(np.float64)
            wrong = ~(np.isnan(given) | (given == 0) | (given == 1))
            if wrong.any():
                raise _no_code(given, wrong, [self.schema.names[i] for i in layout.booleans], "0, 1 or NaN")
            add(np.where(np.isnan(given), 0.0, 2.0 * given - 1.0))
        if len(layout.dates):
            if len(layout.times):
                times = x[:, layout.dates[layout.times]].astype(np.float64)
                angles = np.concatenate((angles, CIRCLE * (times - np.floor(times))), axis=1)
            add(waves(angles))
        if len(layout.marks):
            add(np.isnan(x[:, layout.marks]) * self._learned("marked"))
        if len(layout.categories):
            slots = _slots(x[:, layout.categories], layout.sizes, layout.category_names)
            index = self._learned("codes")[slots + layout.first]
            if self.one_hot:
                y[:, at:] = 0.0
                row, column = np.nonzero(index)
                first = at + layout.first - np.arange(len(layout.first))  # each has a feature less than indexes
                y[row, first[column] + index[row, column] - 1] = 1.0
            else:
                add(index)

    def _check_held(self, scaled: HostArray, x: HostArray) -> None:
        """DataError if a scaled number is one that float32 cannot hold."""
        too_large = np.abs(scaled) > np.finfo(np.float32).max
        if too_large.any():
            row, j = (int(k) for k in np.argwhere(too_large)[0])
            column = [*self._layout.numbers, *self._layout.dates, *self._layout.dates][j]
            raise DataError(
                f"Column '{self.schema.names[column]}', row {row} (counted from 0): {x[row, column]} is so far from "
                "what the training rows hold that float32 has no number for it. Correct it, or train with scaling = "
                "'robust', which bounds what it gives."
            )

    def _values(self, x: HostArray) -> tuple[HostArray, HostArray]:
        """The columns that are scaled, float64: numbers, and of dates the days and the years; and the dates' angles."""
        layout = self._layout
        values: HostArray = x[:, layout.numbers].astype(np.float64, copy=False)
        if not len(layout.dates):
            return values, values[:, :0]
        days = x[:, layout.dates].astype(np.float64, copy=False)
        year, angles = calendar(days)
        return np.concatenate((values, days, year), axis=1), angles


def _slots(codes: HostArray, sizes: HostArray, names: Sequence[str]) -> HostArray:
    """Of coded categories (N, C) the places in their tables: 0 missing, 1 unseen, then the texts."""
    absent = np.isnan(codes)
    shifted = np.where(absent, 0.0, codes + 2.0)
    slots = shifted.astype(np.int64)
    wrong = (slots != shifted) | (slots < ~absent) | (slots >= sizes)
    if wrong.any():
        raise _no_code(codes, wrong, names, "the place of a text among the categories, -1 for another, or NaN")
    return slots


def _no_code(codes: HostArray, wrong: HostArray, names: Sequence[str], expected: str) -> DataError:
    row, column = (int(k) for k in np.argwhere(wrong)[0])
    return DataError(
        f"An array of numbers is taken for a coded table, and column '{names[column]}' holds no code in row {row} "
        f"(counted from 0). Expected: {expected}. Received: {codes[row, column]}. Give the table itself: a data frame, "
        "a list of rows, or a dict of columns."
    )
