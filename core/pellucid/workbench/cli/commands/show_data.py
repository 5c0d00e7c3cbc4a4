"""pellucid show-data DATA: what a table, a folder of images or a data set holds, in words and as a picture."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.workbench.cli.console import Output, table

MOST_SHOWN = 40
"""Characters of a text of a category."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", metavar="DATA", help="a file of samples, a folder of images, or the name of a data set")
    parser.add_argument("--target", metavar="COLUMN", action="append", help="the targets' column; may be given again")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", dest="settings", action="append", default=[],
        help="an argument of the data set, such as separator=tab",
    )  # fmt: skip
    parser.add_argument("--picture", metavar="FILE.png", type=Path, help="draw it: images, points, columns, texts")


def run(args: argparse.Namespace, output: Output) -> None:
    from pellucid.registry.config import read
    from pellucid.workbench.experiments.file_reading import told_of_texts
    from pellucid.workbench.experiments.outputs import check_output
    from pellucid.workbench.experiments.sections import change, choose

    if args.picture is not None:
        check_output(args.picture, ".png", option="picture")
    sections: dict[str, Any] = {}
    choose(sections, "data", args.data)
    if args.target:
        sections["data"]["target"] = args.target if args.target[1:] else args.target[0]
    change(sections, [f"data.{setting}" for setting in args.settings])
    dataset = read("dataset", sections["data"], path="data")
    report = getattr(dataset, "report", None)
    with told_of_texts(args.data):
        splits = None if callable(report) and args.picture is None else dataset.splits()
        found = report() if callable(report) else _of_splits(dataset, splits)
    text = f"{args.data}\n\n{_text(found)}"
    if args.picture is not None:
        _draw(args, dataset, splits, found)
        found, text = {**found, "picture": str(args.picture)}, f"{text}\n\npicture: {args.picture}"
    output.result({"data": args.data, **found}, text)


def _draw(args: argparse.Namespace, dataset: Any, splits: Any, found: Mapping[str, Any]) -> None:
    try:
        from pellucid.workbench.data_pictures.drawing import draw_data
    except ImportError as error:
        raise ConfigError('Pictures are drawn by matplotlib, which is missing: pip install "pellucid[plot]".') from (
            error
        )
    draw_data(args.data, dataset, splits, found, args.picture)


def _of_splits(dataset: Any, splits: Any) -> dict[str, Any]:
    """What any data set tells: how many samples, their columns if they are few, classes and how often they occur."""
    import numpy as np

    from pellucid.basics.arrays import as_tuple
    from pellucid.interfaces.rows import in_memory

    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    found: dict[str, Any] = {"rows": sum(map(len, parts.values())), "parts": {name: len(parts[name]) for name in parts}}
    train = splits.train
    if not in_memory(train):
        return found
    x = as_tuple(train.x)[0]
    found["decided"] = [{"what": name, "value": value, "why": ""} for name, value in dataset.decided().items()]
    if x.ndim == 2:
        names = train.features or [str(i) for i in range(x.shape[1])]
        found["columns"] = [
            {"name": name, "kind": str(x.dtype), "min": float(values.min()), "max": float(values.max())}
            for name, values in zip(names, x.T, strict=True)
        ]
    else:
        found["x"] = {"shape": list(x.shape), "kind": str(x.dtype), "min": float(x.min()), "max": float(x.max())}
    if train.labels is not None:
        labels = [part.labels for part in parts.values() if len(part) and part.labels is not None]
        which, often = np.unique(np.concatenate(labels), return_counts=True)
        classes = train.classes or [str(label) for label in range(int(which.max()) + 1)]
        counts = {classes[label]: int(n) for label, n in zip(which, often, strict=True)}
        found["targets"] = [{"name": "y", "kind": "classes", "counts": counts}]
    elif isinstance(train.y, np.ndarray):
        found["targets"] = [{"name": "y", "kind": "numbers", "min": float(train.y.min()), "max": float(train.y.max())}]
    return found


def _text(found: Mapping[str, Any]) -> str:
    text = [f"{found['rows']:,} rows" + "".join(f", {n:,} {name}" for name, n in found.get("parts", {}).items())]
    if "x" in found:
        text.append(f"x is {found['x']['kind']} {tuple(found['x']['shape'])}, {_range(found['x'])}")
    if found.get("decided"):
        text.append("decided:\n" + table(((d["what"], _said(d["value"]), d["why"]) for d in found["decided"]), "  "))
    for title in ("columns", "targets"):
        if found.get(title):
            text.append(f"{title}:\n" + table(map(_row, found[title]), "  "))
    return "\n\n".join(text)


def _row(column: Mapping[str, Any]) -> tuple[str, ...]:
    missing = f"{column['missing']:,} missing" if column.get("missing") else ""
    return column["name"], column["kind"].replace("_", " "), missing, _range(column), column.get("why", "")


def _range(column: Mapping[str, Any]) -> str:
    if "counts" in column:
        counts, different = column["counts"], column.get("different", len(column["counts"]))
        shown = ", ".join(f"{_shown(text)} {n:,}" for text, n in list(counts.items())[:5])
        return shown + (f", … ({different} different)" if different > 5 else "")
    if "min" not in column:
        return ""
    low, high = (f"{end:.6g}" if isinstance(end, float) else str(end) for end in (column["min"], column["max"]))
    return f"{low} to {high}" + (f", median {column['median']:.6g}" if "median" in column else "")


def _shown(text: str) -> str:
    """On one line, and of a length at which the next column is still seen."""
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _said(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
