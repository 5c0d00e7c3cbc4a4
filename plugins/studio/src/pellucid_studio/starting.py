"""What a studio begins with: an experiment, a table, trained networks; and its page in a browser."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pellucid import ConfigError, Split, Viewed, listed, open_run
from pellucid.workbench.experiments.sections import read_sections

from pellucid_studio.presets import FIRST
from pellucid_studio.table import MOST_BYTES, give

LEFT_OUT = ("callbacks", "patience", "checkpoint_seconds", "threads")
"""Settings of [train] that belong to a training which nobody looks at."""


class First(NamedTuple):
    """The sections that the playground begins with, and what is to be said of them: what was left out; or nothing."""

    sections: dict[str, Any]
    note: str = ""


def first_sections(experiment: Path | None, table: Path | None) -> First:
    """What the playground begins with.

    Raises:
        ConfigError, DataError: a file that cannot be read.
    """
    sections, note = dict(FIRST) if experiment is None else read_sections(experiment), ""
    train = sections.get("train")
    if experiment is not None and isinstance(train, dict):
        sections["train"] = {key: value for key, value in train.items() if key not in LEFT_OUT}
        if found := [key for key in LEFT_OUT if key in train]:
            note = (
                f"Not used of [train] in {experiment.name}: {listed(found)}. In the studio whoever looks on decides "
                f"when a run ends, and nothing is written. pellucid train {experiment.name} uses all of it."
            )
    if table is not None:
        sections = {**sections, **_of_table(table)}
    return First(sections, note)


def _of_table(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
        text = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise ConfigError(f"--data {path}: {error.strerror}. Check the path.") from error
    if size > MOST_BYTES:
        raise ConfigError(f"--data {path}: it has {size:,} bytes, and the studio takes {MOST_BYTES:,}. Take some rows.")
    return {"data": {"type": "studio/own_table", "name": give(path.name, text)}}


def opened_runs(paths: Sequence[Path]) -> list[Viewed]:
    """Trained networks to look at, by names that tell them apart."""
    return [_opened(path, name) for path, name in zip(paths, names_of(paths), strict=True)]


def names_of(paths: Sequence[Path]) -> list[str]:
    """What each is called: the last part of its path, and as many before it as tell it from others called so."""
    whole = [path.absolute() for path in paths]  # a link keeps the name that it was given
    ways = [(*path.parent.parts[1:], path.name if path.is_dir() else path.stem) for path in whole]
    found = []
    for number, way in enumerate(ways):
        others = [other for other in ways if other != way]
        parts = next((n for n in range(1, len(way)) if all(other[-n:] != way[-n:] for other in others)), len(way))
        again = ways[:number].count(way)
        found.append("/".join(way[-parts:]) + (f" ({again + 1})" if again else ""))
    return found


def _opened(path: Path, name: str) -> Viewed:
    run = open_run(path)

    def read(part: str) -> Split:
        return run.samples(None, part)  # type: ignore[arg-type]  # who asks for another part is told

    return Viewed(run.model, name, read)


def open_page(address: str) -> None:
    """Open the page in a browser, if there is one on a screen of this machine; where not, the address is enough."""
    screen = sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    if screen or shutil.which("wslview"):
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
