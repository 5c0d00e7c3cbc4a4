"""The arguments of every verb of a trained model, and of what the packages of plugins export, and their defaults.

They are what ``pellucid VERB RUN`` does where nothing is said: another seed, another number of samples, another split
are other figures. Whoever means it writes the list anew: ``python -m tests.registry.test_verbs``.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from pellucid.registry.registry import default_registry

from tests.registry.lists import OURS, write, written
from tests.registry.test_defaults import told

LISTED = {"pellucid", "pellucid_tabular"}
"""Packages whose names stand in the list of ``test_defaults``."""
LIST = Path(__file__).with_name("verbs.txt")


def signatures() -> Iterator[str]:
    """``verb module:function(argument=default, …) of model, …``, and of what the packages export."""
    of: dict[tuple[str, str], list[str]] = {}
    ours = [entry for entry in default_registry().entries() if entry.vendor in OURS]
    for entry in sorted(ours, key=lambda entry: (entry.kind, entry.name)):
        for verb, target in entry.verbs.items():
            of.setdefault((verb, target), []).append(f"{entry.kind} {entry.name}")
    for (verb, target), entries in sorted(of.items()):
        module, _, name = target.partition(":")
        shown = re.sub(r"\b(Posix|Windows)Path\(", "Path(", told(getattr(importlib.import_module(module), name)))
        yield f"{verb} {target}{shown} of {', '.join(entries)}"
    for package in sorted({str(entry.target).partition(":")[0].partition(".")[0] for entry in ours} - LISTED):
        exported = importlib.import_module(package)
        for name in sorted(getattr(exported, "__all__", ())):
            value = getattr(exported, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                yield f"{package}.{name}{told(value)}"


def test_every_verb_and_its_defaults_are_as_written() -> None:
    expected, found = written(LIST), list(signatures())
    assert len(found) > 20
    assert found == expected, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    write(LIST, signatures())
