"""pellucid compare RUN…: runs side by side, in what they differ, and whether chance would; of a sweep the ranking."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pellucid.basics.errors import ConfigError
from pellucid.saving.files import to_json
from pellucid.workbench.cli.console import Output, table

if TYPE_CHECKING:
    from pellucid.workbench.evaluation.compared import Compared
    from pellucid.workbench.evaluation.table import RunTable
    from pellucid.workbench.sweeps.ranking import Ranking


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", metavar="RUN", nargs="+", type=Path, help="folders of finished runs, or of one sweep")
    parser.add_argument("--format", choices=("text", "markdown", "csv", "json"), help="of the table; default: text")
    parser.add_argument(
        "--paired", action="store_true",
        help="hold each run against the first on the same samples: the difference, its interval, and p",
    )  # fmt: skip
    parser.add_argument("--split", choices=("train", "validation", "test"), help="of --paired; default: test")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap of --paired; default: 0")
    parser.add_argument("--plot", metavar="FILE", type=Path, help="draw their curves into a new .png")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.workbench.evaluation.table import table_of
    from pellucid.workbench.experiments.outputs import check_output
    from pellucid.workbench.figures.of_run import require_matplotlib
    from pellucid.workbench.sweeps.ranking import is_sweep

    if args.plot is not None:
        require_matplotlib("--plot")
        check_output(args.plot, ".png", option="plot")
    if args.split is not None and not args.paired:
        raise ConfigError("--split chooses the samples of --paired; the table has every split. Add --paired.")
    if args.paired and args.format == "csv":
        raise ConfigError("--format csv is one table, of the runs, and --paired makes another. Take json or markdown.")
    if len(args.runs) == 1 and is_sweep(args.runs[0]):
        _rank(args.runs[0], args, output)
        return
    found = table_of(args.runs)
    pairs: list[Compared] = []
    if args.paired:
        from pellucid.workbench.evaluation.compared import compare_paired

        pairs = compare_paired(args.runs, args.split or "test", seed=args.seed)
    data = found.data() | ({"pairs": [asdict(each) for each in pairs]} if args.paired else {})
    shown = {"markdown": lambda: _markdown(found, pairs), "csv": lambda: found.csv().rstrip("\n"),
             "json": lambda: to_json(data, indent=2)}  # fmt: skip
    _plot(args, output)
    output.result(data, shown.get(args.format, lambda: _text(found, pairs))())


def _plot(args: argparse.Namespace, output: Output) -> None:
    """The curves, if they were asked for."""
    if args.plot is not None:
        from pellucid.workbench.figures.of_runs import draw_runs

        draw_runs(args.runs, args.plot)
        output.note(f"Drawn: {args.plot}")


def _rank(path: Path, args: argparse.Namespace, output: Output) -> None:
    """The settings of a sweep."""
    from pellucid.workbench.evaluation.writing import csv_table, markdown_table
    from pellucid.workbench.sweeps.ranking import ranking

    if args.paired:
        raise ConfigError(f"--paired holds runs against each other, and {path} is a sweep. Name two runs in it.")
    found = ranking(path)
    data = {"sweep": str(path), **found.data()}
    shown = {"markdown": lambda: markdown_table(found.rows()),
             "csv": lambda: csv_table(found.rows(numbers=True)).rstrip("\n"),
             "json": lambda: to_json(data, indent=2)}  # fmt: skip
    _plot(args, output)
    output.result(data, shown.get(args.format, lambda: ranking_text(found))())


def ranking_text(found: Ranking) -> str:
    """The settings of a sweep for people: the table, what has failed, and what ranks."""
    failed = ["", "Failed:", *(f"  {reason}" for reason in found.reasons())] if found.failed else []
    by = "No run is finished." if found.ruler is None else f"Ranked by {found.ruler}; mean ± sd over seeds."
    return "\n".join([table(found.rows()), *failed, "", by, *([found.remark] if found.remark else [])])


def _text(found: RunTable, pairs: Sequence[Compared]) -> str:
    parts = [table(found.rows())]
    parts += [f"Different settings:\n{table(found.settings())}"] if found.different else []
    parts += [f"On the same samples:\n{table(_pairs(pairs))}"] if pairs else []
    return "\n\n".join([*parts, *found.notes])


def _markdown(found: RunTable, pairs: Sequence[Compared]) -> str:
    from pellucid.workbench.evaluation.writing import markdown_table

    of_pairs = f"\n\nOn the same samples:\n\n{markdown_table(_pairs(pairs))}" if pairs else ""
    return found.markdown() + of_pairs


def _pairs(pairs: Sequence[Compared]) -> list[list[str]]:
    """A row for each run that was held against the first."""
    several = len(pairs) > 1
    rows = [["run", f"against {pairs[0].against}", "difference", "95% interval", "p", *["p (Holm)"][: several],
             "only first right", "only second right", "samples", "methods"]]  # fmt: skip
    for each in pairs:
        pair, of = each.pair, each.pair.interval
        one = "–" if pair.only_first is None else f"{pair.only_first:,}"
        two = "–" if pair.only_second is None else f"{pair.only_second:,}"
        samples = f"{pair.samples:,}" + ("" if each.same_inputs else " (targets compared)")
        rows.append([
            each.run, f"{pair.figure} {pair.first:.4f} → {pair.second:.4f}", f"{pair.difference:+.4f}",
            f"{of.low:+.4f} to {of.high:+.4f}", f"{pair.p:.4g}", *[f"{each.adjusted:.4g}"][:several],
            one, two, samples, pair.method if pair.method == of.method else f"{pair.method}; {of.method}",
        ])  # fmt: skip
    return rows
