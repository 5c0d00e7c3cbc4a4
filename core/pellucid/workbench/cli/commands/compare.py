"""pellucid compare RUN…: runs side by side, and in what their configurations differ; of a sweep its settings ranked."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.workbench.cli.console import Output, table

if TYPE_CHECKING:
    from pellucid.workbench.sweeps.ranking import Ranking


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="folders of finished runs, or of one sweep")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.workbench.experiments.folder import RunFolder
    from pellucid.workbench.experiments.sections import read_sections
    from pellucid.workbench.sweeps.ranking import is_sweep, ranking

    if len(args.runs) == 1 and is_sweep(args.runs[0]):
        found = ranking(args.runs[0])
        output.result({"sweep": str(args.runs[0]), **found.data()}, ranking_text(found))
        return

    folders = [RunFolder(path) for path in args.runs]
    summaries = [folder.read_summary() for folder in folders]
    settings = [_settings(read_sections(folder.experiment)) for folder in folders]
    keys = sorted({key for setting in settings for key in setting})
    different = {
        key: [setting.get(key) for setting in settings]
        for key in keys
        if any(setting.get(key) != settings[0].get(key) for setting in settings)
    }
    runs = [str(path) for path in args.runs]
    data = {"runs": [{"run": name, **s} for name, s in zip(runs, summaries, strict=True)], "different": different}
    text = table(_figures(runs, summaries))
    if different:
        text += "\n\nDifferent settings:\n" + table(
            [("", *runs), *((key, *map(_shown, values)) for key, values in different.items())]
        )
    output.result(data, text)


def ranking_text(found: Ranking) -> str:
    """The settings of a sweep for people: the table, what has failed, and what ranks."""
    failed = ["", "Failed:", *(f"  {reason}" for reason in found.reasons())] if found.failed else []
    by = "No run is finished." if found.ruler is None else f"Ranked by {found.ruler}; mean ± sd over seeds."
    return "\n".join([table(found.rows()), *failed, "", by])


def _figures(runs: list[str], summaries: list[dict[str, Any]]) -> list[list[str]]:
    names = list(dict.fromkeys(
        (part, name) for summary in summaries for part in ("validation", "test") for name in summary.get(part) or {}
    ))  # fmt: skip
    head = ["run", "best epoch", *(f"{part} {name}" for part, name in names), "parameters", "seconds"]
    rows = [head]
    for name, summary in zip(runs, summaries, strict=True):
        figures = [_shown((summary.get(part) or {}).get(figure)) for part, figure in names]
        trained = "epochs" in summary  # weights that were imported were not
        epochs = f"{summary.get('best_epoch')} of {summary['epochs']}" if trained else "–"
        costs = [_shown(summary.get("parameters")), _shown(summary.get("training_seconds"))]
        rows.append([name, epochs, *figures, *costs])
    return rows


def _settings(sections: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Every setting with its full path: ``{"optimizer.lr": 0.001}``."""
    flat: dict[str, Any] = {}
    for key, value in sections.items():
        at = f"{path}.{key}" if path else str(key)
        flat |= _settings(value, at) if isinstance(value, Mapping) else {at: value}
    return flat


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) and abs(value) >= 1e-3 else str(value)
