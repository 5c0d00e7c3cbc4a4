"""The parameters of every layer and model, as its examples make them: shapes, whether they decay, how they begin.

A bias where there should be none, a weight that decays or begins twice as large: all of it trains, and every equation
holds. So they stand here once more. Whoever means it writes the list anew:
``python -m tests.registry.test_parameters``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pellucid import Component, Layer, build
from pellucid.registry.registry import default_registry

from tests.registry.lists import ours, write, written

LIST = Path(__file__).with_name("parameters.txt")


def parameters() -> Iterator[str]:
    """``kind vendor/name N: path(shape) decays size, …`` of the N-th example, and its states."""
    for name, model in built():
        told = [_told(param) for param in model.parameters()]
        told += [f"{state.path}{tuple(state.shape)} state" for state in model.states()]
        if told:
            yield f"{name}: {', '.join(told)}"


def built() -> Iterator[tuple[str, Layer]]:
    """Every layer and model of ours, built for each of its examples, by ``kind vendor/name N``."""
    for entry in ours("layer", "model"):
        examples = getattr(default_registry().load(entry), "examples", Component.examples)
        for number, example in enumerate(examples):
            shapes = [_shape(shape) for shape in example.input_shapes]
            given = shapes[0] if len(shapes) == 1 else shapes
            model = build({"type": entry.name, **example.arguments}, input_shape=given, seed=0)
            yield f"{entry.kind} {entry.name} {number}", model


def _shape(shape: tuple[Any, ...]) -> tuple[Any, ...]:
    """Without the kind of the numbers: ``("int", 5, 4)`` are whole numbers below 5, of shape (4,)."""
    if shape and isinstance(shape[0], str):
        return shape[2:] if shape[0] == "int" else shape[1:]
    return shape


def _told(param: Any) -> str:
    """How large the numbers are that it begins with, as far as every machine has the same."""
    size = float((param.data.astype(float) ** 2).mean()) ** 0.5 if param.data.size else 0.0
    return f"{param.path}{tuple(param.shape)}{' decays' if param.decay else ''} {size:.3g}"


def test_every_parameter_is_as_written() -> None:
    expected, found = written(LIST), list(parameters())
    assert len(found) > 50
    assert found == expected, f"If this is meant: python -m {__name__}"


if __name__ == "__main__":
    write(LIST, parameters())
