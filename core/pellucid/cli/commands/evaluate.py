"""pellucid evaluate RUN: the figures of a trained model on its test data, or on other data."""

from __future__ import annotations

import argparse
from pathlib import Path

from pellucid.cli.console import Output, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder or a saved model")
    parser.add_argument("--data", metavar="DATA", help="a data set's name, or a file (.csv, .npz); default: the run's")
    parser.add_argument("--part", choices=("train", "validation", "test"), default="test", help="of a data set")
    parser.add_argument("--target", metavar="COLUMN", help="the targets' column in a .csv file; default: the run's")
    parser.add_argument("--backend", metavar="NAME", help="default: the one that the run was made with")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.experiments.finished import open_run
    from pellucid.experiments.folder import plain

    opened = open_run(args.run, args.backend)
    figures = opened.evaluate(args.data, args.part, args.target)
    part = None if args.data and Path(args.data).is_file() else args.part
    rows = [(name, f"{value:.4f}") for name, value in figures.items()]
    output.result(
        {"run": str(args.run), "data": args.data, "part": part, **plain(figures)}, table(rows)
    )
