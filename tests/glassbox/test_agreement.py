"""What is known of sums is known of quantities that equations alone give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.prove.agreement import _OpenedCall, all_calls

from tests.glassbox.every import cases


@pytest.mark.parametrize("name", ["core/layer_norm", "core/dense", "cnn/group_norm", "core/batch_norm"])
def test_sizes_are_kept_of_what_the_code_did_not_give(name: str) -> None:
    case = next(case for case in cases(name, "float32") if case.name == name)
    case.trainer.train_step(*case.batch)
    trace = case.trainer.trace_step(*case.batch)
    for call in all_calls(trace):
        known: dict[str, Any] = {}
        opened = _OpenedCall(trace, call, known, np.random.default_rng(0))
        alone = {of for of in opened.sizes if of not in opened.recorded}
        assert known.keys() == {call.name_of(of) for of in alone} & set(trace.names())
        assert not {call.name_of(of) for of in opened.recorded} & known.keys()


class Ahead(pl.Layer):
    """Its first equation names its second, which code has given."""

    equations = (pl.Equation("z", "z = y - 1", "y - 1"), pl.Equation("y", "y = 2x", "2 * x"))

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        return 2 * x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return 2 * dy


def test_equations_are_ahead_that_name_what_they_are_to_give_or_what_stands_below() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3))
    sgd = {"type": "sgd", "lr": 0.1, "weight_decay": 0.1}
    trainer = pl.Trainer(pl.build(pl.Sequential([pl.Dense(3), Ahead()]), input_shape=(3,)), loss="mse", optimizer=sgd)
    trace = trainer.trace_step(x, x)
    opened = {c.pattern: _OpenedCall(trace, c, {}, np.random.default_rng(0)) for c in all_calls(trace)}
    assert {pattern: each.ahead for pattern, each in opened.items() if each.ahead} == {"layers.1.{}": {"z"}}
    (step,) = [each for pattern, each in opened.items() if pattern == "optimizer.{}.layers.0.weight"]
    assert "theta" in step.recorded and "theta" in step.call.given  # as it was before: that is not ahead
