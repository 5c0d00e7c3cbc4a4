"""Layers name what they take: ``forward(self, ctx, x)`` beside ``output_shape(self, input_shape)``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from pellucid import Composite, Layer
from pellucid.registry.registry import default_registry


def classes() -> list[type[Layer]]:
    """The registered layers and models of the core and of the installed plugins whose authors write forward."""
    registry = default_registry()
    for vendor in registry.plugins.found:
        registry.plugins.load(vendor)
    loaded = (registry.load(entry) for entry in registry.entries() if entry.kind in ("layer", "model"))
    return [c for c in loaded if isinstance(c, type) and issubclass(c, Layer) and not issubclass(c, Composite)]


def named(method: Callable[..., Any]) -> bool:
    """Whether a method takes a fixed number of arguments."""
    return all(p.kind is not p.VAR_POSITIONAL for p in inspect.signature(method).parameters.values())


@pytest.mark.parametrize("layer", classes())
def test_forward_and_backward_name_arrays_where_output_shape_names_shapes(layer: type[Layer]) -> None:
    if named(layer.output_shape):
        assert named(layer.forward)
        assert named(layer.backward)
