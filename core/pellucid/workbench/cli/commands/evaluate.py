"""pellucid evaluate RUN: the figures of a trained model on its test data, or on other data."""

from __future__ import annotations

import argparse
from pathlib import Path

from pellucid.basics.errors import ConfigError
from pellucid.workbench.cli.console import Output, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder or a saved model")
    parser.add_argument("--data", metavar="DATA", help="a data set's name, or a file; default: the run's")
    parser.add_argument("--part", choices=("train", "validation", "test"), help="of a data set; default: test")
    parser.add_argument("--target", metavar="COLUMN", help="the targets' column in a .csv file; default: the run's")
    parser.add_argument("--backend", metavar="NAME", help="default: the one that the run was made with")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.workbench.experiments.finished import PartName, open_run
    from pellucid.workbench.experiments.sections import reader_of

    is_file = args.data is not None and reader_of(args.data) is not None
    if is_file and args.part is not None:
        raise ConfigError(f"--part chooses a part of a data set; the file {args.data} is taken whole. Leave it out.")
    opened = open_run(args.run, args.backend)
    part: PartName = args.part or "test"
    figures = opened.evaluate(args.data, part, args.target)
    rows = [(name, f"{value:.4f}") for name, value in figures.items()]
    output.result({"run": str(args.run), "data": args.data, "part": None if is_file else part, **figures}, table(rows))
