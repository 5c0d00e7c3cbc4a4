"""The ready experiments of the plugins, trained here: in full, in a short form for the tests, or read again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Protocol

import numpy as np
import pellucid as pl
from pellucid import Callback, Splits
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections
from pellucid.workbench.experiments.training import train

from benchmarks.environment import ROOT

FEW = 192
"""Samples of each part in the short form."""


class Watch(Protocol):
    """A callback that takes time of its own and keeps what it saw, as JSON can hold it."""

    points: list[dict[str, float]]
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Trained:
    """A trained model, and what it took.

    Attributes:
        splits: the data; few samples of it in the short form.
        summary: the figures of the run, as ``summary.json`` holds them.
        minutes, cpu_minutes: of training, on the clock and of all cores together, fitted transforms included.
        points: what was watched on the way.
    """

    model: Any
    splits: Splits
    summary: dict[str, Any]
    minutes: float
    cpu_minutes: float
    points: list[dict[str, float]]


def train_ready(
    plugin: str, experiment: str, folder: Path, *, quick: bool, changes: Mapping[str, Mapping[str, Any]] | None = None,
    watch: Any = None,
) -> Trained:  # fmt: skip
    """Train plugins/PLUGIN/experiments/EXPERIMENT.toml into this folder, or read the model that lies there already.

    Args:
        quick: one epoch on few samples.
        changes: arguments by section, instead of those in the file.
        watch: a callback that is a Watch; its time is not counted.

    Raises:
        KeyboardInterrupt: the run was told to stop. ValueError: the folder holds a run of another configuration.
    """
    sections = read_sections(ROOT / "plugins" / plugin / "experiments" / f"{experiment}.toml")
    for name, arguments in (changes or {}).items():
        sections[name] |= arguments
    if quick:
        sections["train"]["epochs"] = 1
    prepared = prepare(check(sections))
    if quick:
        prepared = replace(prepared, splits=few(prepared.splits))
    notes = folder / "measured.json"
    if not notes.exists():
        took = _train(prepared, folder, [] if watch is None else [watch])
        notes.write_text(json.dumps({"sections": sections, **took}), encoding="utf-8")
    kept = json.loads(notes.read_text(encoding="utf-8"))
    if kept.pop("sections") != json.loads(json.dumps(sections)):
        raise ValueError(f"{folder} holds a run of another configuration. Measure without --reuse.")
    run = RunFolder(folder)
    return Trained(pl.load(run.model), prepared.splits, run.read_summary(), **kept)


def few(splits: Splits) -> Splits:
    """The first samples of each part."""
    parts = {name: getattr(splits, name) for name in ("train", "validation", "test")}
    return replace(splits, **{name: part.take(np.arange(min(FEW, len(part)))) for name, part in parts.items()})


def fresh(*paths: Path) -> None:
    """Remove what an earlier measurement left, which verbs would not overwrite."""
    for path in paths:
        path.unlink(missing_ok=True)


def _train(prepared: Any, folder: Path, watches: Sequence[Callback | Watch]) -> dict[str, Any]:
    prepared.trainer.callbacks += tuple(watches)
    start, cpu_start = perf_counter(), process_time()
    if not isinstance(train(prepared, RunFolder(folder), verbose=False), dict):
        raise KeyboardInterrupt  # the run was told to stop, and so is the benchmark
    seconds, cpu_seconds = perf_counter() - start, process_time() - cpu_start
    for each in watches:
        seconds, cpu_seconds = seconds - each.seconds, cpu_seconds - each.cpu_seconds
    points = [point for each in watches for point in each.points]
    return {"minutes": seconds / 60, "cpu_minutes": cpu_seconds / 60, "points": points}
