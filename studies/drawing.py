"""Drawing: what the figure of a study shows, and which of its settings."""

from __future__ import annotations

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
        epochs_are: what the axis of the curves counts.
    """

    curve: str = "validation_accuracy"
    test: str = "test accuracy"
    over: str | None = None
    choose: str = "validation accuracy"
    logarithmic: bool = False
    epochs_are: str = "epoch"
    epoch_is: int = 1


def chosen(results: Results, drawing: Drawing) -> list[Setting]:
    """The settings that are drawn: of those that differ only in ``drawing.over`` the best, by the validation data."""
    if drawing.over is None:
        return list(results.settings)
    groups: dict[str, list[Setting]] = {}
    for setting in results.settings:
        rest = {path: value for path, value in setting.changes.items() if path != drawing.over}
        groups.setdefault(str(rest), []).append(setting)
    return [
        max(group, key=lambda s: s.mean(drawing.choose) if len(s.runs) and not s.failed else -1.0)
        for group in groups.values()
    ]
