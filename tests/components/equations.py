"""Evaluates a component's equations, top to bottom: each names a quantity that those below may use."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from pellucid.component import Component
from pellucid.layer import Layer, Param, State

from tests.components.support import built

erf = np.vectorize(math.erf, otypes=[float])


class Function:
    """The f of a layer with a fused activation: its equations are those of the activation's own layer."""

    def __init__(self, layer: Layer | None) -> None:
        self.layer = layer

    def __call__(self, z: Any) -> Any:
        return z if self.layer is None else evaluate(self.layer, x=z, dy=np.ones_like(z))["y"]

    def derivative(self, z: Any) -> Any:
        return np.ones_like(z) if self.layer is None else evaluate(self.layer, x=z, dy=np.ones_like(z))["dx"]


def evaluate(
    component: Component, activations: dict[str, Callable[[], Layer]] | None = None, **known: Any
) -> dict[str, Any]:
    """All quantities that the equations define, by name, from those that are known (x, dy, …)."""
    names: dict[str, Any] = {"np": np, "erf": erf, **component.arguments(), **known}
    for symbol, attribute in component.symbols.items():
        value = getattr(component, attribute, None)
        if attribute == "activation":
            names[symbol] = Function(None if value is None else built((activations or {})[value](), (1,)))
        elif isinstance(value, Param | State):
            names[symbol] = np.array(value.data)
        else:
            names[symbol] = 0.0 if value is None else value
    defined = {}
    for equation in component.equations:
        if equation.python is not None:
            names[equation.of] = defined[equation.of] = eval(equation.python, names)
    return defined
