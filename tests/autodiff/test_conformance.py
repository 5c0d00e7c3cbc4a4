"""Layers written as Composites pass the same conformance kit as those with a backward by hand."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.discovery import GROUP, Claim
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.standard.layers.dense import Dense
from pellucid.standard.layers.normalisation import LayerNorm
from pellucid.testing import conformance_cases
from pellucid.testing.registries import use_registry

from tests.saving.support import plugin


class Gated(pl.Composite):
    """``y = tanh(x W + b) ⊙ σ(x V + c) ⊙ s + s``."""

    equations = (
        pl.Equation("z", r"z = \tanh(x W + b)", "np.tanh(x @ W + b)"),
        pl.Equation("y", r"y = z \odot \sigma(x V + c) \odot s + s", "z / (1 + np.exp(-(x @ V + c))) * s + s"),
        pl.Equation("ds", r"ds = \sum_n dy_n \odot (z_n \odot \sigma_n + 1)"),
    )
    symbols = {"W": "value.weight", "b": "value.bias", "V": "gate.weight", "c": "gate.bias", "s": "scale"}  # noqa: RUF012
    examples = (pl.Example({"units": 3}), pl.Example({"units": 2}, ((None, 4),)))

    def __init__(self, units: int) -> None:
        self.units = units
        self.value, self.gate = Dense(units, "tanh"), Dense(units, "sigmoid")

    def declare(self, *input_shapes: Any) -> None:
        self.scale = self.param("scale", (self.units,), init="normal")

    def call(self, ctx: Any, x: Any) -> Any:
        return self.value(x) * self.gate(x) * self.scale + self.scale


class Pooled(pl.Composite):
    """Rows of a table picked by indices, normalised; their mean where a mask says so, beside the input."""

    equations = (
        pl.Equation("e", r"e_t = E_{i_t}", "E[x1]"),
        pl.Equation("v", r"v_t = \tfrac{1}{F} \sum_f (e_{tf} - \bar e_t)^2", "e.var(-1, keepdims=True)"),
        pl.Equation(
            "h",
            r"h_t = \gamma \odot (e_t - \bar e_t) / \sqrt{v_t + \varepsilon} + \beta",
            "gamma * (e - e.mean(-1, keepdims=True)) / np.sqrt(v + eps) + beta",
        ),
        pl.Equation("m", r"m_t = 1 \text{ where the mask is true, } 0 \text{ elsewhere}", "(x2 != 0)[:, :, None]"),
        pl.Equation(
            "y",
            r"y = \Big[x,\ \frac{\sum_t m_t h_t}{1 + \sum_t m_t}\Big]",
            "np.concatenate([x0, (h * m).sum(1) / (1 + m.sum(1))], 1)",
        ),
    )
    symbols = {"E": "table", "gamma": "norm.gamma", "beta": "norm.beta", "eps": "norm.eps"}  # noqa: RUF012
    examples = (pl.Example({"classes": 4}, ((3,), ("int", 4, 5), ("int", 2, 5))),)
    integer_inputs = (1, 2)

    def __init__(self, classes: int) -> None:
        self.classes = classes
        self.norm = LayerNorm()

    def declare(self, *input_shapes: Any) -> None:
        self.table = self.param("table", (self.classes, 3), init="normal")

    def call(self, ctx: Any, x: Any, indices: Any, mask: Any) -> Any:
        rows = self.norm(ctx.variable(self.table)[indices])  # (N, T, 3)
        there = np.where(mask[:, :, None], 1.0, 0.0)
        return np.concatenate([x, (rows * there).sum(axis=1) / (there.sum(axis=1) + 1.0)], axis=1)


def registry() -> Registry:
    def register(registry: Any) -> None:
        registry.layer("gated", f"{__name__}:Gated", summary="a gate")
        registry.layer("pooled", f"{__name__}:Pooled", summary="a table")

    sys.modules["pellucid_autodiff_witness"] = plugin(register)
    sys.modules.setdefault(__name__, sys.modules[Gated.__module__])
    return Registry(Plugins(lambda: [Claim("acme", "pellucid_autodiff_witness", GROUP, "pellucid-acme", "1.0")]))


REGISTRY = registry()
with use_registry(REGISTRY):
    CASES = conformance_cases("acme")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conformance(case: Any) -> None:
    with use_registry(REGISTRY):
        case.run()
