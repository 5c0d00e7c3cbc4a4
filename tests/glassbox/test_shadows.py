"""Who looked at a step leaves it as it was: no component keeps what listened to its calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Component
from pellucid.glassbox.record.heard import HeardLosses

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3))
GOALS: dict[str, tuple[dict[str, Any], Any]] = {
    "mse": ({"loss": "mse"}, X[:, :2]),
    "of another": ({"loss": {"type": "signed", "loss": "mse"}}, X[:, :2]),
    "of several": ({"objective": {"type": "several_losses", "losses": {"y": "mse"}}}, {"y": X[:, :2]}),
}
LAYERS = [
    {"type": "dense", "units": 4, "activation": "tanh", "regularizer": "l2"}, {"type": "dropout"}, "batch_norm",
    {"type": "residual", "layer": {"type": "dense", "units": 4}}, {"type": "dense", "units": 2},
]  # fmt: skip


def components(held: Any, seen: set[int]) -> Iterator[Component]:
    """Whatever is held, and what that holds."""
    if id(held) in seen:
        return
    seen.add(id(held))
    if isinstance(held, Component):
        yield held
        held = vars(held)
    values = held.values() if isinstance(held, Mapping) else held if isinstance(held, list | tuple) else ()
    for value in values:
        yield from components(value, seen)


def listening(trainer: pl.Trainer) -> list[str]:
    held = (trainer.model, trainer.objective, trainer.optimizer, trainer.schedule)
    found = list(components(held, set()))
    assert len(found) > 7
    return [f"{type(each).__name__}.{name}" for each in found for name, value in vars(each).items()
            if isinstance(value, FunctionType | MethodType)]  # fmt: skip


@pytest.mark.parametrize("goal", GOALS)
def test_nothing_listens_once_a_step_was_traced(goal: str) -> None:
    how, y = GOALS[goal]
    model = pl.build({"type": "sequential", "layers": LAYERS}, input_shape=(3,), seed=0)
    trainer = pl.Trainer(model, **how, seed=0)
    assert listening(trainer) == []
    trace = trainer.trace_step(X, y)
    assert listening(trainer) == []
    trace.why("layers.0.weight.grad", (0, 0))
    trainer.model.trace(X)
    trace.certify()
    trainer.train_step(X, y)
    assert listening(trainer) == []


def test_losses_are_heard_while_their_loss_is_called_and_no_longer() -> None:
    inner = pl.MSE()
    loss, heard = pl.create("loss", "signed", loss=inner), HeardLosses()
    before = dict(vars(inner))
    with heard.listening(loss):
        assert {"forward", "backward"} <= vars(inner).keys()
    assert vars(inner) == before
    with pytest.raises(RuntimeError, match="in the midst"), heard.listening(loss):
        raise RuntimeError("in the midst")
    assert vars(inner) == before
