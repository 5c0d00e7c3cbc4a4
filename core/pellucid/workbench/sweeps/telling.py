"""Telling: one line for each run that has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pellucid.workbench.sweeps.folder import Failure, SweepFolder
from pellucid.workbench.sweeps.plan import PlannedRun
from pellucid.workbench.sweeps.ruler import Ruler, figure_of
from pellucid.workbench.sweeps.sweep import Sweep

Tell = Callable[[str], None]


class Telling:
    """One line for each run that has ended."""

    def __init__(self, sweep: Sweep, folder: SweepFolder, total: int, count: int, tell: Tell) -> None:
        self.count = count
        self._sweep, self._folder, self._total, self._tell = sweep, folder, total, tell
        self._ruler: Ruler | None = None

    def finished(self, run: PlannedRun) -> None:
        summary = self._folder.run(run).read_summary()
        if self._ruler is None:
            self._ruler = Ruler.of(self._sweep, self._folder.run(run))
        figure = figure_of(summary, self._ruler)
        said = f"{self._ruler.split} {self._ruler.metric} {'–' if figure is None else f'{figure:.4f}'}"
        self._line(run, f"{said}, {summary.get('training_seconds', 0.0):.1f} s")

    def failed(self, run: PlannedRun, failure: Failure) -> None:
        self._line(run, f"failed: {failure.line:.200}")

    def _line(self, run: PlannedRun, text: str) -> None:
        self.count += 1
        self._tell(f"{self.count:>{len(str(self._total))}}/{self._total}  {run.label}: {text}")


def once(note: Tell) -> Tell:
    """Tells each text once, whichever thread it comes from: what there is to say of the data is said by every run."""
    told: set[str] = set()
    lock = threading.Lock()

    def told_once(text: str) -> None:
        with lock:
            if text not in told:
                told.add(text)
                note(text)

    return told_once
