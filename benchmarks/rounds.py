"""The contest: one case, every contestant in turn, in short rounds, while the others sleep."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import ceil, isclose
from typing import Any

from benchmarks.cases import Case
from benchmarks.process import ContestantError, Process


@dataclass
class Effort:
    """How long to measure.

    Attributes:
        rounds: how many times everyone has a turn.
        seconds: about how long a turn lasts; at least an epoch.
        settle: pause before a turn, in which the threads of the contestant before stop spinning.
    """

    rounds: int = 12
    seconds: float = 0.25
    settle: float = 0.1


@dataclass
class Measured:
    """What came out for a case at a number of threads: µs per step in every round, by contestant."""

    case: Case
    threads: int
    rounds: dict[str, list[float]]
    notes: dict[str, str] = field(default_factory=dict)
    first_losses: dict[str, float] = field(default_factory=dict)


def contest(
    case: Case, processes: list[Process], effort: Effort, *, tolerance: float | None = None
) -> Measured:
    """Time the training steps of all contestants alternately: A B C A B C …

    Args:
        tolerance: how far the mean losses of their first epochs may lie apart; None takes the case's.

    Raises:
        ContestantError: the mean losses of their first epochs differ, so they do different work.
    """
    measured = Measured(case, processes[0].threads, {p.name: [] for p in processes})
    for process in processes:
        reply = process.ask(case=case.name)
        measured.first_losses[process.name] = reply["loss"]
        measured.notes[process.name] = reply["note"]
    _check_same_work(measured.first_losses, case.loss_tolerance if tolerance is None else tolerance)
    epochs = {p.name: _calibrated(p, effort) for p in processes}
    for _ in range(effort.rounds):
        for process in processes:
            time.sleep(effort.settle)
            reply = process.ask(epochs=epochs[process.name])
            measured.rounds[process.name].append(round(1e6 * reply["seconds"] / reply["steps"], 3))
    for process in processes:
        process.ask(end=True)
    return measured


def predictions(case: Case, processes: list[Process], effort: Effort) -> dict[str, list[float]]:
    """µs per prediction of a single sample in every round, by contestant."""
    result: dict[str, list[float]] = {p.name: [] for p in processes}
    for process in processes:
        process.ask(case=case.name)
    for _ in range(effort.rounds):
        for process in processes:
            time.sleep(effort.settle)
            result[process.name].append(1e6 * process.ask(predict=1000)["seconds"] / 1000)
    for process in processes:
        process.ask(end=True)
    return result


def _check_same_work(losses: dict[str, float], tolerance: float) -> None:
    first, expected = next(iter(losses.items()))
    wrong = {name: loss for name, loss in losses.items() if not isclose(loss, expected, rel_tol=tolerance)}
    if wrong:
        raise ContestantError(
            f"The mean loss of the first epoch must be that of {first}, {expected:.6f}, within {tolerance:.1%}. "
            "Received: "
            + ", ".join(f"{loss:.6f} from {name}" for name, loss in wrong.items()) + ". They train differently."
        )  # fmt: skip


def _calibrated(process: Process, effort: Effort) -> int:
    """How many epochs make a turn; the second of the two runs here has warm caches and compiled code."""
    process.ask(epochs=1)
    seconds: Any = process.ask(epochs=1)["seconds"]
    return max(1, ceil(effort.seconds / seconds))
