"""Drawing: what the figure of a study shows, and which of its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studies.results import Results, Setting


@dataclass(frozen=True)
class Drawing:
    """What is drawn.

    Attributes:
        curve: the figure of each epoch: ``"validation_accuracy"``, ``"loss"``; test: that of the test set.
        over: a path, such as ``"optimizer.lr"``: of the settings that differ in nothing else only the best by
            ``choose`` is drawn.
        logarithmic: the axis of the curves.
        apart: a path, such as ``"optimizer.lr"``: the settings that differ in nothing else have a row of their own,
            with all others in grey behind them. For more settings than there are colours.
        epochs_are: what the axis of the curves counts.
    """

    curve: str = "validation_accuracy"
    test: str = "test accuracy"
    over: str | None = None
    choose: str = "validation accuracy"
    logarithmic: bool = False
    apart: str | None = None
    epochs_are: str = "epoch"
    epoch_is: int = 1


def chosen(results: Results, drawing: Drawing) -> list[Setting]:
    """The settings that are drawn: of those that differ only in ``drawing.over`` the best, by the validation data."""
    if drawing.over is None:
        return list(results.settings)
    return [
        max(group, key=lambda s: s.mean(drawing.choose) if len(s.runs) and not s.failed else -1.0)
        for group in grouped(results.settings, drawing.over)
    ]


def grouped(settings: Sequence[Setting], path: str) -> list[list[Setting]]:
    """The settings that differ only in what stands at this path, together."""
    groups: dict[str, list[Setting]] = {}
    for setting in settings:
        rest = {key: value for key, value in setting.changes.items() if key != path}
        groups.setdefault(str(rest), []).append(setting)
    return list(groups.values())


def names_of(group: Sequence[Setting]) -> tuple[str, list[str]]:
    """The name of a group, what the names of its settings have in common, and what is left of each."""
    parts = [setting.name.split(", ") for setting in group]
    shared = [part for part in parts[0] if all(part in each for each in parts)]
    return ", ".join(shared), [", ".join(part for part in each if part not in shared) for each in parts]
