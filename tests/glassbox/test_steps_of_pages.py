"""In which step of a page a quantity stands, whatever targets and parameters are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page.steps import all_calls, steps_of

X = np.random.default_rng(0).normal(size=(4, 3))


class Two(pl.Composite):
    output_names = ("rate", "observed")

    def __init__(self) -> None:
        self.one, self.other = pl.Dense(1), pl.Dense(1)

    def call(self, ctx: pl.Context, x: Any) -> Any:
        return self.one(x), self.other(x)


class Scaled(pl.Composite):
    """``rate · x``, with a state that remembers the last mean."""

    def declare(self, input_shape: Any) -> None:
        self.rate = self.param("rate", input_shape, init="normal")
        self.seen = self.state("seen", input_shape)

    def call(self, ctx: pl.Context, x: Any) -> Any:
        ctx.update(self.seen, np.mean(x.value, axis=0), 0.5)
        return x * ctx.variable(self.rate)


def steps(trace: Any) -> dict[str, list[str]]:
    """``phase: title`` -> the names that stand there."""
    return {f"{step['phase']}: {step['title']}": step["names"] for step in steps_of(trace, all_calls(trace))}


def test_targets_stay_among_the_data_whatever_they_are_called() -> None:
    trainer = pl.Trainer(pl.build(Two(), input_shape=(3,), seed=0), loss={"rate": "mse", "observed": "mse"}, seed=0)
    found = steps(trainer.trace_step(X, {"rate": X[:, :1], "observed": X[:, 1:2]}))
    assert found["data: The data"] == ["rows", "x", "y.rate", "y.observed"]
    assert not any("y.rate" in step or "y.observed" in step for step in found)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_state_stands_with_what_it_was_asked_to_become_and_a_parameter_with_its_own(optimizer: str) -> None:
    trainer = pl.Trainer(pl.build(Scaled(), input_shape=(3,), seed=0), loss="mse", optimizer=optimizer, seed=0)
    found = steps(trainer.trace_step(X, X))
    assert {"seen.asked", "seen.rate", "seen.new"} <= set(found["update: seen"])
    assert "rate.new" in found["update: rate"] and all("rate" in name for name in found["update: rate"])
    assert found["data: The data"] == ["rows", "x", "y", "rate", "seen"]  # as they were before


class Prepares(pl.Objective):
    """Gives its model ``(2x)² + 1``, in three equations of which code keeps the last alone."""

    equations = (
        pl.Equation("d", "d = 2x", "2 * x"), pl.Equation("c", "c = d^2", "d * d"),
        pl.Equation("seen0", "s = c + 1", "c + 1"), pl.Equation("e", "e = 3x", "3 * x"),
        pl.Equation("objective", r"L = \tfrac12 \overline{y^2}", "np.mean(y**2) / 2"),
    )  # fmt: skip

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        ctx.y = model.forward(ctx.child("model", needs_dx=(False,)), 4 * batch.x * batch.x + 1)
        return (ctx.y**2).mean(dtype="float64") / 2

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), ctx.y / ctx.y.size)

    def metric_pair(self, ctx: Any) -> Any:
        return ctx.y, ctx.y


def test_what_an_objective_makes_for_its_model_stands_among_the_data_with_all_that_it_is_made_of() -> None:
    trainer = pl.Trainer(pl.build(pl.Dense(2), input_shape=(3,), seed=0), objective=Prepares(), seed=0)
    found = steps(trainer.trace_step(X))
    assert found["data: The data"] == ["rows", "x"]
    assert found["data: objective · Prepares"] == ["model.x", "objective.d", "objective.c"]
    assert found["loss: objective · Prepares"] == ["objective.e", "loss"]
