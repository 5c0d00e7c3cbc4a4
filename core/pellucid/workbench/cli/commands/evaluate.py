"""pellucid evaluate RUN: what is to be said of a trained model on its test data, or on other data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.workbench.cli.console import Output, table

if TYPE_CHECKING:
    from pellucid.workbench.evaluation.evaluation import Evaluation


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder or a saved model")
    parser.add_argument("--data", metavar="DATA", help="a data set's name, or a file; default: the run's")
    parser.add_argument("--split", choices=("train", "validation", "test"), help="of a data set; default: test")
    parser.add_argument("--target", metavar="COLUMN", help="the targets' column in a .csv file; default: the run's")
    parser.add_argument("--backend", metavar="NAME", help="default: the one that the run was made with")
    parser.add_argument("--worst", metavar="N", type=int, default=10, help="list the N worst mistakes; default: 10")
    parser.add_argument(
        "--tolerance", metavar="T", type=float,
        help="of values, in their unit: count those within it; default: a tenth of the targets' standard deviation",
    )  # fmt: skip
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap intervals; default: 0")
    parser.add_argument("--figures", action="store_true", help="draw the worst mistakes and more, into the run folder")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.workbench.evaluation.evaluation import How, evaluate_run
    from pellucid.workbench.evaluation.writing import document, write
    from pellucid.workbench.experiments.finished import FinishedRun, SplitName, open_run
    from pellucid.workbench.figures.of_run import draw_run, require_matplotlib

    if args.figures:
        require_matplotlib("--figures")
    if FinishedRun.is_file(args.data) and args.split is not None:
        raise ConfigError(f"--split chooses a part of a data set; the file {args.data} is taken whole. Leave it out.")
    how = How(args.worst, args.tolerance, args.seed)
    split: SplitName = args.split or "test"
    opened = open_run(args.run, args.backend)
    found = evaluate_run(opened, args.data, split, args.target, how=how)
    written: str | None = None
    if args.run.is_dir():
        try:
            written = str(write(found, args.run))
        except (PellucidError, OSError) as error:
            output.note(f"The evaluation is not kept in the run folder: {error}")
    kept = "" if written is None else f"\n\nWritten to {written} and .md beside it."
    told, shown = document(found) | {"written": written}, text(found) + kept
    if args.figures:
        drawn = draw_run(opened, found, args.data, split, args.target)
        told, shown = {**told, "figures": drawn.as_json()}, f"{shown}\n\n{drawn}"
    output.result(told, shown)


def text(found: Evaluation) -> str:
    """The tables of an evaluation, one below the other."""
    from pellucid.workbench.evaluation.sections import sections

    parts = []
    for section in sections(found):
        lines = [section.title] if section.title else []
        parts.append("\n".join([*lines, table(section.rows), *([section.remark] if section.remark else [])]))
    return "\n\n".join(parts)
