"""What the study of first weights says."""

from __future__ import annotations

from studies.drawing import Drawing
from studies.results import Results, Setting
from studies.words import in_order

DRAWING = Drawing(curve="loss", apart="model.activation")
LEARNS = 0.5
"""Test accuracy of a network that has learned something; chance is 0.1."""


def sentences(results: Results) -> tuple[str, str]:
    by_activation = {
        activation: [s for s in results.settings if s.changes["model.activation"] == activation]
        for activation in ("tanh", "relu")
    }
    return (
        " ".join(f"With {name} learn {_of(settings)}." for name, settings in by_activation.items()),
        " ".join(_dead(name, settings) for name, settings in by_activation.items()),
    )


def _of(settings: list[Setting]) -> str:
    return in_order([s for s in settings if s.runs and s.mean("test accuracy") >= LEARNS]) or "none learns"


def _dead(name: str, settings: list[Setting]) -> str:
    dead = [s.name.partition(",")[0] for s in settings if not s.runs or s.mean("test accuracy") < LEARNS]
    return f"With {name} {'nothing is learned from ' + ', '.join(dead) if dead else 'all of them learn'}."
