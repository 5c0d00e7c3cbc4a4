"""table: samples in a table of one's own, a file as people have it or a data frame."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pellucid import (
    ConfigError,
    DataError,
    Dataset,
    Example,
    PellucidWarning,
    Split,
    Transform,
    as_count,
    check_bool,
    create,
    listed,
    read_several,
    to_config,
)

from pellucid_tabular.cells import cleaned, marks_of
from pellucid_tabular.choice import are_answers, proposals
from pellucid_tabular.column import Column, Place
from pellucid_tabular.frames import Columns, columns_of
from pellucid_tabular.kinds import Asked
from pellucid_tabular.known import Known
from pellucid_tabular.reading.content import USUAL
from pellucid_tabular.reading.dialect import COMMENTS, SEPARATORS
from pellucid_tabular.reading.file import Format, RawTable, read_file
from pellucid_tabular.reports import report
from pellucid_tabular.schema import Schema, column_number
from pellucid_tabular.slow import pl
from pellucid_tabular.targets import Target, decide_target, decide_targets
from pellucid_tabular.writing import numbers_in

_EXAMPLE = {
    "petals": [3, 5, 4, None] * 6, "colour": ["red", "blue", None] * 8, "size": [i / 4 for i in range(24)],
    "kind": ["rose", "tulip"] * 12,
}  # fmt: skip


class Table(Dataset):
    """Samples in a table: a file as people have it, or a data frame.

    Separator, quotes, header, encoding, comments and how numbers and dates are written are found out, and of each
    column its kind: numbers, one of few texts, truth values, dates; or that nothing can be learned from it. ``x`` is
    coded as :class:`pellucid_tabular.schema.Schema` says, with NaN where a value is missing; the proposed transform
    ``tabular/columns`` makes of it what a network likes. :meth:`decided` tells what was found out, and
    ``pellucid show-data`` prints it with the reasons.

    Targets that are texts, truth values or few whole numbers are classes, all others are numbers to be predicted; of
    several targets each is a number or a truth value. Rows without a target are left out, which is said.

    Args:
        train: the table to learn from: a file (.csv, .tsv, .txt, .data, .parquet, .feather, .arrow, also packed by
            gzip), relative to the working directory; or a frame of pandas, polars or pyarrow, a dict of columns, a list
            of rows.
        target: the column of targets, by name or by number from 0, below 0 from the end; or several in a list. None:
            there are none.
        validation, test: another table, or the part of ``train`` that is kept: a fraction or a number of rows. None:
            0.1; 0 where ``tabular/ensemble`` is proposed, whose members hold out rows of their own.
        classify: whether targets are classes; None finds out.
        categorical: columns that are categories whatever they look like, by name or number: integers that are codes.
        kinds: the kind of columns by their names: number, category, boolean, date, left_out.
        dates: how dates are written, by the names of their columns, as ``strftime`` has it: ``"%m/%d/%Y"``.
        missing: texts that stand for a missing value, besides the usual ones: empty, ?, NA, N/A, nan, null, None, -, ….
        not_missing: texts that do not, though they are among the usual ones.
        separator: of fields: a character, or comma, semicolon, tab, pipe, spaces.
        quote: the character around fields with a separator in them; ``""``: none.
        header: whether the first row holds names.
        encoding: of the text, as Python calls it.
        comment: what lines that are no rows begin with.
        decimal: what stands before decimals, ``"."`` or ``","``.
        target_columns: what the targets are, as :meth:`Column.to_config` writes it; none: that is found out.
        transforms: proposed to whoever trains; none: ``tabular/columns`` with a feature for each category, which holds
            what was found out about the columns. Given again, as from a run folder, it is what they are.
        target_transforms: proposed for targets that are numbers; the loss is then in their scaled unit, predictions and
            metrics are in that of the table.
    """

    examples = (
        Example({"train": _EXAMPLE, "target": "kind"}),
        Example({"train": _EXAMPLE, "target": "size", "categorical": ["petals"]}),
    )
    paths = ("train", "validation", "test")
    validation: Any
    test: Any

    def __init__(
        self, train: Any, *, target: str | int | Sequence[str | int] | None = None, validation: Any = None,
        test: Any = 0.2, classify: bool | None = None, categorical: Sequence[str | int] = (),
        kinds: Mapping[str, str] | None = None, dates: Mapping[str, str] | None = None, missing: Sequence[str] = (),
        not_missing: Sequence[str] = (), separator: str | None = None, quote: str | None = None,
        header: bool | None = None, encoding: str | None = None, comment: str | None = None,
        decimal: str | None = None, target_columns: Sequence[Mapping[str, Any]] = (),
        transforms: Sequence[Transform | str] = (),
        target_transforms: Sequence[Transform | str] = ("core/standardize",),
    ) -> None:  # fmt: skip
        for name, value in (("classify", classify), ("header", header)):
            if value is not None:
                check_bool(self, name, value)
        self._holds_out_itself = validation is None
        validation = 0.1 if validation is None else validation
        parts = {name: part for name, part in (("validation", validation), ("test", test)) if _is_part(part)}
        super().__init__(**parts, transforms=transforms)
        self.train, self.validation, self.test = train, validation, test
        self.target = target
        self.classify = classify
        self.categorical = categorical
        self.kinds, self.dates = kinds, dates
        self.missing, self.not_missing = missing, not_missing
        self.separator, self.quote, self.header = separator, quote, header
        self.encoding, self.comment, self.decimal = encoding, comment, decimal
        self.target_columns = target_columns
        self.target_transforms = target_transforms
        self._format.checked()
        self._known: Known | None = None
        self._ours: Sequence[Any] = ()  # transforms that were found out, and not given
        self._rows = 0

    def arguments(self) -> dict[str, Any]:
        given = super().arguments()
        return given | {"transforms": ()} if self.transforms is self._ours else given

    def load(self, rng: np.random.Generator) -> Split:
        where, raw = _called(self.train, "the training table"), self._read(self.train, None)
        at = self._targets_at(raw, where)
        names = list(raw.columns)
        of_y = {names[i]: raw.columns[names[i]] for i in at}
        of_x = {name: cells for name, cells in raw.columns.items() if name not in of_y}
        if not of_x:
            raise DataError(
                f"{where}, {raw.place(0)}, column '{names[0]}': expected columns besides the target. Received: "
                f"{listed(names)}. Is this the separator? Say which: separator = …"
            )
        given = self._columns_given()
        schema = self._schema_of(of_x, names, raw, where) if given is None else Schema.from_config(given)
        targets = self._targets_given() or self._targets_of(of_y, raw, where)
        self._known = known = Known(schema, tuple(targets), tuple(at), raw.named, replace(raw, columns={}))
        split = self._split(of_x, of_y, known, where, raw.place)
        if all(column.kind == "left_out" for column in schema.columns):
            told = listed(f"{column.name} ({column.why})" for column in schema.columns)
            raise DataError(
                f"{where}, {raw.place(0)}, column '{schema.names[0]}': expected a column to learn from. Received: "
                f"{told}. If one is of use, say of which kind it is: kinds = {{name = 'category'}}."
            )
        if not self.transforms:
            config = columns_config(schema, split.x, targets)
            self.transforms = [create("transform", "tabular/columns", **config, one_hot=True)]
            self._ours = self.transforms
        self._rows = len(split)
        return split

    def load_validation(self) -> Split | None:
        return None if _is_part(self.validation) else self.split_of(self.validation)

    def load_test(self) -> Split | None:
        return None if _is_part(self.test) else self.split_of(self.test)

    def split_of(self, table: Any, *, targets: bool = True) -> Split:
        """The samples of another table, a file or a frame, with columns and labels as in the training table.

        Args:
            targets: whether to read them, if it has them; rows that lack one are left out then.

        Raises:
            DataError: other columns, a cell that is not of its column's kind, a class that the training table has not.
        """
        known, where = self.known(), _called(table, "the table")
        raw = self._read(table, known)
        columns, named = _by_names(raw, known, where), [target.column.name for target in known.targets]
        known = known.written_as(columns, where, raw.place, semicolons=_semicolons(raw))
        of_y = {name: columns[name] for name in named if name in columns}
        if not targets or len(of_y) < len(named):  # some alone cannot be compared
            of_y = {}
        of_x = {name: cells for name, cells in columns.items() if name not in named}
        return self._split(of_x, of_y, known, where, raw.place)

    def decided(self) -> dict[str, Any]:
        if self._known is None:
            return {}
        known, decided = self._known, dict[str, Any]()
        if known.raw is not None and (found := known.raw.format) is not None:
            decided = {key: value for key, value in vars(found).items() if value is not None}
        if known.targets:
            names = [
                target.column.name if known.named else i for target, i in zip(known.targets, known.at, strict=True)
            ]
            decided["target"] = names if len(names) > 1 else names[0]
            decided["classify"] = known.targets[0].classes is not None or are_answers(known.targets)
            decided["target_columns"] = [target.column.to_config() for target in known.targets]
        if self._ours:
            decided["transforms"] = [to_config(transform) for transform in self._ours]
        return decided

    def proposed(self) -> Mapping[str, Any]:
        known = self.known()
        answers = are_answers(known.targets)
        folded = self._holds_out_itself and not answers
        parts = (0 if folded else self.validation, self.test)
        rows = max(1, self._rows - sum(as_count(part, self._rows) for part in parts if _is_part(part)))
        given = None if self.transforms is self._ours else self.transforms
        made = proposals(self._ours, given, len(known.schema.columns), known.targets, rows)
        more: dict[str, Any] = {"target_transforms": []} if answers else {"validation": 0} if folded else {}
        return made | {"data": made.get("data", {}) | more} if more else made

    def known(self) -> Known:
        """What the training table has told. It is loaded if need be: not where a run folder tells it all."""
        if self._known is None:
            columns, targets = self._columns_given(), self._targets_given()
            if columns is not None and len(targets) == len(self._targets_asked()):
                named = self.header is not False
                at = () if named else tuple(int(which) for which in self._targets_asked())
                self._known = Known(Schema.from_config(columns), tuple(targets), at, named)
            else:
                self.load(np.random.default_rng(0))
        assert self._known is not None
        return self._known

    def report(self) -> dict[str, Any]:
        """What was found out of the training table and why, for people to read: see :func:`reports.report`."""
        split = self.load(np.random.default_rng(0))
        assert self._known is not None
        return report(self._known, self._read(self.train, None), split)

    def _targets_asked(self) -> list[str | int]:
        if self.target is None:
            return []
        return [self.target] if isinstance(self.target, str | int) else list(self.target)

    def _targets_given(self) -> list[Target]:
        columns = [Column.from_config(config) for config in self.target_columns]
        return [Target(column, column.categories if column.kind == "category" else None) for column in columns]

    def _targets_of(self, columns: Columns, raw: RawTable, where: str) -> list[Target]:
        asked = Asked("", None, None, self._marks, self.decimal, _semicolons(raw), where, raw.place)
        if len(columns) > 1:
            return decide_targets(asked, columns, self.classify)
        return [decide_target(replace(asked, name=name), cells, self.classify) for name, cells in columns.items()]

    @property
    def _format(self) -> Format:
        return Format(self.separator, self.quote, self.header, self.encoding, self.comment)

    @property
    def _marks(self) -> tuple[str, ...] | None:
        return marks_of(self.missing, self.not_missing)

    def _read(self, table: Any, known: Known | None) -> RawTable:
        if not isinstance(table, str | Path):
            names = None if known is None else known.schema.names
            return RawTable(
                columns_of(table, names if _is_array(table) else None, "the table"), not _is_array(table), None
            )
        given = self._format
        if known is None:
            return read_file(table, given)
        if given.separator in SEPARATORS:  # what is usual is found out anew: another file may be written otherwise
            given = replace(given, separator=None, quote=None)
        if given.comment in ("", *COMMENTS):
            given = replace(given, comment=None)
        if (given.encoding or "").lower() in USUAL:
            given = replace(given, encoding=None)
        if not known.named:
            raw = read_file(table, replace(given, header=False))
            return read_file(table, replace(given, header=True)) if _begins_with_names(raw, known) else raw
        return read_file(table, given, [*known.schema.names, *(target.column.name for target in known.targets)])

    def _targets_at(self, raw: RawTable, where: str) -> list[int]:
        asked = self._targets_asked()
        at = [column_number(which, list(raw.columns), where, "column of targets") for which in asked]
        if len(set(at)) < len(at):
            raise DataError(f"{where}: the targets must be columns of their own. Received: {listed(map(str, asked))}.")
        return at

    def _columns_given(self) -> Any:
        """What the columns are, if the first transform says so."""
        first = next(iter(self.transforms), None)
        return first.get("columns") if isinstance(first, Mapping) else getattr(first, "columns", None)

    def _schema_of(self, columns: Columns, names: Sequence[str], raw: RawTable, where: str) -> Schema:
        def by_name(which: str | int) -> str:
            return names[column_number(which, names, where)]

        return Schema.of(
            columns, categorical=[by_name(which) for which in self.categorical],
            kinds={by_name(which): kind for which, kind in (self.kinds or {}).items()},
            dates={by_name(which): written for which, written in (self.dates or {}).items()},
            missing=self.missing, not_missing=self.not_missing, decimal=self.decimal,
            semicolons=_semicolons(raw), where=where, place=raw.place,
        )  # fmt: skip

    def _split(self, of_x: Columns, of_y: Columns, known: Known, where: str, place: Place) -> Split:
        x = known.schema.coded(of_x, where, place)
        if not of_y:
            return Split(x, features=known.schema.names)
        values = [target.values(of_y[target.column.name], where, place) for target in known.targets]
        y = np.stack(values, axis=1) if len(values) > 1 else values[0]
        lacking = np.isnan(y).reshape(len(y), -1).any(axis=1)
        if lacking.any():
            n, first = int(lacking.sum()), int(np.flatnonzero(lacking)[0])
            told = listed(f"'{name}'" for name in of_y)
            if n == len(y):
                raise DataError(
                    f"{where}, {place(0)}, column {told}: expected a target. Received: {n:,} rows, and none has one. "
                    "Fill them in, or name another column: target = …"
                )
            warnings.warn(
                f"{where}: {n:,} of {len(y):,} rows have no value in {told} and are left out, the first of them "
                f"{place(first)}.", PellucidWarning, stacklevel=3,
            )  # fmt: skip
            x, y = x[~lacking], y[~lacking]
        if len(values) == 1 and known.targets[0].classes is not None:
            y = y.astype(np.int64)
        return Split(x, y, known.classes, known.schema.names)


def read_like(
    path: Path, columns: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]], target: str | None, *,
    with_targets: bool,
) -> Split:  # fmt: skip
    """The samples of a file with a table whose columns are known, as those of :class:`Table` of which it is another.

    Args:
        columns, targets: of the table, as :meth:`Schema.to_config` writes them.
        target: what this file calls the column of targets, if otherwise; or its number.
        with_targets: whether to read them; rows without one are left out then.
    """
    names = [str(config["name"]) for config in targets]
    numbered = {str(i) for i in range(len(columns) + len(targets))}
    header = {*(str(config["name"]) for config in columns), *names} != numbered  # what is called without names
    if target is not None and target not in names:
        if len(targets) != 1:
            raise ConfigError(
                f"{path}: the model knows the targets {listed(names)}, and one column cannot stand for "
                f"{'several' if targets else 'none'}. Received: {target!r}. Leave it out."
            )
        names, targets = [target], [{**targets[0], "name": target}]
    known = Table(
        str(path), target=names, target_columns=targets, header=None if header else False,
        transforms=read_several("transform", [{"type": "tabular/columns", "columns": columns}], path="transforms"),
    )  # fmt: skip
    return known.split_of(path, targets=with_targets)


def columns_config(schema: Schema, x: Any, targets: Sequence[Target]) -> dict[str, Any]:
    """The arguments of the transform ``tabular/columns`` for a coded training table."""
    marks, times = [], []
    for column, values in zip(schema.columns, x.T, strict=True):
        if column.kind in ("number", "date") and bool(np.isnan(values).any()):
            marks.append(column.name)
        if column.kind == "date" and bool((np.nan_to_num(values) % 1 != 0).any()):
            times.append(column.name)
    return {
        "columns": schema.to_config(), "targets": [target.column.to_config() for target in targets], "marks": marks,
        "times": times,
    }  # fmt: skip


def _by_names(raw: RawTable, known: Known, where: str) -> Columns:
    """The columns by the names of the training table; where there are none, by their places, with the targets or
    without."""
    if raw.named and known.named:
        return raw.columns
    cells = list(raw.columns.values())
    for names in known.places:
        if len(names) == len(cells):
            if known.named and raw.format is not None:
                warnings.warn(
                    f"{where} has no names of columns: they are taken by their places: {listed(names)}. Give it a "
                    "first row of names to have them found in any order.", PellucidWarning, stacklevel=4,
                )  # fmt: skip
            return dict(zip(names, cells, strict=True))
    expected = " or ".join(f"the {len(names)} columns {listed(names)}" for names in known.places)
    raise DataError(
        f"{where} has no names of columns, and so must have {expected}. Received: {len(cells)}. Give it these columns"
        f"{', or a first row of names' if known.named else ''}."
    )


def _begins_with_names(raw: RawTable, known: Known) -> bool:
    """Whether the first row of a table that is to have none holds names: a word stands in every column of numbers."""
    names = next((names for names in known.places if len(names) == len(raw.columns)), [])
    cells = dict(zip(names, raw.columns.values(), strict=False))
    columns = [*known.schema.columns, *(target.column for target in known.targets)]
    first = [cells[column.name].head(1) for column in columns if column.kind == "number" and column.name in cells]
    texts = [cell for cell in first if cell.dtype == pl.String]
    return bool(texts) and not any(numbers_in(cell) or cleaned(cell).has_nulls() for cell in texts)


def _semicolons(raw: RawTable) -> bool:
    return raw.format is not None and raw.format.separator == ";"


def _is_part(given: Any) -> bool:
    return isinstance(given, int | float | np.number) and not isinstance(given, bool)


def _is_array(table: Any) -> bool:
    rows = isinstance(table, Sequence) and not isinstance(table, str)
    return isinstance(table, np.ndarray) or (rows and not all(isinstance(row, Mapping) for row in table))


def _called(table: Any, what: str) -> str:
    return str(table) if isinstance(table, str | Path) else what
