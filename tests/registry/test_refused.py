"""What every constructor refuses by itself, called as Python calls it, and what it says that it takes: a check that is
left out, or that names another argument, is seen by nobody where a configuration is held against its types before.

``python -m tests.registry.test_refused`` writes the list anew, where that is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from inspect import isclass, signature
from pathlib import Path

from pellucid.basics.errors import ConfigError, DataError
from pellucid.registry.config import create
from pellucid.registry.registry import default_registry

from tests.registry.lists import ours, write, written

LIST = Path(__file__).with_name("refused.txt")
FILES = {"core/files": {"train": "a.csv"}, "core/image_folder": {"train": "a"}, "core/mapped": {"x": "a.npy"}}
"""Data sets without examples, which read what the user names."""

TABLES = re.compile(r"(?<=given to this studio): .*")
"""Which tables the studio holds, in whose process other tests may have given it some."""


def refusals() -> Iterator[str]:
    """``kind vendor/name.argument: what it must be`` of each that is given an object of no use."""
    for entry in ours():
        target = default_registry().load(entry)
        if not isclass(target):
            continue
        examples = getattr(target, "examples", ())
        given = dict(examples[0].arguments) if examples else FILES.get(entry.name, {})
        others = {}
        with suppress(ConfigError, AttributeError):
            others = create(entry.kind, entry.name, **given).arguments()
        for name, parameter in signature(target).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            with suppress(AttributeError, DataError, LookupError, TypeError, ValueError, NotImplementedError):
                try:
                    target(**{**others, name: object()})
                except ConfigError as error:
                    said = re.match(rf"The '{name}' of {target.__name__} must be (.*)\. Received: <object", str(error))
                    if said is not None:
                        yield f"{entry.kind} {entry.name}.{name}: {TABLES.sub('', said[1])}"


def test_every_constructor_refuses_what_is_written() -> None:
    expected, found = written(LIST), list(refusals())
    assert len(found) > 200
    assert found == expected, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    write(LIST, refusals())
