"""No NumPy in the plugins' layers: each runs on arrays that refuse to become NumPy's, with the reference's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Example
from pellucid.registry.registry import default_registry

from tests.components.support import REFERENCE, StrictOps, built, context, random_input

STRICT = StrictOps()
CASES = [
    pytest.param(entry.name, example, id=f"{entry.name}[{i}]")
    for entry in default_registry().entries("layer")
    if entry.vendor != "core"
    for i, example in enumerate(default_registry().load(entry).examples)
]


def several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def sized(example: Example) -> Example:
    """Axes of variable length get one."""
    shapes = tuple(tuple(4 if n is None else n for n in shape) for shape in example.input_shapes)
    return Example(example.arguments, shapes)


@pytest.mark.parametrize(("name", "example"), CASES)
def test_layers_of_plugins(name: str, example: Example) -> None:
    inputs = random_input(sized(example), rows=3)
    shapes = [x.shape[1:] for x in inputs]
    layer, strict = (
        built(pl.create("layer", name, **example.arguments), *shapes, ops=ops) for ops in (REFERENCE, STRICT)
    )
    ctx, strict_ctx = context(), context(STRICT)
    results = several(layer.forward(ctx, *inputs))
    strict_results = several(strict.forward(strict_ctx, *map(STRICT.asarray, inputs)))
    gradients = several(layer.backward(ctx, *results))
    strict_gradients = several(strict.backward(strict_ctx, *strict_results))
    for ours, its in zip((*results, *gradients), (*strict_results, *strict_gradients), strict=True):
        np.testing.assert_array_equal(ours, None if its is None else STRICT.to_host(its))
    for param, its_param in zip(layer.parameters(), strict.parameters(), strict=True):
        np.testing.assert_array_equal(STRICT.to_host(its_param.grad), param.grad)


def test_the_op_of_augmentations_too() -> None:
    rng = np.random.default_rng(0)
    x, grid, y = rng.normal(size=(2, 4, 5, 3)), rng.uniform(-2, 6, (2, 3, 4, 2)), np.empty((2, 3, 4, 3))
    REFERENCE.op("cnn/warp")(x, grid, y)
    strict_y = STRICT.empty(y.shape, "float64")
    STRICT.op("cnn/warp")(STRICT.asarray(x), STRICT.asarray(grid), strict_y)
    np.testing.assert_array_equal(STRICT.to_host(strict_y), y)


AUGMENTATIONS = [
    pytest.param(entry.name, example, id=f"{entry.name}[{i}]")
    for entry in default_registry().entries("transform")
    if entry.vendor != "core" and issubclass(default_registry().load(entry), pl.Augmentation)
    for i, example in enumerate(default_registry().load(entry).examples)
]


@pytest.mark.parametrize(("name", "example"), AUGMENTATIONS)
def test_augmentations_of_plugins(name: str, example: Example) -> None:
    augmentation = pl.create("transform", name, **example.arguments)
    x = np.random.default_rng(0).uniform(size=(3, *example.input_shapes[0]))
    ours, its = augmentation.augment(context(), x), augmentation.augment(context(STRICT), STRICT.asarray(x))
    np.testing.assert_array_equal(STRICT.to_host(its), ours)
