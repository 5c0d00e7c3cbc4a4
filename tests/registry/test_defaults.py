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

LIST = Path(__file__).with_name("defaults.txt")
OURS = ("core", "ann", "ae", "cnn", "diffusion", "recurrent", "tabular", "transformer", "vae", "datasets", "studio")


def signatures() -> Iterator[str]:
    """``kind vendor/name(argument=default, …)``, and of what the packages export whatever has a default."""
    registry = default_registry()
    for entry in sorted(registry.entries(), key=lambda entry: (entry.kind, entry.vendor, entry.name)):
        if entry.vendor in OURS and entry.kind not in ("op", "backend"):
            yield f"{entry.kind} {entry.name}{_told(registry.load(entry))}"
    for package in (pellucid, pellucid_tabular):
        for name in sorted(package.__all__):
            value = getattr(package, name)
            methods = sorted(vars(value).items()) if inspect.isclass(value) else []
            for own, function in [("", value), *((f".{own}", f) for own, f in methods if not own.startswith("_"))]:
                if (inspect.isclass(function) or inspect.isfunction(function)) and "=" in (told := _told(function)):
                    yield f"{package.__name__}.{name}{own}{told}"


class _Default(NamedTuple):
    """Shown without the place in memory that a function's ``repr`` tells."""

    value: Any

    def __repr__(self) -> str:
        named = inspect.isfunction(self.value) or inspect.isclass(self.value)
        return str(self.value.__qualname__) if named else repr(self.value)


def _told(function: Any) -> str:
    try:
        signature = inspect.signature(function)
    except ValueError:  # of a class that Python defines: an exception's
        return "(…)"
    told = [
        p.replace(annotation=p.empty, default=p.default if p.default is p.empty else _Default(p.default))
        for p in signature.parameters.values()
    ]
    return str(signature.replace(parameters=told, return_annotation=signature.empty))


def test_every_argument_and_its_default_are_as_written() -> None:
    written, found = LIST.read_text(encoding="utf-8").splitlines(), list(signatures())
    assert len(found) > 200
    assert found == written, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    LIST.write_text("\n".join(signatures()) + "\n", encoding="utf-8")
