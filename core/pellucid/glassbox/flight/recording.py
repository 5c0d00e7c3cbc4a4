"""Recording: what a recorder has kept of a run, in parts that are each written whole, and how it is read again."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError, DataError
from pellucid.basics.suggest import did_you_mean
from pellucid.basics.version import __version__
from pellucid.glassbox.flight.figures import Layout, Row
from pellucid.saving.container import damaged, write
from pellucid.saving.reading import opened

Record = Mapping[str, Any]
"""Of one step: names and numbers or arrays."""
_PART = re.compile(r"part-(\d{12})-(\d{12})\.safetensors")
_ANCHOR = re.compile(r"anchor-(\d{12})\.safetensors")
FOLDER = "recorder"
"""In a run folder."""
SMALL = 1 << 16
"""Bytes. A part that is smaller is put together with what follows it, so that a long run has few files."""


class Parts:
    """The files of a recording in one folder: ``part-FIRST-LAST.safetensors``, each of some steps, and anchors,
    ``anchor-STEP.safetensors``: checkpoints from which steps can be made again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def parts(self) -> list[tuple[int, int, Path]]:
        """First step, last step, file; in order."""
        found = [(_PART.fullmatch(file.name), file) for file in self._files()]
        return sorted((int(match[1]), int(match[2]), file) for match, file in found if match is not None)

    def anchors(self) -> dict[int, Path]:
        """The number of finished steps -> the checkpoint; in order."""
        found = [(_ANCHOR.fullmatch(file.name), file) for file in self._files()]
        return dict(sorted((int(match[1]), file) for match, file in found if match is not None))

    def anchor(self, step: int) -> Path:
        return self.folder / f"anchor-{step:012d}.safetensors"

    def _files(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.is_dir() else []

    def size(self) -> int:
        """Bytes of all of them."""
        return sum(file.stat().st_size for *_, file in self.parts()) + sum(
            file.stat().st_size for file in self.anchors().values()
        )

    def append(self, records: Mapping[int, Record | Row]) -> None:
        """Write the records of these steps: a part of their own, or together with the last one if that is small.

        Raises:
            CheckpointError: they cannot be written; what was there stays.
        """
        if not records:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        last = self.parts()[-1:]
        small = [file for *_, file in last if file.stat().st_size < SMALL]
        before: dict[int, Record | Row] = {step: record for file in small for step, record in read_part(file).items()}
        written = self._write({**before, **records})
        for file in small:
            if file != written:
                file.unlink(missing_ok=True)

    def _write(self, records: Mapping[int, Record | Row]) -> Path:
        first, last = min(records), max(records)
        tensors, names = to_columns(records)
        document = {"pellucid": __version__, "names": names, "first": first, "last": last}
        file = self.folder / f"part-{first:012d}-{last:012d}.safetensors"
        write(file, "recording", document, tensors)
        return file

    def keep(self, steps: int) -> None:
        """Leave what was recorded up to this step alone: a run that goes on from there makes the others again."""
        for first, last, file in self.parts():
            if last > steps:
                if first <= steps:
                    self._write({step: record for step, record in read_part(file).items() if step <= steps})
                file.unlink()
        for step, file in self.anchors().items():
            if step > steps:
                file.unlink()


def to_columns(records: Mapping[int, Record | Row]) -> tuple[dict[str, HostArray], list[str]]:
    """Arrays of all that has one name, shape and type, each with the steps that it is of."""
    single: dict[tuple[str, Any, Any], list[tuple[int, HostArray]]] = {}
    rows: dict[Layout, list[tuple[int, HostArray]]] = {}
    for step, record in sorted(records.items()):
        if isinstance(record, Row):
            rows.setdefault(record.layout, []).append((step, record.flat))
            continue
        for name, value in record.items():
            array = np.asarray(value)
            single.setdefault((name, array.shape, array.dtype.str), []).append((step, array))
    columns: dict[tuple[str, Any, Any], list[tuple[HostArray, HostArray]]] = {}
    for key, found in single.items():
        columns[key] = [_stacked(found)]
    for layout, found in rows.items():
        steps, flat = _stacked(found)
        for name, those, values in layout.columns(steps, flat):
            columns.setdefault((name, values.shape[1:], values.dtype.str), []).append((those, values))
    tensors: dict[str, HostArray] = {}
    for i, parts in enumerate(columns.values()):
        steps, values = (np.concatenate(each) for each in zip(*parts, strict=True))
        order = np.argsort(steps)
        tensors[f"{i}/steps"], tensors[f"{i}/values"] = steps[order], values[order]
    return tensors, [name for name, _, _ in columns]


def _stacked(found: list[tuple[int, HostArray]]) -> tuple[HostArray, HostArray]:
    return np.array([step for step, _ in found], np.int64), np.stack([array for _, array in found])


def from_columns(
    names: Any, tensors: Mapping[str, Any], wrong: Callable[[str], CheckpointError]
) -> dict[int, dict[str, HostArray]]:
    """The records by their steps, of what :func:`to_columns` gave.

    Raises:
        CheckpointError: ``wrong`` makes it of what is wrong.
    """
    records: dict[int, dict[str, HostArray]] = {}
    for i, name in enumerate(names if isinstance(names, list) else [None]):
        steps, values = tensors.get(f"{i}/steps"), tensors.get(f"{i}/values")
        good = isinstance(name, str) and isinstance(steps, np.ndarray) and isinstance(values, np.ndarray)
        if not good or steps.dtype != np.int64 or steps.ndim != 1 or values.shape[:1] != steps.shape:  # type: ignore[union-attr]
            raise wrong(f"its column {name!r:.80} is not complete")
        for step, value in zip(steps.tolist(), values, strict=True):  # type: ignore[union-attr,arg-type]
            records.setdefault(step, {})[name] = value
    return dict(sorted(records.items()))


def read_part(path: Path) -> dict[int, dict[str, HostArray]]:
    """The records of a part by their steps.

    Raises:
        CheckpointError: it cannot be read, or is damaged.
    """
    with opened(path, "recording") as file:
        header = file.header
        wrong = partial(damaged, header.path, kind=header.kind)
        return from_columns(header.document["names"], file.tensors(), wrong)


class Recording:
    """What was kept of the steps of a run: ``recording["layers.0.weight.grad.rms"]`` has one row for each of
    ``recording.steps("layers.0.weight.grad.rms")``.

    Args:
        source: the folder that a recorder wrote; or records in memory, by steps.

    Raises:
        DataError: there is nothing.
    """

    def __init__(self, source: str | os.PathLike[str] | Mapping[int, Record]) -> None:
        self._records: dict[int, Record] = {}
        if isinstance(source, str | os.PathLike):
            parts = Parts(Path(source)).parts()
            if not parts:
                raise DataError(
                    f"{source} holds nothing that was recorded. Train with the callback, "
                    'callbacks=[{"type": "recorder"}]; in an experiment: [[train.callbacks]] with type = "recorder".'
                )
            for *_, file in parts:
                self._records |= read_part(file)
            self._records = dict(sorted(self._records.items()))
        else:
            self._records = dict(source)

    def names(self) -> list[str]:
        """All names, in the order in which they were first recorded."""
        return list(dict.fromkeys(name for record in self._records.values() for name in record))

    def __contains__(self, name: object) -> bool:
        return any(name in record for record in self._records.values())

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        """The number of steps of which there is a record."""
        return len(self._records)

    def steps(self, name: str | None = None) -> HostArray:
        """The numbers of the steps that were recorded, or of those that have something of this name; from 1."""
        if name is not None:
            self._require(name)
        return np.array([step for step, record in self._records.items() if name is None or name in record], np.int64)

    def at(self, step: int) -> dict[str, Any]:
        """All that was recorded of a step.

        Raises:
            DataError: that step was not recorded.
        """
        if step not in self._records:
            near = min(self._records, key=lambda other: abs(other - step), default=None)
            raise DataError(f"Step {step} was not recorded. The nearest that was: {near}. recording.steps() lists all.")
        return dict(self._records[step])

    def __getitem__(self, name: str) -> HostArray:
        """The numbers of this name, a row for each step.

        Raises:
            DataError: there is no such name, or its arrays have several shapes, as batches of several sizes do.
        """
        self._require(name)
        rows = [np.asarray(record[name]) for record in self._records.values() if name in record]
        if len({row.shape for row in rows}) > 1:
            raise DataError(
                f"'{name}' has several shapes. Take one step after the other: recording.at(step)['{name}']."
            )
        return np.stack(rows)

    def _require(self, name: str) -> None:
        if name not in self:
            raise DataError(f"Nothing was recorded as {name!r}.{did_you_mean(name, self.names())}")

    def __repr__(self) -> str:
        return f"<Recording of {len(self)} steps: {len(self.names())} names>"
