"""RunTable: many runs side by side: their figures on each split, what they cost, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pellucid.basics.errors import DataError
from pellucid.workbench.evaluation.writing import csv_table, markdown_table, read
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.sections import read_sections

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class RunTable:
    """Finished runs.

    Attributes:
        runs: their folders.
        summaries: what each run has written of itself.
        intervals: by run, of figures of the test split, where ``pellucid evaluate`` has found them: (low, high).
        different: settings that are not the same in all of them, each with its value in every run.
        notes: why figures of these runs may not be compared, and evaluations that cannot be read.
    """

    runs: tuple[str, ...]
    summaries: tuple[Mapping[str, Any], ...]
    intervals: tuple[Mapping[str, tuple[float, float]], ...]
    different: Mapping[str, Sequence[Any]]
    notes: tuple[str, ...]

    @property
    def figures(self) -> list[tuple[str, str]]:
        """All (split, figure) that any run has."""
        return list(dict.fromkeys(
            (split, name) for split in SPLITS for summary in self.summaries for name in summary.get(split) or {}
        ))  # fmt: skip

    def rows(self) -> list[list[str]]:
        """For people: the head, and a row for each run; with the interval where it is known."""
        rows = [["run", "best epoch", *(f"{split} {name}" for split, name in self.figures), "parameters", "seconds"]]
        for name, summary, intervals in zip(self.runs, self.summaries, self.intervals, strict=True):
            figures = []
            for split, figure in self.figures:
                known = intervals.get(figure) if split == "test" else None
                of = "" if known is None else f" ({known[0]:.4f}–{known[1]:.4f})"
                figures.append(shown((summary.get(split) or {}).get(figure)) + of)
            trained = "epochs" in summary  # weights that were imported were not
            epochs = f"{summary.get('best_epoch')} of {summary['epochs']}" if trained else "–"
            costs = [shown(summary.get("parameters")), shown(summary.get("training_seconds"))]
            rows.append([name, epochs, *figures, *costs])
        return rows

    def settings(self) -> list[list[str]]:
        """The settings in which they differ, with a column for each run."""
        return [["", *self.runs], *([key, *map(shown, values)] for key, values in self.different.items())]

    def markdown(self) -> str:
        parts = [markdown_table(self.rows())]
        parts += [f"Different settings:\n\n{markdown_table(self.settings())}"] if self.different else []
        return "\n\n".join([*parts, *self.notes])

    def csv(self) -> str:
        """One table with every figure in full, the costs, and the settings in which they differ."""
        costs = ("best_epoch", "epochs", "parameters", "training_seconds")
        head = ["run", *(f"{split} {name}" for split, name in self.figures), *costs, *self.different]
        rows: list[list[Any]] = [head]
        for i, (name, summary) in enumerate(zip(self.runs, self.summaries, strict=True)):
            figures = [(summary.get(split) or {}).get(figure) for split, figure in self.figures]
            settings = [values[i] for values in self.different.values()]
            rows.append([name, *figures, *map(summary.get, costs), *settings])
        return csv_table(rows)

    def data(self) -> dict[str, Any]:
        """For programs."""
        of_runs = zip(self.runs, self.summaries, self.intervals, strict=True)
        return {
            "runs": [{"run": name, **summary, "test_intervals": dict(known)} for name, summary, known in of_runs],
            "different": dict(self.different),
            "notes": list(self.notes),
        }


def table_of(paths: Sequence[Path]) -> RunTable:
    """The table of these run folders.

    Raises:
        DataError: one of them is none, or its run has not come to its end.
    """
    folders = [RunFolder(path) for path in paths]
    summaries = [folder.read_summary() for folder in folders]
    settings = [flat(read_sections(folder.experiment)) for folder in folders]
    keys = sorted({key for setting in settings for key in setting})
    different = {
        key: [setting.get(key) for setting in settings]
        for key in keys
        if any(setting.get(key) != settings[0].get(key) for setting in settings)
    }
    runs = tuple(str(path) for path in paths)
    intervals, damaged = list[dict[str, tuple[float, float]]](), list[str]()
    for path, summary in zip(paths, summaries, strict=True):
        try:
            intervals.append(_intervals(path, summary))
        except DataError as error:
            intervals.append({})
            damaged.append(f"Intervals are missing: {error}")
    notes = (*_notes(runs, summaries, different), *damaged)
    return RunTable(runs, tuple(summaries), tuple(intervals), different, notes)


def flat(sections: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Every setting with its full path: ``{"optimizer.lr": 0.001}``."""
    found: dict[str, Any] = {}
    for key, value in sections.items():
        at = f"{path}.{key}" if path else str(key)
        found |= flat(value, at) if isinstance(value, Mapping) else {at: value}
    return found


def shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) and abs(value) >= 1e-3 else str(value)


def _intervals(path: Path, summary: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """Of the figures of the test split, from the evaluation that stands in the folder, if it is of this model."""
    told, figures = read(path / "evaluation.json"), summary.get("test") or {}
    known = told["details"].get("intervals") if told else None
    if not isinstance(known, dict) or told is None:
        return {}
    return {
        name: (of["low"], of["high"])
        for name, of in known.items()
        if name in figures and told.get(name) == figures[name]
        and isinstance(of, dict) and all(isinstance(of.get(end), float) for end in ("low", "high"))
    }  # fmt: skip


def _notes(
    runs: Sequence[str], summaries: Sequence[Mapping[str, Any]], different: Mapping[str, Any]
) -> tuple[str, ...]:
    """What keeps figures of these runs from being compared."""
    notes = []
    of_data = [key for key in different if key.startswith("data.")]
    if of_data:
        notes.append(
            f"The runs differ in their data ({', '.join(of_data)}), so their figures may be of different samples. "
            "--paired holds these against each other."
        )
    versions = [summary.get("versions") or {} for summary in summaries]
    for package in sorted({name for each in versions for name in each}):
        found = [str(each.get(package, "none")) for each in versions]
        if len(set(found)) > 1:
            told = ", ".join(f"{version} ({run})" for version, run in zip(found, runs, strict=True))
            notes.append(f"Made by different versions of {package}: {told}.")
    return tuple(notes)
