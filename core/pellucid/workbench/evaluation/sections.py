"""Sections: an evaluation as short tables with titles, which a terminal or a page shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose, isnan

import numpy as np

from pellucid.workbench.evaluation.calibration import Calibration, Reliability
from pellucid.workbench.evaluation.classes import ClassFigures, Confusion, PerClass
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.interval import Interval
from pellucid.workbench.evaluation.mistakes import Mistake
from pellucid.workbench.evaluation.values import Values

MOST_LINES, MOST_COLUMNS = 20, 12
"""Of a table of classes in a terminal; the files in the run folder and --json have all of them."""


@dataclass(frozen=True)
class Section:
    """A table: its title, or none; the rows, the first of which is its head if it has one; and a remark below."""

    title: str
    rows: Sequence[Sequence[str]]
    head: bool = True
    remark: str = ""


def sections(found: Evaluation, *, whole: bool = False) -> Iterator[Section]:
    """What there is to be said, in this order.

    Args:
        whole: with every class, however many there are.
    """
    yield _figures(found)
    if found.per_class is not None:
        yield _per_class(found, found.per_class, whole=whole)
    if found.confusion is not None:
        yield _confusion(found.confusion, whole=whole)
    if found.calibration is not None:
        yield from _calibration(found.calibration)
    if found.values is not None:
        yield _values(found.values)
    if found.mistakes:
        yield _mistakes(found.mistakes)
    if found.notes:
        yield Section("", [[note] for note in found.notes], head=False)


def number(value: float) -> str:
    return "–" if isnan(value) else f"{value:.4f}" if abs(value) < 1e4 else f"{value:.5g}"


def bounds(of: Interval | None) -> str:
    """``0.9861–0.9902``."""
    return "" if of is None or isnan(of.low) else f"{number(of.low)}–{number(of.high)}"


def _figures(found: Evaluation) -> Section:
    rows, intervals = [], found.intervals or {}
    for name, value in found.figures.items():
        of = intervals.get(name)
        rows.append([name, number(value), bounds(of), "" if of is None else of.method])
    if found.penalty is not None:
        rows.append(["penalty", number(found.penalty), "", "of the regularizers; no part of the loss above"])
    level = next((f"{of.level:.0%}" for of in intervals.values()), "")
    samples = f"{found.samples:,} samples" + (f"; intervals of {level}" if level else "")
    return Section("", rows, head=False, remark=samples)


def _per_class(found: Evaluation, table: PerClass, *, whole: bool) -> Section:
    shown = table.rows if whole or len(table.rows) <= MOST_LINES else _worst(table)
    rows = [["class", "precision", "recall", "F1", "support"]]
    for row in (*shown, table.macro, table.weighted):
        rows.append([row.name, *map(number, (row.precision, row.recall, row.f1)), f"{row.support:,}"])
    of = table.macro_f1_interval
    told = any(isclose(found.figures[name], table.macro.f1, rel_tol=1e-9) for name in found.intervals or {})
    remark = "" if told or of is None or isnan(of.low) else f"macro F1 {bounds(of)} ({of.method})"
    if len(shown) < len(table.rows):
        remark = f"The {len(shown)} classes of {len(table.rows)} with the lowest F1. " + remark
    return Section("Classes", rows, remark=remark)


def _worst(table: PerClass) -> Sequence[ClassFigures]:
    return sorted(table.rows, key=lambda row: row.f1)[:MOST_LINES]


def _confusion(matrix: Confusion, *, whole: bool) -> Section:
    counts, names = matrix.counts, matrix.classes
    if whole or len(names) <= MOST_COLUMNS:
        rows = [["true \\ predicted", *names]]
        rows += [[name, *map(str, line)] for name, line in zip(names, counts.tolist(), strict=True)]
        return Section("Confusion", rows)
    off = counts - np.diag(np.diag(counts))
    order = np.argsort(-off, axis=None, kind="stable")[:MOST_LINES]
    cells = [divmod(int(cell), len(names)) for cell in order if off.reshape(-1)[cell] > 0]
    rows = [["true", "predicted", "samples"], *([names[t], names[p], str(counts[t, p])] for t, p in cells)]
    return Section("Most frequent confusions", rows)


def _calibration(found: Calibration) -> Iterator[Section]:
    rows = [["", "ECE", "NLL", "Brier"], ["as it is", *_short(found.before)]]
    if found.after is not None and found.temperature is not None:
        rows.append([f"at temperature {found.temperature:.3f}", *_short(found.after)])
    why = f"No temperature: {found.why}." if found.why else "The temperature has the least NLL on the validation part."
    yield Section("Calibration", rows, remark=f"ECE over {len(found.before.bins)} bins. {why}")
    rows = [["confidence", "samples", "mean", "accuracy"]]
    rows += [
        [f"{each.low:.2f}–{each.high:.2f}", f"{each.count:,}", number(each.confidence), number(each.accuracy)]
        for each in found.before.bins
        if each.count
    ]
    yield Section("Reliability", rows)


def _short(of: Reliability) -> list[str]:
    return [number(of.ece), number(of.nll), number(of.brier)]


def _values(table: Values) -> Section:
    rows = [["target", "figure", "value", "interval", "method"]]
    for row in table.rows:
        named = {"r2": "R²", "rmse": "RMSE", "mae": "MAE", "within": f"within {row.tolerance:.4g}"}
        for name, shown in named.items():
            of = row.intervals[name]
            rows.append([row.name, shown, number(getattr(row, name)), bounds(of), of.method])
    return Section("Values", rows)


def _mistakes(found: Sequence[Mistake]) -> Section:
    if found[0].probability is None:
        rows = [["row", "true", "predicted", "error"]]
        rows += [[str(m.row), f"{m.true:.5g}", f"{m.predicted:.5g}", f"{m.error:.5g}"] for m in found]
        return Section("Largest errors", rows)
    rows = [["row", "true", "predicted", "with probability", "that of the true one"]]
    for m in found:
        rows.append([str(m.row), str(m.true), str(m.predicted), f"{m.probability:.4f}", f"{m.probability_of_true:.4f}"])
    return Section("Worst mistakes", rows)
