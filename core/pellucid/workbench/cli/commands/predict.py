"""pellucid predict RUN FILE…: what a trained model says about the samples in files, or about one's own photos."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.workbench.cli.console import Output

if TYPE_CHECKING:
    from pellucid.interfaces.layer import Layer
    from pellucid.workbench.experiments.finished import FinishedRun
    from pellucid.workbench.experiments.predictions import Predictions

Records = Callable[[], Iterator[dict[str, Any]]]
_FORMATS = (".npz", ".json", ".csv")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", type=Path, help="a run folder or a saved model")
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="samples: .npy, .npz, .csv; tables, texts; photos: .jpg, .png",
    )
    parser.add_argument("--probabilities", action="store_true", help="the probability of every class")
    parser.add_argument("--target", metavar="COLUMN", help="a .csv file's column that is no input; default: the run's")
    parser.add_argument(
        "--photo", choices=("ink", "resize"), help="how a photo becomes a sample: one character of ink on paper, or "
        "the whole photo; default: as the run's data",
    )  # fmt: skip
    parser.add_argument(
        "--seen",
        metavar="DIR",
        type=Path,
        help="the folder for PHOTO.seen.png, what the network saw; default: the photo's",
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="a new .npz, .json or .csv, instead of a table")
    parser.add_argument("--backend", metavar="NAME", help="default: the one that the run was made with")


def run(args: argparse.Namespace, output: Output) -> None:
    import numpy as np

    from pellucid.workbench.experiments.finished import open_run
    from pellucid.workbench.experiments.outputs import check_output
    from pellucid.workbench.experiments.predictions import interpret, outputs_for_file
    from pellucid.workbench.photos import is_photo

    if args.output is not None:
        check_output(args.output, *_FORMATS)
    opened = open_run(args.run, args.backend)
    seen: dict[str, str] = {}
    parts = [
        _of_photo(opened, file, args, output, seen) if is_photo(file)
        else outputs_for_file(opened, file, args.target)
        for file in args.files
    ]  # fmt: skip
    predictions = interpret(opened.model, parts[0] if len(parts) == 1 else np.concatenate(parts), opened.target)
    places = [(str(file), len(part)) for file, part in zip(args.files, parts, strict=True)]
    # Made one after the other, as often as they are asked for: all of them would take far more memory than the numbers.
    records = partial(_records, predictions, places, args.probabilities, seen)
    if args.output is not None:
        _write(args.output, predictions, records)
        written = {"samples": len(predictions.outputs), "output": str(args.output)}
        output.result(written, f"{written['samples']} predictions written to {args.output}.")
    else:
        output.long_result(lambda: _json(records), lambda: _table(records, len(args.files) > 1))


def _of_photo(
    run: FinishedRun[Layer], file: Path, args: argparse.Namespace, output: Output, seen: dict[str, str]
) -> Any:
    """The outputs for a photo; what the network saw of it is written, and said."""
    from pellucid.standard.images.reading import SEEN
    from pellucid.workbench.experiments.predictions import outputs_of
    from pellucid.workbench.photos import save_seen, seen_by

    found = seen_by(run.model, file, args.photo)
    outputs = outputs_of(run, found.x)
    path = save_seen(found, (args.seen or file.parent) / f"{file.stem}{SEEN}")
    seen[str(file)] = str(path)
    output.note(f"{file}: {found.said}. What the network saw: {path}")
    return outputs


def _records(
    predictions: Predictions, places: Sequence[tuple[str, int]], all_classes: bool,
    seen: Mapping[str, str] | None = None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """What is said of each sample; ``places`` are the files and how many samples each has, ``seen`` the pictures of
    what the network saw of photos."""
    samples = ((file, row) for file, count in places for row in range(count))
    for i, (file, row) in enumerate(samples):
        record = _record(predictions, i, file, row, all_classes)
        yield record | ({"seen": seen[file]} if seen and file in seen else {})


def _record(predictions: Predictions, i: int, file: str, row: int, all_classes: bool) -> dict[str, Any]:
    record: dict[str, Any] = {"file": file, "row": row}
    if predictions.probabilities is None:
        said = predictions.outputs if predictions.answers is None else predictions.answers
        key = "outputs" if predictions.answers is None else "probabilities"
        numbers = said[i].tolist()
        if predictions.names is not None:
            return record | {key: dict(zip(predictions.names, numbers, strict=True))}
        return record | {key: numbers}
    assert predictions.labels is not None
    probabilities = predictions.probabilities[i]
    record |= {"class": predictions.name(i), "probability": float(probabilities[predictions.labels[i]])}
    if all_classes:
        names = predictions.classes or [str(k) for k in range(len(probabilities))]
        record["probabilities"] = dict(zip(names, probabilities.tolist(), strict=True))
    return record


OWN = ("file", "row", "class", "probability", "seen")
"""Columns that a table may have; a class that is called so has another one."""


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record with one column for each class or output."""
    flat = {key: value for key, value in record.items() if key not in ("probabilities", "outputs")}
    for key, one in (("probabilities", "probability"), ("outputs", "output")):
        each = record.get(key, {})
        if isinstance(each, list):
            each = {f"{one} {k}": value for k, value in enumerate(each)}
        each = each if isinstance(each, dict) else {"output": each}
        for name, value in each.items():
            while name in OWN or name in flat:
                name = f"{one} {name}"
            flat[name] = value
    return flat


def _table(records: Records, with_file: bool) -> str:
    """Columns as wide as their widest cell, which is looked for first."""
    names = [name for name in _columns(records) if with_file or name != "file"]

    def rows() -> Iterator[list[str]]:
        yield names
        for record in records():
            row = _flat(record)
            yield [f"{row[n]:.4f}" if isinstance(row[n], float) else str(row[n]) for n in names]

    widths = [0] * len(names)
    for row in rows():
        widths = [max(width, len(cell)) for width, cell in zip(widths, row, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows())


def _json(records: Records) -> str:
    """A list of all records, indented as any other outcome."""
    from pellucid.saving.files import to_json

    shown = ",\n".join("  " + to_json(record, indent=2).replace("\n", "\n  ") for record in records())
    return f"[\n{shown}\n]" if shown else "[]"


def _columns(records: Records) -> list[str]:
    return next((list(_flat(record)) for record in records()), [])


def _write(path: Path, predictions: Predictions, records: Records) -> None:
    from pellucid.saving.files import replace_text
    from pellucid.workbench.experiments.outputs import save_arrays, save_table

    if path.suffix.lower() == ".npz":
        save_arrays(path, **predictions.arrays())
    elif path.suffix.lower() == ".json":
        replace_text(path, _json(records) + "\n")
    else:
        save_table(path, chain([_columns(records)], (list(_flat(record).values()) for record in records())))
