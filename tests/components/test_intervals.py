"""Between which numbers outputs lie: as layers say it, and for inputs far to one side of 0, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid import Component
from pellucid.registry.registry import default_registry

from tests.registry.lists import OURS

INFINITE = float("inf")
ANY = (-INFINITE, INFINITE)
LAYERS = [
    (entry.name, example)
    for entry in sorted(default_registry().entries("layer"), key=lambda entry: entry.name) if entry.vendor in OURS
    for example in getattr(default_registry().load(entry), "examples", Component.examples)
    if not any(part and isinstance(part[0], str) for part in example.input_shapes)
]  # fmt: skip


@pytest.mark.parametrize(("name", "example"), LAYERS, ids=lambda value: value if isinstance(value, str) else "")
def test_outputs_lie_where_the_layer_says(name: str, example: Any) -> None:
    shapes = [tuple(3 if n is None else n for n in shape) for shape in example.input_shapes]
    model = pl.build({"type": name, **example.arguments}, input_shape=shapes[0] if len(shapes) == 1 else shapes, seed=0)
    rng = np.random.default_rng(0)
    for low, high in ((2.0, 3.0), (-3.0, -2.0), (-1.0, 1.0)):
        x = [rng.uniform(low, high, (4, *shape)).astype("f4") for shape in shapes]
        found = model.output_interval(*[(low, high)] * len(x))
        y: Any = model.predict(tuple(x) if len(x) > 1 else x[0])
        for part in y if isinstance(y, tuple) else [y]:
            assert found[0] - 1e-5 <= part.min() and part.max() <= found[1] + 1e-5, (low, high, found)


@pytest.mark.parametrize(
    ("layer", "given", "expected"),
    [
        ({"type": "cnn/max_pool2d"}, [(2, 3)], (0, 3)), ({"type": "cnn/average_pool2d"}, [(2, 3)], (0, 3)),
        ({"type": "cnn/max_pool2d"}, [(-3, -2)], (-3, 0)), ({"type": "cnn/average_pool2d"}, [(-3, -2)], (-3, 0)),
        ({"type": "cnn/global_max_pool2d"}, [(2, 3)], (2, 3)), ({"type": "cnn/upsample"}, [(2, 3)], (2, 3)),
        ({"type": "cnn/global_average_pool2d"}, [(-3, -2)], (-3, -2)),
        ({"type": "cnn/concatenate"}, [(0, 1), (2, 3)], (0, 3)),
        ({"type": "cnn/concatenate"}, [(2, 3), (-1, 1)], (-1, 3)),
        ({"type": "cnn/conv2d", "filters": 1}, [(0, 1)], ANY),
        ({"type": "cnn/conv2d", "filters": 1, "activation": "sigmoid"}, [(0, 1)], (0, 1)),
        ({"type": "cnn/conv_transpose2d", "filters": 1, "activation": "relu"}, [(0, 1)], (0, INFINITE)),
        ({"type": "cnn/pixelwise", "layer": {"type": "dense", "units": 2, "activation": "tanh"}}, [(2, 3)], (-1, 1)),
        ({"type": "cnn/mirror_average", "layer": {"type": "flatten"}}, [(2, 3)], (2, 3)),
        ({"type": "recurrent/rnn", "units": 2}, [(2, 3)], (-1, 1)),
        ({"type": "recurrent/rnn", "units": 2, "activation": "relu"}, [(2, 3)], (0, INFINITE)),
    ],
)  # fmt: skip
def test_and_no_wider_than_that(layer: dict[str, Any], given: list[Any], expected: tuple[float, float]) -> None:
    assert tuple(pl.read("layer", layer).output_interval(*given)) == expected
