"""No NumPy in generic code: every operation, layer, loss and optimizer runs on arrays that refuse to become NumPy's."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.interfaces.optimizer import Slots, make_segments
from pellucid.interfaces.parameters import Arena, Param
from pellucid.ops.random import Stream
from pellucid.standard.initializers.fixed import Zeros
from pellucid.standard.ops.base import Ops
from pellucid.standard.regularizers import L2

from tests.components import test_layer_gradients, test_losses, test_optimizers
from tests.components.support import REFERENCE, StrictOps, built, context, random_input
from tests.strict_xp import LeakError, strict_xp

STRICT = StrictOps()
to_host = STRICT.to_host


def on_device(value: Any) -> Any:
    return STRICT.asarray(value) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(
    ("cls", "arguments", "example"), test_layer_gradients.CASES, ids=test_layer_gradients.IDS
)  # fmt: skip
def test_layers(cls: Any, arguments: dict[str, Any], example: Any, training: bool) -> None:
    layer = built(cls(**arguments), *example.input_shapes)
    strict = built(cls(**arguments), *example.input_shapes, ops=STRICT)
    (x,) = random_input(example, rows=4)
    ctx, strict_ctx = context(training=training), context(STRICT, training=training)
    for c in (ctx, strict_ctx):
        c.begin(5, 0, row_offset=2, index=None if training else np.array([7, 1, 1, 3]))
    y, strict_y = layer.forward(ctx, x), strict.forward(strict_ctx, on_device(x))
    np.testing.assert_array_equal(to_host(strict_y), y)
    dx, strict_dx = layer.backward(ctx, y), strict.backward(strict_ctx, strict_y)
    np.testing.assert_array_equal(to_host(strict_dx), dx)
    ctx.commit()
    strict_ctx.commit()
    for mine, its in zip(layer.parameters(), strict.parameters(), strict=True):
        np.testing.assert_array_equal(to_host(its.grad), mine.grad)
    for state, its_state in zip(layer.states(), strict.states(), strict=True):
        np.testing.assert_array_equal(to_host(its_state.data), state.data)


@pytest.mark.parametrize(
    ("name", "loss", "prediction", "target", "weight"), test_losses.CASES, ids=[c[0] for c in test_losses.CASES]
)  # fmt: skip
def test_losses_too(name: str, loss: Any, prediction: Any, target: Any, weight: Any) -> None:
    ctx, strict_ctx = context(), context(STRICT)
    value = loss.forward(ctx, prediction, target, weight)
    strict_value = loss.forward(strict_ctx, on_device(prediction), on_device(target), on_device(weight))
    assert float(strict_value) == float(value)
    np.testing.assert_array_equal(to_host(loss.backward(strict_ctx)), loss.backward(ctx))
    assert strict_ctx.count == ctx.count


@pytest.mark.parametrize("optimizer", test_optimizers.CASES, ids=repr)
def test_optimizers_too(optimizer: Any) -> None:
    results = []
    for ops in (REFERENCE, STRICT):
        param = Param("weight", (3, 4), Zeros(), True, None, None, None)
        arena = Arena([param], "float32", ops)
        ops.fill(param.data, 0.5)
        slots = Slots(arena)
        for _ in range(3):
            ops.fill(param.grad, 0.25)
            slots.t += 1
            optimizer.step(make_segments(optimizer, slots))
        results.append(ops.to_host(param.data))
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
def test_training_too(accumulate: int, weighted: bool) -> None:
    """Epochs with a smaller last step, and single steps: the reference's bits."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(50, 6)), rng.integers(0, 3, 50)
    weight = rng.integers(0, 3, 50).astype(float) if weighted else None
    layers = [{"type": "dense", "units": 8}, {"type": "batch_norm"}, {"type": "dropout"}, {"type": "dense", "units": 3}]

    def trained(ops: Ops) -> tuple[Any, ...]:
        model = pl.build({"type": "sequential", "layers": layers}, input_shape=(6,), seed=0, backend=ops)
        schedule = {"type": "cosine", "steps": 30}
        trainer = pl.Trainer(
            model, loss="softmax_cross_entropy", schedule=schedule, accumulate=accumulate, clip_norm=1.0, seed=0
        )
        trainer.fit((x, y), sample_weight=weight, validation=(x, y), epochs=2, batch_size=8, verbose=False)
        losses = [trainer.train_step(x[:9], y[:9], weight=None if weight is None else weight[:9]) for _ in range(3)]
        learned = [*model.parameters(), *model.states()]
        return trainer.history.records, losses, [np.array(ops.to_host(part.data)).tolist() for part in learned]

    assert trained(STRICT) == trained(REFERENCE)


def test_the_remaining_operations() -> None:
    x = STRICT.asarray(np.linspace(-2, 2, 12).reshape(4, 3))
    out, total = STRICT.empty((4, 3), "float64"), STRICT.zeros((), "float64")
    STRICT.copy(x, out)
    STRICT.scale(out, 2.0)
    STRICT.add_scaled(out, x, -1.0)
    STRICT.lerp(out, x, 0.5)
    np.testing.assert_allclose(to_host(out), to_host(x))
    STRICT.sum_squares(x, total)
    STRICT.clip_norm(out, total, 1.0)
    assert np.linalg.norm(to_host(out)) == pytest.approx(1)
    assert STRICT.guard_finite(total)
    picked = STRICT.empty((2, 3), "float64")
    STRICT.gather(x, np.array([3, 1]), picked)
    STRICT.gather(x, STRICT.asarray(np.array([3, 1])), picked)
    np.testing.assert_array_equal(to_host(picked), to_host(x)[[3, 1]])
    cursor, index = STRICT.asarray(np.array(1)), STRICT.asarray(np.zeros(2, np.int64))
    STRICT.next_rows(STRICT.asarray(np.array([3, 2, 1, 0])), cursor, index)
    STRICT.increment(cursor)
    assert int(cursor) == 4 and to_host(index).tolist() == [2, 1]
    for cell, rows in ((np.array([1, 2], np.uint64), None), (np.array([1, 0], np.uint64), np.arange(2, 6))):
        strict_out, mine = STRICT.empty((4, 3), "float32"), np.empty((4, 3), "float32")
        for name in ("random_uniform", "random_normal"):
            getattr(STRICT, name)(Stream(cell, 9, rows), strict_out)
            getattr(REFERENCE, name)(Stream(cell, 9, rows), mine)
            np.testing.assert_array_equal(to_host(strict_out), mine)
    penalty, grad = L2(0.5), STRICT.zeros((4, 3), "float64")
    assert penalty.penalty(STRICT, x) == pytest.approx(float(total) / 4)
    penalty.add_gradient(STRICT, x, grad)


def test_the_stand_in_is_strict() -> None:
    """Otherwise the tests above would prove nothing."""
    x = strict_xp.asarray(np.ones(3))
    for leak in (
        lambda: np.asarray(x), lambda: np.exp(x), lambda: np.ones(3) + x, lambda: x + np.ones(3),
        lambda: x * np.float64(2), lambda: strict_xp.ones(3) @ np.ones(3),
        lambda: x.__iadd__(np.ones(3)), lambda: x.__setitem__(slice(None), np.ones(3)), lambda: x[np.array([0])],
        lambda: np.ones(3).__setitem__(slice(None), x), lambda: strict_xp.exp(np.ones(3)),
    ):  # fmt: skip
        with pytest.raises(TypeError):
            leak()
    with pytest.raises(LeakError):
        np.asarray(x)
    with pytest.raises(AttributeError, match="has no function 'vectorize'"):
        strict_xp.vectorize  # noqa: B018
    with pytest.raises(AttributeError, match="has no array method 'tolist'"):
        x.tolist()


def test_every_operation_is_documented() -> None:
    for name, function in inspect.getmembers(Ops, inspect.isfunction):
        if not name.startswith("_"):
            assert function.__doc__, name
            assert "out" not in inspect.signature(function).parameters or "out" in function.__doc__, name
