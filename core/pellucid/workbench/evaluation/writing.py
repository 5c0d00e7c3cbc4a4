"""An evaluation as a JSON document and as Markdown, and both in the folder of its run."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

from pellucid.basics.errors import DataError
from pellucid.saving.files import replace_text, to_json
from pellucid.workbench.evaluation.evaluation import Evaluation
from pellucid.workbench.evaluation.sections import sections
from pellucid.workbench.experiments.reading import read_at_most

MOST = 1 << 26
"""Bytes of an evaluation: of a thousand classes, the confusion matrix is the largest part."""


def document(found: Evaluation) -> dict[str, Any]:
    """What programs read: the figures by their names, and all the rest in ``"details"``."""
    told = asdict(replace(found, outcome=None))
    del told["outcome"]
    head = {name: told.pop(name) for name in ("run", "data", "split")}
    figures = told.pop("figures")
    if found.confusion is not None:
        told["confusion"]["counts"] = found.confusion.counts.tolist()
    return {**head, **figures, "details": told | {"figures": list(figures)}}


def markdown(found: Evaluation) -> str:
    """A page with every table, whole."""
    where = found.data if found.data is not None else "its own data"
    lines = [f"# Evaluation of {found.run}", "", f"On {where}{f', {found.split}' if found.split else ''}.", ""]
    for section in sections(found, whole=True):
        lines += [f"## {section.title}", ""] if section.title else []
        if not section.head and len(section.rows[0]) == 1:
            lines += [*(row[0] for row in section.rows), ""]
        else:
            rows = section.rows if section.head else [["figure", "value", "interval", "method"], *section.rows]
            lines += [markdown_table(rows), ""]
        lines += [section.remark, ""] if section.remark else []
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows, the first of which is the head."""
    head, *body = ([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def csv_table(rows: Iterable[Sequence[Any]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def write(found: Evaluation, folder: Path) -> Path:
    """Write ``evaluation.json`` and ``evaluation.md`` into a run folder; that of another split or of other data under a
    name of its own, so that each is replaced by its like alone.

    Returns:
        The path of the .json.

    Raises:
        CheckpointError: they cannot be written.
    """
    told = document(found)
    path = _free(folder, found, told)
    replace_text(path, to_json(told, indent=2) + "\n")
    replace_text(path.with_suffix(".md"), markdown(found))
    return path


def read(path: Path) -> dict[str, Any] | None:
    """The document of an evaluation that was written; None if there is none.

    Raises:
        DataError: it cannot be read, or is no evaluation.
    """
    try:
        content = read_at_most(path, MOST)
        told = json.loads(content) if len(content) <= MOST else None
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(told, dict) or not isinstance(told.get("details"), dict):
        raise _damaged(path, "it is no evaluation")
    return told


def _damaged(path: Path, why: str) -> DataError:
    remedy = f"Remove it, and write it again: pellucid evaluate {path.parent}."
    return DataError(f"{path} cannot be read: {why.rstrip('.')}. {remedy}")


def _free(folder: Path, found: Evaluation, told: dict[str, Any]) -> Path:
    """Where an evaluation of these samples stands, or may stand."""
    words = ["evaluation"]
    if found.data is not None:
        words.append(re.sub(r"[^\w.-]+", "-", Path(found.data).stem if found.split is None else found.data))
    if found.split not in (None, "test"):
        words.append(str(found.split))
    stem, number = "-".join(words), 1
    while True:
        path = folder / f"{stem}{f'-{number}' if number > 1 else ''}.json"
        with suppress(DataError):  # what is none of ours stays
            before = read(path)
            if before is None or all(before.get(name) == told[name] for name in ("data", "split")):
                return path
        number += 1
