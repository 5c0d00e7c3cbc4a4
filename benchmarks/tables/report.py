"""From lines of results to a table: mean errors, average ranks, and how often one is better than another, paired."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.tables.methods import METHODS, OURS
from benchmarks.tables.sources import SOURCES

Errors = Mapping[str, Mapping[str, Mapping[int, float]]]
"""table -> method -> seed -> error."""


def errors_of(lines: Sequence[Mapping[str, Any]]) -> Errors:
    errors: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        errors[line["table"]][line["method"]][line["seed"]] = line["error"]
    return errors


def means(errors: Errors, methods: Sequence[str]) -> dict[str, dict[str, float]]:
    """Mean errors over the seeds that all of these methods have, of the tables on which they have any in common."""
    found = {}
    for table, by_method in errors.items():
        seeds = set.intersection(*(set(by_method.get(name, {})) for name in methods)) if methods else set()
        if seeds:
            found[table] = {name: float(np.mean([by_method[name][seed] for seed in sorted(seeds)])) for name in methods}
    return found


def ranks(errors: Errors, methods: Sequence[str]) -> dict[str, float]:
    """The average over tables and common seeds of each method's place, 1 for the least error; equals share a place."""
    places: dict[str, list[float]] = defaultdict(list)
    for by_method in errors.values():
        seeds = set.intersection(*(set(by_method.get(name, {})) for name in methods))
        for seed in seeds:
            values = np.array([by_method[name][seed] for name in methods])
            for name, value in zip(methods, values, strict=True):
                below, same = (values < value).sum(), (values == value).sum()
                places[name].append((below + (same + 1) / 2) / len(seeds))
    tables = sum(
        bool(set.intersection(*(set(by_method.get(name, {})) for name in methods))) for by_method in errors.values()
    )
    return {name: sum(of) / tables for name, of in places.items()} if tables else {}


def better(errors: Errors, one: str, other: str) -> tuple[int, int]:
    """On how many tables the mean error of one is below the other's, over their common seeds, and of how many."""
    found = means(errors, (one, other))
    return sum(mean[one] < mean[other] for mean in found.values()), len(found)


def report(lines: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: a row for each table, then the ranks, then the pairs, of the methods that have most tables done. A row
    is the mean over the seeds that all of them have."""
    errors = errors_of(lines)
    done = [name for name in METHODS if any(name in by_method for by_method in errors.values())]
    most = max(sum(name in by_method for by_method in errors.values()) for name in done)
    methods = [name for name in done if sum(name in by_method for by_method in errors.values()) == most]
    rows = ["| table | rows | seeds | " + " | ".join(methods) + " |", "|---" * (3 + len(methods)) + "|"]
    for source in SOURCES:
        by_method = errors.get(source.name, {})
        if not by_method:
            continue
        count = {line["rows"] for line in lines if line["table"] == source.name}
        shown = {name: by_seed for name, by_seed in by_method.items() if name in methods}
        common = set.intersection(*map(set, shown.values()))
        average = {name: float(np.mean([by_seed[s] for s in common])) for name, by_seed in shown.items() if common}
        if not common:
            continue
        best = min(average.values())
        cells = [_cell(average.get(name), best, source.task) for name in methods]
        rows.append(f"| {source.name} | {max(count):,} | {len(common)} | " + " | ".join(cells) + " |")
    place = ranks(errors, methods)
    rows.append("| *average rank* | | | " + " | ".join(f"{place[n]:.2f}" if n in place else "" for n in methods) + " |")
    pairs = []
    for ours in OURS:
        for name in methods:
            if ours in methods and name != ours:
                won, of = better(errors, ours, name)
                pairs.append(f"* {ours} better than {name} on {won} of {of} tables")
    left = [f"* not everywhere, so not shown: {name}" for name in done if name not in methods]
    return "\n".join([*rows, "", *pairs, *left])


def _cell(value: float | None, best: float, task: str) -> str:
    if value is None:
        return ""
    text = f"{100 * value:.2f} %" if task == "classification" else f"{value:.4g}"
    return f"**{text}**" if value == best else text
