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
MANY = 0.75
"""Of the splits that are done by whoever has done most."""


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
    """Markdown: a row for each table, then the ranks, then the pairs; who has not done many of the splits is held
    against ours in a table of its own. A row is the mean over the seeds that all of its methods have."""
    errors = errors_of(lines)
    done = [name for name in METHODS if any(name in by_method for by_method in errors.values())]
    splits = {name: sum(len(by_method.get(name, {})) for by_method in errors.values()) for name in done}
    methods = [name for name in done if splits[name] >= MANY * max(splits.values())]
    ours = [name for name in OURS if name in methods]
    few = [_table(lines, errors, [*ours, name], [name]) for name in done if name not in methods] if ours else []
    left = [] if ours else [f"* not everywhere, so not shown: {name}" for name in done if name not in methods]
    return "\n\n".join([_table(lines, errors, methods, methods), *few, *left])


def _table(lines: Sequence[Mapping[str, Any]], errors: Errors, methods: Sequence[str], others: Sequence[str]) -> str:
    average = means(errors, methods)
    rows = ["| table | rows | seeds | " + " | ".join(methods) + " |", "|---" * (3 + len(methods)) + "|"]
    for source in SOURCES:
        if (of := average.get(source.name)) is None:
            continue
        count = max(line["rows"] for line in lines if line["table"] == source.name)
        seeds = set.intersection(*(set(errors[source.name][name]) for name in methods))
        cells = [_cell(of[name], min(of.values()), source.task) for name in methods]
        rows.append(f"| {source.name} | {count:,} | {len(seeds)} | " + " | ".join(cells) + " |")
    place = ranks(errors, methods)
    rows.append("| *average rank* | | | " + " | ".join(f"{place[n]:.2f}" if n in place else "" for n in methods) + " |")
    pairs = [
        "* {} better than {} on {} of {} tables".format(one, other, *better(errors, one, other))
        for one in OURS if one in methods for other in others if other != one
    ]  # fmt: skip
    left = [source.name for source in SOURCES if source.name in errors and source.name not in average]
    return "\n".join(
        [*rows, "", *pairs, *([f"* left out, as not all have done them: {', '.join(left)}"] if left else [])]
    )


def _cell(value: float, best: float, task: str) -> str:
    text = f"{100 * value:.2f} %" if task == "classification" else f"{value:.4g}"
    return f"**{text}**" if value == best else text
