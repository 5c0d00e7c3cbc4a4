"""export: the command that writes a page of a trained model, which predicts in its reader's browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pellucid import ConfigError, check_int, open_run, replacing

from pellucid_studio.export.demo import Demo
from pellucid_studio.export.describe import describe
from pellucid_studio.export.facts import facts_of, title_of
from pellucid_studio.export.samples import SHOWN, data_of, is_public
from pellucid_studio.export.writing import page as page_of

MOST_SAMPLES = 2000
LARGEST = 64 * 2**20
"""Bytes of a page: what a browser opens within seconds."""


def export(
    run: Path, page: Path, *, title: str | None = None, data: str | None = None, target: str | None = None,
    samples: int | None = None, inputs: Sequence[str] | None = None, replace: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write a page that predicts in its reader's browser: one file, without a server and without a network.

    Classifiers of pictures get a canvas to draw on, decoders a plane of codes to be dragged in, models of tables a form
    of their inputs.

    Args:
        run: a run folder or a saved model.
        page: the file, a .html.
        title: of the page; none takes the names of model and data.
        data: a file of samples or the name of a data set, for ranges and samples; none takes the run's own.
        target: column of the targets in a .csv file; none takes that of the run.
        samples: how many samples the page may show, and so publish; none takes 300 of a data set that everybody has,
            and no sample of files of one's own.
        inputs: names of the columns, where the model has none.
        replace: whether a page of this name may be there already.
    """
    _check_place(page, replace)
    if samples is not None:
        check_int(export, "samples", samples, f"[0, {MOST_SAMPLES}]")
    opened = open_run(run)
    found = describe(opened.model)
    split, unseen = data_of(opened, data, target)
    allowed = (SHOWN if is_public(opened, data) else 0) if samples is None else samples
    demo = Demo(opened.model, found, split, allowed, None if inputs is None else list(inputs), opened.target)
    told = demo.told() | {"facts": facts_of(opened), "unseen": unseen}
    text = page_of(title_of(opened) if title is None else title, found, told).encode()
    if len(text) > LARGEST:
        raise ConfigError(
            f"The page would have {len(text):,} bytes, and it may have {LARGEST:,}. Train a smaller model, or let the "
            "page show fewer samples: --samples 0."
        )
    with replacing(page) as file:
        file.write(text)
    holds = any(told.get(key) for key in ("samples", "points", "codes"))
    return {"file": str(page), "bytes": len(text), "shows": told["kind"], "holds_samples": holds}


def _check_place(page: Path, replace: bool) -> None:
    """Raise ConfigError unless this file may be written; called before any work is done for it."""
    if page.suffix.lower() not in (".html", ".htm"):
        raise ConfigError(f"The page is a file that must end in .html. Received: {page}.")
    if page.exists() and not (replace and page.is_file()):
        raise ConfigError(f"{page} exists already. Choose another name, or let it be replaced: --replace.")
    if not page.parent.is_dir():
        raise ConfigError(f"{page}: there is no folder {page.parent}. Make it first.")
