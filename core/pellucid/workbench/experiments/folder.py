"""RunFolder: the files of one run, each written so that a crash leaves it whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pellucid.basics.errors import ConfigError, DataError
from pellucid.glassbox.flight.recording import FOLDER
from pellucid.saving.files import replace_text, to_json
from pellucid.saving.temporary import is_temporary
from pellucid.workbench.experiments.reading import read_at_most

MOST_SUMMARY, MOST_METRICS = 1 << 20, 1 << 30
"""Bytes: figures of some parts, and of some million epochs."""
HEADING = "# The whole configuration of this run. It can be trained again as it is: pellucid train experiment.toml\n\n"


class RunFolder:
    """Where a run keeps what it is and what came out.

    Attributes:
        experiment: the resolved configuration, ``experiment.toml``.
        metrics: one JSON line per epoch, ``metrics.jsonl``.
        checkpoint: the state to continue from, ``checkpoint.safetensors``.
        model: the model of the best epoch, ``model.safetensors``.
        summary: what came out, ``summary.json``; there once the run has come to its end.
        curves: a picture of the epochs, ``curves.png``.
        recorder: what the callback ``recorder`` has kept, a folder; flight: a picture of that, ``recorder.png``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.experiment = path / "experiment.toml"
        self.metrics = path / "metrics.jsonl"
        self.checkpoint = path / "checkpoint.safetensors"
        self.model = path / "model.safetensors"
        self.summary = path / "summary.json"
        self.curves = path / "curves.png"
        self.recorder = path / FOLDER
        self.flight = path / "recorder.png"

    def create(self) -> None:
        """Make the folder, unless it is there."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def check_free(self, option: str = "--out") -> None:
        """ConfigError if there is something in the folder already; nothing is ever overwritten. What a killed process
        was about to write is nothing.

        Args:
            option: by which the command got the path; a run is continued by that of ``train`` alone.
        """
        try:
            occupied = self.path.exists() and not all(is_temporary(file.name) for file in self.path.iterdir())
        except OSError as error:
            raise self._unusable(error) from error
        if occupied:
            remedy = f"Choose another {option}"
            if option == "--out" and self.experiment.exists() and (self.checkpoint.exists() or self._only_begun()):
                remedy += f", or continue the run in it: pellucid train --resume --out {self.path}"
            raise ConfigError(f"The run folder {self.path} exists already and is not empty. {remedy}.")

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(f"Cannot make the run folder {self.path}: {error.strerror}. Choose another --out.")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Within: no other process trains in this folder. The lock goes with the process, however that ends."""
        if os.name == "nt":  # a folder cannot be opened there
            yield
            return
        import fcntl

        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise ConfigError(
                f"Another process is training in {self.path}. Wait for it, stop it, or choose another --out."
            ) from error
        except OSError:
            pass  # some network file systems lock no folders; there nobody is kept out
        try:
            yield
        finally:
            os.close(descriptor)

    def check_resumable(self) -> None:
        """ConfigError if there is no run to be continued. One that was killed before its first checkpoint can be: at
        its first step."""
        missing = [file for file in (self.experiment, self.checkpoint) if not file.exists()]
        if missing and not (missing == [self.checkpoint] and self._only_begun()):
            raise ConfigError(
                f"{self.path} holds no run that can be continued: {missing[0].name} is missing. Give the folder of an "
                "interrupted run as --out, or begin a new one without --resume."
            )

    def _only_begun(self) -> bool:
        """Whether nothing stands here that has been learned."""
        learned = self.metrics.exists() and self.metrics.stat().st_size > 0
        return not (learned or self.checkpoint.exists() or self.model.exists() or self.summary.exists())

    def write_experiment(self, toml: str) -> None:
        replace_text(self.experiment, HEADING + toml)

    def append_epochs(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Add lines to the metrics; they are on the disk, or at least with the operating system, when this returns.

        Raises:
            OSError: they cannot be written; of none of them a part is left.
        """
        size = self.metrics.stat().st_size if self.metrics.exists() else 0
        try:
            with self.metrics.open("a", encoding="utf-8") as file:
                file.write("".join(f"{to_json(record)}\n" for record in records))
        except OSError:
            with suppress(OSError):
                os.truncate(self.metrics, size)  # half a line could not be read
            raise

    def epochs(self) -> list[dict[str, Any]]:
        """The lines of the metrics; a last one that a crash has cut off is left out."""
        if not self.metrics.exists():
            return []
        try:
            lines = read_at_most(self.metrics, MOST_METRICS).splitlines(keepends=True)
        except OSError as error:
            raise DataError(f"{self.metrics} cannot be read: {error.strerror}.") from error
        return [self._epoch(line, i + 1) for i, line in enumerate(lines) if line.endswith(b"\n")]

    def _epoch(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):  # also of bytes that are no UTF-8, and of a thousand brackets
            record = None
        if not isinstance(record, dict) or type(record.get("epoch")) is not int:
            raise DataError(
                f"{self.metrics}, line {number}: expected the figures of an epoch as JSON. Received: {line!r:.80}. "
                "Remove the line: the model and the checkpoint do not depend on it."
            )
        return record

    def keep_epochs(self, number: int) -> None:
        """Forget the lines of epochs after this one: a continued run writes them anew."""
        kept = [to_json(record) for record in self.epochs() if record["epoch"] <= number]
        replace_text(self.metrics, "".join(f"{line}\n" for line in kept))

    def unfinished(self, missing: str) -> DataError:
        """The error for a folder in which a file is missing that each finished run has."""
        if (self.path / "sweep.toml").is_file():
            return DataError(
                f"{self.path} is the folder of a sweep, and no run. Expected: one of its runs, "
                f"{self.path / 'SETTING' / 'seed-0'}. All of them are ranked by: pellucid compare {self.path}."
            )
        return DataError(
            f"{self.path} is no run folder, or its run has not come to its end: {missing} is missing. "
            f"Continue an interrupted run: pellucid train --resume --out {self.path}."
        )

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        replace_text(self.summary, to_json(summary, indent=2) + "\n")

    def read_summary(self) -> dict[str, Any]:
        try:
            text = read_at_most(self.summary, MOST_SUMMARY)
            if len(text) > MOST_SUMMARY:
                raise DataError(f"{self.summary} is longer than {MOST_SUMMARY:,} bytes, which no run writes.")
            summary = json.loads(text)
        except FileNotFoundError as error:
            raise self.unfinished(self.summary.name) from error
        except NotADirectoryError as error:
            raise DataError(f"{self.path} is a file. Expected: the folder of a finished run.") from error
        except OSError as error:
            raise DataError(f"{self.summary} cannot be read: {error.strerror or error}.") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.summary} cannot be read: {error}. It must be JSON, as a run writes it.") from error
        if not isinstance(summary, dict):
            raise DataError(f"{self.summary} must hold a JSON object. Received: a {type(summary).__name__}.")
        for part in ("train", "validation", "test"):
            if not isinstance(summary.get(part), dict | None):
                raise DataError(
                    f"{self.summary}: '{part}' must hold figures by name, or null. Received: {summary[part]!r:.40}. "
                    "It was changed after the run wrote it."
                )
        return summary


@contextmanager
def new_path(model: str, data: str, now: datetime) -> Iterator[Path]:
    """``runs/ann-iris-20260131-093000``; with a number behind it if there is one of that second already.

    The folder is made, so that no other process takes the same; at the end it is removed if nothing stands in it.

    Raises:
        ConfigError: it cannot be made.
    """
    runs = Path("runs")
    stem = f"{model.rpartition('/')[2]}-{data.rpartition('/')[2]}-{now:%Y%m%d-%H%M%S}"
    known = runs.exists()
    path, number = runs / stem, 1
    while True:
        try:
            path.mkdir(parents=True)
            break
        except FileExistsError:
            if not runs.is_dir():
                raise ConfigError(f"Cannot make folders in {runs}, which is a file. Choose another --out.") from None
            number += 1
            path = runs / f"{stem}-{number}"
        except OSError as error:
            raise ConfigError(f"Cannot make the run folder {path}: {error.strerror}. Choose another --out.") from error
    try:
        yield path
    finally:
        for folder in (path, *([] if known else [runs])):
            with suppress(OSError):  # what is not empty stays
                folder.rmdir()
