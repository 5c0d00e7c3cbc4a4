"""draw_runs: the curves of several runs, or of the settings of a sweep, in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pellucid.basics.errors import DataError
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.figures.comparison import draw_comparison
from pellucid.workbench.sweeps.ranking import is_sweep, ranking


def draw_runs(runs: Sequence[Path], path: Path) -> None:
    """Write a PNG.

    Args:
        runs: folders of finished runs, a line for each; or of one sweep: a line for each setting, the best first, which
            is the mean of its seeds.

    Raises:
        DataError: none of them has epochs.
    """
    if len(runs) == 1 and is_sweep(runs[0]):
        groups = {group.setting.label: list(group.runs.values()) for group in ranking(runs[0]).groups}
    else:
        groups = {str(run): [run] for run in runs}
    epochs = {name: [RunFolder(run).epochs() for run in own] for name, own in groups.items()}
    title = str(runs[0]) if len(runs) == 1 else f"{len(runs)} runs"
    why = draw_comparison(epochs, path, title=title)
    if why:
        raise DataError(
            f"There is nothing to draw into {path}: {why}. Weights that were imported have none; a sweep has them once "
            "a run of it is finished."
        )
