"""Who looked at a step leaves it as it was: no component keeps what listened to its calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
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


def test_a_trainer_opens_no_step_after_the_one_that_was_asked_for() -> None:
    trainer = pl.Trainer(pl.build(pl.Dense(2), input_shape=(3,), seed=0), loss="mse", seed=0)
    own = (1, lambda step: nullcontext(False))
    trainer.openers.append(own)
    for _ in range(2):
        trainer.trace_step(X, X[:, :2])
        assert trainer.openers == [own]
    with pytest.raises(pl.NumericalError):
        trainer.trace_step(X, 1e30 * X[:, :2])
    with pytest.raises(pl.DataError, match="may keep 10 bytes"):
        trainer.trace_step(X, X[:, :2], limit=10)
    assert trainer.openers == [own]


class Doubling(pl.Layer):
    """Its second equation goes on from its first, and its gradient from both."""

    equations = (
        pl.Equation("d", "d = 2x", "2 * x"), pl.Equation("y", "y = d + 1", "d + 1"),
        pl.Equation("dx", r"dx = 2 \,dy + 0 \cdot d", "2 * dy + y + d"),
    )  # fmt: skip

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        return 2 * x + 1

    def backward(self, ctx: Any, dy: Any) -> Any:
        return 2 * dy


def test_equations_go_on_from_what_was_recorded() -> None:
    model = pl.build(pl.Sequential([pl.Dense(2), Doubling()]), input_shape=(3,), seed=0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(X, X[:, :2])
    call = next(c for top in trace.calls for c in top.within() if c.path == "layers.1")
    x, dy = trace["layers.1.x"].astype(np.float64), trace["layers.1.dy"].astype(np.float64)
    trace.quantity("layers.1.y").array = np.full(x.shape, 7.0, np.float32)  # as code would give that has a mistake
    assert (trace.evaluated(call, "y")["y"] == 2 * x + 1).all()  # the equation itself says the same as before
    assert (trace.evaluated(call, "dx")["dx"] == 2 * dy + 7.0 + 2 * x).all()
    assert (trace["layers.1.d"] == 2 * x).all()
