"""Gradients of parameters that the code of layers tells, call by call: of several calls, of several micro-batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest


class Scaled(pl.Composite):
    """``y = f(f(x s) s)``, with a parameter of its own."""

    def __init__(self) -> None:
        self.inner = pl.Dense(3, "tanh")

    def declare(self, *input_shapes: Any) -> None:
        self.scale = self.param("scale", (3,), init="ones")

    def call(self, ctx: Any, x: Any) -> Any:
        return self.inner(self.inner(x * self.scale) * self.scale)


class Shifted(pl.Layer):
    """``y = x + b``, by hand, without equations."""

    def output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def build(self, input_shape: Any) -> None:
        self.b = self.param("b", input_shape)

    def forward(self, ctx: Any, x: Any) -> Any:
        return x + self.b.data

    def backward(self, ctx: Any, dy: Any) -> Any:
        self.b.grad[...] += dy.sum(axis=0)
        return dy


class Twice(pl.Composite):
    """``y = f(f(x))``."""

    def __init__(self, inner: pl.Layer) -> None:
        self.inner = inner

    def call(self, ctx: Any, x: Any) -> Any:
        return self.inner(self.inner(x))


def opened(layer: pl.Layer, accumulate: int) -> Any:
    rng, traces = np.random.default_rng(0), []  # type: ignore[var-annotated]
    model = pl.build(pl.Sequential([pl.Dense(3), layer]), input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="mse", seed=0, accumulate=accumulate)
    trainer.openers.append((1, pl.read("callback", "trace").opener(trainer, traces.append)))
    trainer.fit(rng.normal(size=(5, 2)), rng.normal(size=(5, 3)), epochs=1, batch_size=6 // accumulate, verbose=False)
    assert len(traces[0].setting.sizes) == accumulate
    return traces[0]


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("layer", [Scaled, lambda: Twice(Scaled())])
def test_what_the_code_of_composites_adds_is_added_up(layer: Any, accumulate: int) -> None:
    trace = opened(layer(), accumulate)
    (name,) = [name for name in trace.names() if name.endswith("scale.grad")]
    why = trace.why(name, (1,))
    assert "run again" in why.note and not why.measured and why.agrees
    assert any(parent.startswith("micro.2.") for parent, _ in why.parents) == (accumulate == 2)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("layer", [Shifted, lambda: Twice(Shifted())])
def test_where_code_cannot_tell_all_calls_are_measured(layer: Any, accumulate: int) -> None:
    trace = opened(layer(), accumulate)
    (name,) = [name for name in trace.names() if name.endswith("b.grad")]
    why = trace.why(name, (1,))
    assert why.measured and abs(why.total - why.value) < 1e-6
    assert any(parent.startswith("micro.2.") for parent, _ in why.parents) == (accumulate == 2)


def test_of_a_stranger_in_a_file_the_layer_is_named(tmp_path: Path) -> None:
    trace = opened(Twice(Shifted()), 1)
    trace.save(tmp_path / "step.safetensors")
    again = pl.load_trace(tmp_path / "step.safetensors")
    for name, cell in (("layers.1.inner.b.grad", (1,)), ("layers.1.inner.y", (1, 1)), ("layers.1.y", (1, 1))):
        why = again.why(name, cell)
        assert "made by the code of 'layers.1.inner'" in why.note and why.parents
    with pytest.raises(pl.ConfigError, match="not registered"):
        again.replay()


def test_a_state_that_nobody_asked_to_change_is_what_it_was() -> None:
    """Batch norm learns nothing of a single row."""
    model = pl.build(pl.Sequential([pl.BatchNorm(), pl.Dense(3)]), input_shape=(2,), seed=0)
    trainer, traces = pl.Trainer(model, loss="mse", seed=0), []  # type: ignore[var-annotated]
    trainer.openers.append((2, pl.read("callback", "trace").opener(trainer, traces.append)))
    trainer.fit(np.ones((3, 2)), np.ones((3, 3)), epochs=1, batch_size=2, verbose=False)
    assert "layers.0.running_mean.asked" not in traces[0]
    why = traces[0].why("layers.0.running_mean.new", (1,))
    assert why.parents == [("layers.0.running_mean", (1,))] and why.agrees
