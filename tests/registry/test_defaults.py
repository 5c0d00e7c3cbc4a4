"""The arguments of every component and of all that is public, and their defaults: whoever changes one changes what
others get who never named it.

``python -m tests.registry.test_defaults`` writes the list anew, where that is meant.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
            yield f"{entry.kind} {entry.name}({_told(registry.load(entry))})"
    for package in (pellucid, pellucid_tabular):
        for name in sorted(package.__all__):
            value = getattr(package, name)
            methods = sorted(vars(value).items()) if inspect.isclass(value) else []
            for own, function in [("", value), *((f".{own}", f) for own, f in methods if not own.startswith("_"))]:
                if (inspect.isclass(function) or inspect.isfunction(function)) and "=" in (told := _told(function)):
                    yield f"{package.__name__}.{name}{own}({told})"


def _told(function: Any) -> str:
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # of a class that Python defines: an exception's
        return "…"
    return ", ".join(p.name if p.default is p.empty else f"{p.name}={_default(p.default)}" for p in parameters)


def _default(value: Any) -> str:
    return str(value.__qualname__) if inspect.isfunction(value) or inspect.isclass(value) else repr(value)


def test_every_argument_and_its_default_are_as_written() -> None:
    written, found = LIST.read_text(encoding="utf-8").splitlines(), list(signatures())
    assert len(found) > 200
    assert found == written, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    LIST.write_text("\n".join(signatures()) + "\n", encoding="utf-8")
