"""Known: what a training table has told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pellucid_tabular.column import Place
from pellucid_tabular.frames import Columns
from pellucid_tabular.reading.file import RawTable
from pellucid_tabular.schema import Schema
from pellucid_tabular.targets import Target
from pellucid_tabular.writing import as_written


@dataclass(frozen=True, eq=False)
class Known:
    """What the training table has told, and what all others are read by.

    Attributes:
        schema: its columns, without the targets.
        targets: columns of targets; none: there are none.
        at: their numbers in the table, of which features have the others.
        named: whether the table gives names.
        raw: what was decided about the file.
    """

    schema: Schema
    targets: tuple[Target, ...]
    at: tuple[int, ...]
    named: bool
    raw: RawTable | None = None

    @property
    def places(self) -> list[list[str]]:
        """The names of the columns in the order of the training table: of all, where it is known at which places the
        targets stand, and of the features alone."""
        features = list(self.schema.names)
        every = list(features)
        if len(self.at) < len(self.targets):
            return [features]
        for i, target in sorted(zip(self.at, self.targets, strict=True), key=lambda pair: pair[0]):
            every.insert(i, target.column.name)
        return [every, features]

    def written_as(self, cells: Columns, where: str, place: Place, *, semicolons: bool) -> Known:
        """The same columns, with numbers read as a table of these cells writes them."""
        columns = (*self.schema.columns, *(target.column for target in self.targets))
        own = as_written(columns, cells, where, place, semicolons=semicolons)
        features, targets = own[: len(self.schema.columns)], own[len(self.schema.columns) :]
        return replace(
            self, schema=Schema(features),
            targets=tuple(replace(each, column=column) for each, column in zip(self.targets, targets, strict=True)),
        )  # fmt: skip

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes, or of several targets."""
        if len(self.targets) > 1:
            return tuple(target.column.name for target in self.targets)
        return self.targets[0].classes if self.targets else None
