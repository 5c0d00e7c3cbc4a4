"""The quantities that a component's equations define, from those that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from pellucid.basics.component import Component
from pellucid.glassbox import equations
from pellucid.interfaces.parameters import Param, State


def evaluate(component: Component, **known: Any) -> dict[str, Any]:
    """Evaluate top to bottom; symbols stand for attributes, and that of an activation's name for its function."""
    names: dict[str, Any] = {**component.arguments(), **known}
    for symbol, attribute in component.symbols.items():
        value = getattr(component, attribute)
        if attribute == "activation":
            names[symbol] = equations.Activation(value)
        elif isinstance(value, Param | State):
            names[symbol] = np.array(value.data)
        else:
            names[symbol] = 0.0 if value is None else value
    return equations.evaluate(component.equations, names)
