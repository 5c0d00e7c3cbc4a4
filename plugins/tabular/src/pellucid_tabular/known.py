"""Known: what a training table has told."""

from __future__ import annotations

from dataclasses import dataclass

from pellucid_tabular.reading.file import RawTable
from pellucid_tabular.schema import Schema
from pellucid_tabular.targets import Target


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
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes, or of several targets."""
        if len(self.targets) > 1:
            return tuple(target.column.name for target in self.targets)
        return self.targets[0].classes if self.targets else None
