"""The arguments of every component and of all that is public, and their defaults: whoever changes one changes what
others get who never named it.

``python -m tests.registry.test_defaults`` writes the list anew, where that is meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pellucid
import pellucid_tabular
from pellucid.registry.registry import default_registry

from tests.registry.lists import ours, write, written

LIST = Path(__file__).with_name("defaults.txt")


def signatures() -> Iterator[str]:
    """``kind vendor/name(argument=default, …)``, and of what the packages export whatever has a default."""
    for entry in ours():
        yield f"{entry.kind} {entry.name}{told(default_registry().load(entry))}"
    for package in (pellucid, pellucid_tabular):
        for name in sorted(package.__all__):
            value = getattr(package, name)
            methods = sorted(vars(value).items()) if inspect.isclass(value) else []
            for own, function in [("", value), *((f".{own}", f) for own, f in methods if not own.startswith("_"))]:
                if (inspect.isclass(function) or inspect.isfunction(function)) and "=" in (shown := told(function)):
                    yield f"{package.__name__}.{name}{own}{shown}"


class _Default(NamedTuple):
    """Shown without the place in memory that a function's ``repr`` tells."""

    value: Any

    def __repr__(self) -> str:
        named = inspect.isfunction(self.value) or inspect.isclass(self.value)
        return str(self.value.__qualname__) if named else repr(self.value)


def told(function: Any) -> str:
    """``(argument=default, …)``."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # of a class that Python defines: an exception's
        return "(…)"
    parameters = [
        p.replace(annotation=p.empty, default=p.default if p.default is p.empty else _Default(p.default))
        for p in signature.parameters.values()
    ]
    return str(signature.replace(parameters=parameters, return_annotation=signature.empty))


def test_every_argument_and_its_default_are_as_written() -> None:
    expected, found = written(LIST), list(signatures())
    assert len(found) > 200
    assert found == expected, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    write(LIST, signatures())
