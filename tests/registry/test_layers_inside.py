"""The layers inside every layer and model, as its examples make them, and with which arguments.

That the attention of an encoder sees what follows, that a norm stands before and not behind: a model of layers that are
right one by one trains with any of it. Whoever means it writes the list anew:
``python -m tests.registry.test_layers_inside``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pellucid import Component, Layer

from tests.registry.lists import write, written
from tests.registry.test_parameters import built

LIST = Path(__file__).with_name("layers.txt")
SAYS = ("context", "default_objective", "default_transforms", "conditions")
"""What models say of themselves beside their arguments."""


def layers() -> Iterator[str]:
    """``kind vendor/name N: path Class(argument=value, …); …`` of the N-th example, without what is None."""
    for name, model in built():
        inside = [(path, layer) for path, layer in model.walk() if layer is not model]
        said = [f"{each}={_plain(getattr(model, each))}" for each in SAYS if getattr(model, each, None)]
        if inside or said:
            yield f"{name}: {'; '.join([_told('', model), *said, *(_told(path, layer) for path, layer in inside)])}"


def _told(path: str, layer: Layer) -> str:
    given = {name: value for name, value in layer.arguments().items() if value is not None and not _has_layers(value)}
    return f"{path} {type(layer).__name__}({', '.join(f'{name}={_plain(value)}' for name, value in given.items())})"


def _has_layers(value: Any) -> bool:
    return isinstance(value, Layer) or (isinstance(value, list | tuple) and any(map(_has_layers, value)))


def _plain(value: Any) -> str:
    """Components by their classes and arguments."""
    if isinstance(value, Component):
        return f"{type(value).__name__}({', '.join(f'{k}={_plain(v)}' for k, v in value.arguments().items())})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_plain(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_plain, value))}]"
    return repr(value)


def test_every_layer_inside_is_as_written() -> None:
    expected, found = written(LIST), list(layers())
    assert len(found) > 50
    assert found == expected, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    write(LIST, layers())
