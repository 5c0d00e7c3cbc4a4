"""Compared: runs held against the first of them on the same samples, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import as_tuple
from pellucid.basics.checks import check_int
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.rows import Samples, in_memory
from pellucid.interfaces.samples import Split
from pellucid.workbench.evaluation.collected import Collected, collect
from pellucid.workbench.evaluation.pairs import Pair, holm, of_classes, of_values
from pellucid.workbench.evaluation.read import Outcome, read_outcome
from pellucid.workbench.experiments.finished import SplitName, open_run

FIX = "data.seed = N in the experiments makes them the same for all seeds of training"


@dataclass(frozen=True)
class Compared:
    """A run against the first.

    Attributes:
        run, against: the two; ``pair.first`` is of ``against``.
        pair: the difference of their figures.
        adjusted: p, adjusted for how many runs are compared (Holm).
        same_inputs: whether the inputs of both are known to be the same; of data that is read as it is needed, the
            targets alone are held against each other.
    """

    run: str
    against: str
    pair: Pair
    adjusted: float
    same_inputs: bool


@dataclass(frozen=True, eq=False)
class _Seen:
    path: Path
    samples: Split | Samples
    collected: Collected
    outcome: Outcome


def compare_paired(paths: Sequence[Path], split: SplitName = "test", *, seed: int = 0) -> list[Compared]:
    """Each run against the first, on the samples of a split: accuracies by McNemar's test, RMSEs by a paired bootstrap.

    Raises:
        ConfigError: a single run; runs that were not tested on the same samples, or that say nothing that can be
            compared. DataError: a run or its data cannot be read.
    """
    check_int(compare_paired, "seed", seed, "[0, 4294967295]")
    if len(paths) < 2:
        raise ConfigError("--paired holds runs against the first of them. Give at least two.")
    first = _look(paths[0], split)
    pairs = []
    for path in paths[1:]:
        other = _look(path, split)
        same = _require_same(first, other, split)
        pairs.append((other.path, _pair(first, other, seed), same))
    adjusted = holm([pair.p for _, pair, _ in pairs])
    return [
        Compared(str(path), str(paths[0]), pair, p, same)
        for (path, pair, same), p in zip(pairs, adjusted, strict=True)
    ]  # fmt: skip


def _look(path: Path, split: SplitName) -> _Seen:
    run = open_run(path)
    trainer = run.trainer()
    samples = run.unread(None, split, must_have_target=trainer.objective.needs_target)
    collected = collect(trainer, samples)
    outcome = read_outcome(run, collected, len(samples))
    if outcome is None or (outcome.right is None and outcome.squares is None):
        why = collected.why or "its outputs are neither classes nor values"
        raise ConfigError(f"{path} has nothing that --paired can compare: {why}. Leave --paired out.")
    return _Seen(path, samples, collected, outcome)


def _require_same(first: _Seen, other: _Seen, split: SplitName) -> bool:
    """Whether the inputs are known to be the same."""
    of, against = other.collected.target, first.collected.target
    n, m = len(first.samples), len(other.samples)
    in_arrays = in_memory(first.samples) and in_memory(other.samples)
    why = ""
    if n != m:
        why = f"{n:,} and {m:,} of them"
    elif first.outcome.names != other.outcome.names:
        why = f"of {', '.join(first.outcome.names):.80}, and of {', '.join(other.outcome.names):.80}"
    elif not _equal(of, against):
        why = "with other targets"
    elif in_arrays and not _same_inputs(first.samples, other.samples):
        why = "with other inputs"
    if why:
        raise ConfigError(
            f"{first.path} and {other.path} were not tested on the same {split} samples ({why}), so there are no pairs "
            f"to compare. Where parts are drawn by the seed, {FIX}; figures side by side need no --paired."
        )
    return bool(in_arrays)


def _same_inputs(first: Any, other: Any) -> bool:
    a, b = as_tuple(first.x), as_tuple(other.x)
    return len(a) == len(b) and all(_equal(one, two) for one, two in zip(a, b, strict=True))


def _equal(one: Any, two: Any) -> bool:
    one, two = np.asarray(one), np.asarray(two)
    return one.shape == two.shape and bool(np.all((one == two) | ((one != one) & (two != two))))  # NaN is as NaN


def _pair(first: _Seen, other: _Seen, seed: int) -> Pair:
    a, b = first.outcome, other.outcome
    if a.right is not None and b.right is not None:
        return of_classes(a.right, b.right, seed)
    if a.squares is not None and b.squares is not None:
        return of_values(a.squares, b.squares, seed)
    raise ConfigError(f"{first.path} and {other.path} predict classes and values: neither figure is of both.")
