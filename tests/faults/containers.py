"""Every container as the first, the middle, the last and the only part of a model, with every kind of layer in it.

A layer whose input gradient nobody wants may answer None or an array, and the first layers of a model are of that
kind. So each model is trained as a user would, on the compiled backend, where the first step is run and the others
are replayed, against the reference; and its gradients are held against a central difference along a random direction,
in float64, with the gradient of its input wanted and without.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pellucid as pl
from pellucid.interfaces.context import Context

from tests.faults._containers import CONTAINERS, freeze, kind

COUNT = 100_000
"""More than there are: all of them."""
SHORT = 40
PLACES = ("only", "first", "middle", "last")
ROWS, STEPS, H = 6, 3, 1e-6
ATTEMPTS = 4
"""A kink within H of one point, as of a rectifier, is not within H of another."""

Combination = tuple[str, tuple[str, ...], str]


def combinations() -> list[Combination]:
    """(container, kinds of its parts, place)."""
    return [
        (name, parts, place)
        for name, container in CONTAINERS.items()
        for parts in product(container.kinds, repeat=container.parts)
        for place in PLACES
    ]


def main(count: int, seed: int) -> str:
    rng = np.random.default_rng(seed)
    every = combinations()
    chosen = every if count >= len(every) else [every[i] for i in rng.choice(len(every), count, replace=False)]
    trained = sum(_tried(combination, seed) for combination in chosen)
    return (
        f"{len(chosen)} of {len(every)} combinations of {len(CONTAINERS)} containers, their layers and places have the "
        f"gradients of central differences; the {trained} with something to train were trained, and none failed"
    )


def _tried(combination: Combination, seed: int) -> bool:
    """Whether there was anything to train."""
    try:
        _compare_gradients(combination, seed)
        return _train(combination, seed)
    except AssertionError as error:
        raise AssertionError(f"{_said(combination)}: {error}") from error
    except Exception as error:
        raise AssertionError(f"{_said(combination)}: {type(error).__name__}: {error}") from error


def _said(combination: Combination) -> str:
    name, parts, place = combination
    return f"{name} of ({'; '.join(parts)}) as the {place} layer"


def _built(combination: Combination, seed: int, **options: Any) -> Any:
    name, parts, place = combination
    container = CONTAINERS[name]
    middle = container.make(*(kind(part, container.kinds) for part in parts))
    before = pl.Dense(container.shape[-1], "tanh") if place in ("middle", "last") else None
    after = pl.Dense(2) if place in ("first", "middle") else None
    model = pl.build(
        pl.Sequential([layer for layer in (before, middle, after) if layer is not None]),
        input_shape=container.shape, seed=seed, **options,
    )  # fmt: skip
    freeze(model)
    return model


def _compare_gradients(combination: Combination, seed: int) -> None:
    model = _built(combination, seed, dtype="float64", backend="reference")
    rng = np.random.default_rng([seed, 3])
    for param in model.parameters():  # biases of 0 behind a rectifier that lets nothing through are a kink of their own
        param.data = param.data + 0.3 * rng.normal(size=param.shape)
    for attempt in range(ATTEMPTS):
        slope, analytic = _slopes(combination, model, np.random.default_rng([seed, 1, attempt]))
        if abs(slope - analytic) <= 1e-5 * max(1.0, abs(slope)):
            return
    raise AssertionError(f"slope {slope}, by backward {analytic}")


def _slopes(combination: Combination, model: Any, rng: np.random.Generator) -> tuple[float, float]:
    """The slope along a random direction, by central differences and by backward."""
    x = rng.normal(size=(ROWS, *CONTAINERS[combination[0]].shape))
    params = [param for param in model.parameters() if param.trainable]
    dy = rng.normal(size=_context_and_output(model, x, True)[1].shape)
    of_x, grads = _gradients(model, x, dy, wanted=True)
    unasked = _gradients(model, x, dy, wanted=False)[1]
    for param, one, other in zip(params, grads, unasked, strict=True):
        assert np.array_equal(one, other), f"the gradient of {param.path} is another one where dx is not wanted"
    along_x, along = rng.normal(size=x.shape), [rng.normal(size=grad.shape) for grad in grads]
    analytic = np.vdot(of_x, along_x) + sum(np.vdot(g, v) for g, v in zip(grads, along, strict=True))
    values, start = [], [np.array(param.data) for param in params]
    for h in (H, -H):
        for param, at, v in zip(params, start, along, strict=True):
            param.data = at + h * v
        values.append(float(np.vdot(dy, _context_and_output(model, x + h * along_x, True)[1])))
    for param, at in zip(params, start, strict=True):
        param.data = at
    return (values[0] - values[1]) / (2 * H), float(analytic)


def _context_and_output(model: Any, x: Any, wanted: bool) -> tuple[Context, Any]:
    ctx = Context(model.runtime.ops, training=True, dtype="float64", needs_dx=(wanted,))
    return ctx, model.forward(ctx, x)


def _gradients(model: Any, x: Any, dy: Any, wanted: bool) -> tuple[Any, list[Any]]:
    """That at x, and those of what is trained."""
    for param in model.parameters():
        param.grad = np.zeros(param.shape)
    ctx, _ = _context_and_output(model, x, wanted)
    dx = model.backward(ctx, dy)
    return dx, [np.array(param.grad) for param in model.parameters() if param.trainable]


def _train(combination: Combination, seed: int) -> bool:
    """Whether there was anything to train: then the backends have taken the same steps."""
    ends = []
    for backend in ("reference", "cython"):
        model = _built(combination, seed, backend=backend)
        if not any(param.trainable for param in model.parameters()):
            return False
        shape = model.output_shape(*model.runtime.input_shapes)
        trainer = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.1}, clip_norm=0.1, seed=seed)
        rng = np.random.default_rng([seed, 2])
        before = [np.array(param.data) for param in model.parameters()]
        for _ in range(STEPS):
            x = rng.normal(size=(ROWS, *CONTAINERS[combination[0]].shape))
            assert np.isfinite(trainer.train_step(x, rng.normal(size=(ROWS, *shape))))
        ends.append([np.array(param.data) for param in model.parameters()])
        for param, one, other in zip(model.parameters(), before, ends[-1], strict=True):
            assert param.trainable or np.array_equal(one, other), f"{param.path} is frozen and has changed"
    for one, other in zip(*ends, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    return True
