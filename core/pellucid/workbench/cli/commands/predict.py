"""pellucid predict RUN FILE…: what a trained model says about the samples in files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.workbench.cli.console import Output, table

if TYPE_CHECKING:
    from pellucid.workbench.experiments.predictions import Predictions

_FORMATS = (".npz", ".json", ".csv")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder or a saved model")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="samples: .npy, .npz or .csv")
    parser.add_argument("--probabilities", action="store_true", help="the probability of every class")
    parser.add_argument("--target", metavar="COLUMN", help="a .csv file's column that is no input; default: the run's")
    parser.add_argument("--output", metavar="FILE", type=Path, help="a new .npz, .json or .csv, instead of a table")
    parser.add_argument("--backend", metavar="NAME", help="default: the one that the run was made with")


def run(args: argparse.Namespace, output: Output) -> None:
    import numpy as np

    from pellucid.workbench.experiments.finished import open_run
    from pellucid.workbench.experiments.outputs import check_output
    from pellucid.workbench.experiments.predictions import interpret, outputs_for_file

    if args.output is not None:
        check_output(args.output, *_FORMATS)
    opened = open_run(args.run, args.backend)
    parts = [outputs_for_file(opened, file, args.target) for file in args.files]
    predictions = interpret(opened.model, np.concatenate(parts))
    places = [(str(file), row) for file, part in zip(args.files, parts, strict=True) for row in range(len(part))]
    records = [_record(predictions, i, file, row, args.probabilities) for i, (file, row) in enumerate(places)]
    if args.output is not None:
        _write(args.output, predictions, records)
        written = {"samples": len(records), "output": str(args.output)}
        output.result(written, f"{len(records)} predictions written to {args.output}.")
    else:
        output.result(records, _table(records, len(args.files) > 1))


def _record(predictions: Predictions, i: int, file: str, row: int, all_classes: bool) -> dict[str, Any]:
    record: dict[str, Any] = {"file": file, "row": row}
    if predictions.probabilities is None:
        return record | {"outputs": predictions.outputs[i].tolist()}
    assert predictions.labels is not None
    probabilities = predictions.probabilities[i]
    record |= {"class": predictions.name(i), "probability": float(probabilities[predictions.labels[i]])}
    if all_classes:
        names = predictions.classes or [str(k) for k in range(len(probabilities))]
        record["probabilities"] = dict(zip(names, probabilities.tolist(), strict=True))
    return record


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record with one column for each class or output."""
    flat = {key: value for key, value in record.items() if key not in ("probabilities", "outputs")}
    flat |= record.get("probabilities", {})
    outputs = record.get("outputs", [])
    if not isinstance(outputs, list):
        return flat | {"output": outputs}
    return flat | {f"output {k}": value for k, value in enumerate(outputs)}


def _table(records: list[dict[str, Any]], with_file: bool) -> str:
    rows = [_flat(record) for record in records]
    names = [name for name in (rows[0] if rows else {}) if with_file or name != "file"]
    shown = [[f"{row[n]:.4f}" if isinstance(row[n], float) else str(row[n]) for n in names] for row in rows]
    return table([names, *shown])


def _write(path: Path, predictions: Predictions, records: list[dict[str, Any]]) -> None:
    from pellucid.saving.files import replace_text, to_json
    from pellucid.workbench.experiments.outputs import save_arrays, save_table

    if path.suffix.lower() == ".npz":
        save_arrays(path, **predictions.arrays())
    elif path.suffix.lower() == ".json":
        replace_text(path, to_json(records, indent=2) + "\n")
    else:
        rows = [_flat(record) for record in records]
        save_table(path, [list(rows[0]) if rows else [], *(list(row.values()) for row in rows)])
