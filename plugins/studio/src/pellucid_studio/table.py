"""own_table: a table of one's own that was given to this studio, by its name; where it lies no page is told."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from pellucid import ConfigError, DataError, Dataset, Part, Split, Transform, create, listed
from pellucid.workbench.experiments.sections import reader_of

MOST_TABLES = 8
MOST_BYTES = 5 * 1024 * 1024
MOST_COLUMNS = 1_000
TABLES: dict[str, Path] = {}
"""The tables of this process, by their names."""
_LOCK = Lock()
_FOLDER: list[tempfile.TemporaryDirectory[str]] = []


class OwnTable(Dataset):
    """The rows of a table that was given to the studio that is running.

    It is read as any table is: by ``table`` of pellucid-tabular where that is installed, else by ``files``, which reads
    numbers.

    Args:
        name: as it was given: ``"flowers.csv"``.
        target: the column of targets, by its name or number, from 0; -1 is the last.
        validation, test: a fraction of the rows or a number of them.
        transforms: proposed to whoever trains; none: what the reader of the table proposes.
    """

    examples = ()

    def __init__(
        self, name: str, *, target: str | int = -1, validation: Part = 0.2, test: Part = 0.2,
        transforms: Sequence[Transform | str] = (),
    ) -> None:  # fmt: skip
        super().__init__(validation=validation, test=test, transforms=transforms)
        if name not in TABLES:
            raise ConfigError(
                f"The 'name' of OwnTable must be that of a table which was given to this studio: {listed(TABLES)}. "
                f"Received: {name!r:.80}. Give it once more; an experiment's file names the data set 'table'."
            )
        self.name, self.target = name, target

    def load(self, rng: np.random.Generator) -> Split:
        path = TABLES[self.name]
        try:
            reader: Any = create("dataset", reader_of(str(path)) or "files", train=str(path), target=self.target)
            loaded: Split = reader.load(rng)
        except (DataError, ConfigError) as error:
            raise type(error)(str(error).replace(str(path), self.name)) from None
        if not self.transforms:
            self.transforms = reader.transforms
        return loaded


def give(name: str, text: bytes) -> str:
    """Keep a table that a page has sent; returns the name by which it is known.

    Raises:
        DataError: no table can be read from it.
    """
    plain = re.sub(r"[^\w.-]", "_", Path(name).name)[-60:].strip(".-") or "table"
    plain = plain if Path(plain).suffix.lower() in (".csv", ".tsv", ".txt") else f"{plain}.csv"
    columns = 1 + max(text.partition(b"\n")[0].count(mark) for mark in (b",", b";", b"\t", b"|"))
    if columns > MOST_COLUMNS:
        raise DataError(
            f"{plain}, line 1: expected at most {MOST_COLUMNS:,} columns, in the studio. Received: {columns:,}. Leave "
            "some out, or train on it with pellucid train."
        )
    with _LOCK:
        if not _FOLDER:
            _FOLDER.append(tempfile.TemporaryDirectory(prefix="pellucid-studio-"))
        path = Path(tempfile.mkdtemp(dir=_FOLDER[0].name)) / plain  # one of its own: a table of this name may be in use
        path.write_bytes(text)
        before, TABLES[plain] = TABLES.get(plain), path
        try:
            OwnTable(plain).splits(0)
        except BaseException:
            _put_back(plain, before)
            path.unlink()
            raise
        if before is not None:
            before.unlink(missing_ok=True)
        while len(TABLES) > MOST_TABLES:
            TABLES.pop(next(iter(TABLES))).unlink(missing_ok=True)
    return plain


def _put_back(name: str, before: Path | None) -> None:
    if before is None:
        del TABLES[name]
    else:
        TABLES[name] = before
