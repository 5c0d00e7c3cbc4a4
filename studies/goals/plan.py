"""How many epochs fit into the time: the same share of those in its file for every goal, but no fewer than it needs."""

from __future__ import annotations

from collections.abc import Mapping

from studies.goals.goal import Goal

Measured = Mapping[str, tuple[float, float]]
"""For each goal the seconds of an epoch, and those of judging a model."""


def planned(goals: Mapping[str, Goal], measured: Measured, seconds: float) -> dict[str, int]:
    """Epochs of each goal: as in its file, or all shortened alike so that the trainings take no more than ``seconds``
    together, as far as the fewest epochs allow it."""

    def shortened(share: float) -> dict[str, int]:
        return {name: max(min(goal.fewest_epochs, goal.epochs), int(share * goal.epochs)) for name, goal in
                goals.items()}  # fmt: skip

    def needed(epochs: Mapping[str, int]) -> float:
        return sum(goal.seeds * (epochs[name] * measured[name][0] + measured[name][1]) for name, goal in goals.items())

    shares = (step / 100 for step in range(100, 0, -1))
    return next((plan for share in shares if needed(plan := shortened(share)) <= seconds), shortened(0.0))
