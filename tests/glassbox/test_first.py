"""What is not finite in a refused step is put in at a random place, and the error names that place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.glassbox.nets import bits

BAD = (np.nan, np.inf, -np.inf)
Injected = tuple[pl.Trainer, Callable[[], Any], str | list[str]]


class Fails(pl.Layer):
    """The identity, until it is told where it fails: in its output, its gradient, or in what it asks a state to be."""

    def __init__(self) -> None:
        self.place: Any = None

    def build(self, *shapes: Any) -> None:
        self.seen = self.state("seen", shapes[0])

    def output_shape(self, *shapes: Any) -> Any:
        return shapes[0]

    def forward(self, ctx: Any, x: Any) -> Any:
        if ctx.training:
            ctx.update(self.seen, self._spoiled("state", x[0].copy()), 0.1)
        return self._spoiled("y", x.copy())

    def backward(self, ctx: Any, dy: Any) -> Any:
        return self._spoiled("dx", dy.copy())

    def _spoiled(self, what: str, array: Any) -> Any:
        if self.place is not None and self.place[0] == what:
            array[self.place[1]] = self.place[2]
        return array


class FailingLoss(pl.Loss):
    """Half a squared error; ``bad`` stands in one cell of its gradient, or in its value."""

    def __init__(self) -> None:
        self.place: Any = None

    def forward(self, ctx: Any, prediction: Any, target: Any, weight: Any = None) -> Any:
        ctx.difference = prediction - target
        value = 0.5 * np.mean(np.sum(ctx.difference**2, axis=1))
        return np.asarray(self.place[2] if self.place is not None and self.place[0] == "loss" else value)

    def backward(self, ctx: Any) -> Any:
        gradient = ctx.difference / len(ctx.difference)
        if self.place is not None and self.place[0] == "dprediction":
            gradient[self.place[1]] = self.place[2]
        return gradient


def _model(rng: np.random.Generator, backend: str) -> tuple[Any, Any, Any, Any]:
    """A model with its loss, inputs and targets."""
    kind = rng.choice(["mlp", "norm", "residual", "lenet", "recurrent", "vae"])
    rows = int(rng.integers(4, 9))
    options: dict[str, Any] = {"seed": int(rng.integers(99)), "backend": backend}
    x, y = rng.normal(size=(rows, 5)), rng.integers(0, 3, rows)
    if kind == "lenet":
        x = rng.uniform(size=(rows, 14, 14, 1))
        return pl.build("lenet", input_shape=(14, 14, 1), outputs=3, **options), "softmax_cross_entropy", x, y
    if kind == "recurrent":
        x = rng.normal(size=(rows, 3, 5))
        return pl.build("recurrent_network", input_shape=(3, 5), outputs=3, **options), "softmax_cross_entropy", x, y
    if kind == "vae":
        return (
            pl.build("vae", input_shape=(5,), latent=2, hidden=[4], **options),
            None,
            rng.uniform(size=(rows, 5)),
            None,
        )
    activation = str(rng.choice(["relu", "tanh", "silu", "gelu"]))
    hidden = [pl.Dense(4, activation), Fails(), pl.Dense(4, "tanh")]
    if kind == "norm":
        hidden.insert(1, pl.BatchNorm())
    if kind == "residual":
        hidden.append(pl.Residual(pl.Sequential([pl.Dense(4, activation), Fails()])))
    model = pl.build(pl.Sequential([*hidden, pl.Dense(3)]), input_shape=(5,), **options)
    return model, "softmax_cross_entropy", x, y


def _place(name: str, cell: Any) -> str:
    return f"is {name}[{', '.join(map(str, cell))}] = " if len(cell) else f"is {name} = "


def _cell(rng: np.random.Generator, shape: Any) -> tuple[int, ...]:
    return tuple(int(rng.integers(n)) for n in shape)


def _weight(rng: np.random.Generator, backend: str) -> Injected:
    model, loss, x, y = _model(rng, backend)
    trainer = pl.Trainer(model, loss=loss, seed=1)
    for _ in range(rng.integers(0, 4)):  # with a plan and without
        trainer.train_step(x, y)
    params = model.parameters()
    param = params[rng.integers(len(params))]
    cell = _cell(rng, param.shape)
    param.data[cell] = rng.choice(BAD)

    def step() -> None:
        trainer.train_step(x, y)
        param.data[cell] = np.nan  # of an infinite one a rectifier may have made 0, and tanh 1
        trainer.train_step(x, y)

    return trainer, step, _place(param.path, cell)


def _data(rng: np.random.Generator, backend: str) -> Injected:
    """A number in the data of a fit: found at whichever step its row is in, by its place in the batch."""
    part, width = [("x", 5), ("y", 2), ("sample_weight", 0)][rng.integers(3)]
    rows, size = 24, int(rng.integers(2, 7))
    x, y = rng.normal(size=(rows, 5)), rng.normal(size=(rows, 2))
    row, value = int(rng.integers(rows)), rng.choice(BAD)
    column = (int(rng.integers(width)),) if width else ()
    expected: list[str] = []

    class Spoil(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            inputs, targets, weight, _ = run.data.arrays
            {"x": inputs, "y": targets, "sample_weight": weight}[part][(row, *column)] = value
            place = int(np.flatnonzero(run.data.order(0) == row)[0])
            micro = place // size % accumulate
            prefix = f"micro.{micro + 1}." if micro else ""
            expected.append(_place(f"{prefix}{part}", (place % size, *column)))

    model = pl.build("ann", input_shape=(5,), hidden=[4], outputs=2, seed=1, backend=backend)
    accumulate, spoil = int(rng.integers(1, 3)), Spoil()
    trainer = pl.Trainer(model, loss="mse", callbacks=[spoil], seed=int(rng.integers(99)), accumulate=accumulate)
    weight = np.ones(rows) if part == "sample_weight" else None
    return trainer, lambda: trainer.fit((x, y), epochs=1, batch_size=size, sample_weight=weight), expected


def _layer(rng: np.random.Generator, backend: str) -> Injected:
    while True:
        model, loss, x, y = _model(rng, backend)
        failing = [(path, layer) for path, layer in model.walk() if isinstance(layer, Fails)]
        if failing:
            break
    trainer = pl.Trainer(model, loss=loss, seed=1)
    for _ in range(rng.integers(0, 3)):
        trainer.train_step(x, y)
    path, layer = failing[rng.integers(len(failing))]
    what = str(rng.choice(["y", "dx", "state"]))
    cell = _cell(rng, (4,) if what == "state" else (len(x), 4))
    layer.place = what, cell, rng.choice(BAD)
    name = f"{path}.seen.asked" if what == "state" else f"{path}.{what}"
    return trainer, lambda: trainer.train_step(x, y), _place(name, cell)


def _loss(rng: np.random.Generator, backend: str) -> Injected:
    loss: Any = FailingLoss()
    model = pl.build("ann", input_shape=(5,), hidden=[4], outputs=2, seed=1, backend=backend)
    trainer = pl.Trainer(model, loss=loss, seed=1)
    x, y = rng.normal(size=(4, 5)), rng.normal(size=(4, 2))
    what = str(rng.choice(["loss", "dprediction"]))
    cell = _cell(rng, (4, 2)) if what == "dprediction" else ()
    loss.place = what, cell, rng.choice(BAD)
    return trainer, lambda: trainer.train_step(x, y), _place("loss.dprediction" if cell else "loss", cell)


def _forward_overflow(rng: np.random.Generator, backend: str) -> Injected:
    """Two layers in a row make a number too large out of such as are not."""
    depth = int(rng.integers(2, 5))
    model = pl.build("ann", input_shape=(5,), hidden=[4] * depth, outputs=2, activation="relu", seed=1, backend=backend)
    dense = [(path, layer) for path, layer in model.walk() if isinstance(layer, pl.Dense)]
    at = int(rng.integers(1, len(dense)))
    x = np.abs(rng.normal(size=(6, 5))) + 0.5
    for _, layer in dense:
        layer.weight.data[...] = np.abs(layer.weight.data) + 0.1
    dense[at - 1][1].weight.data[...] *= 1e25
    dense[at][1].weight.data[...] *= 1e25
    trainer = pl.Trainer(model, loss="mse", seed=1)
    return trainer, lambda: trainer.train_step(x, np.ones((6, 2))), f"is {dense[at][0]}.z[0, 0] = inf"


def _backward_overflow(rng: np.random.Generator, backend: str) -> Injected:
    """The outputs are finite, and the gradient of a weight is not."""
    model = pl.build(pl.Sequential([pl.Dense(3), pl.Dense(2)]), input_shape=(4,), seed=1, backend=backend)
    first, second = (layer for _, layer in model.walk() if isinstance(layer, pl.Dense))
    first.weight.data[...], second.weight.data[...] = 1e-30, 1e20
    x = np.full((4, 4), 1e10)
    trainer = pl.Trainer(model, loss="mse", seed=1)
    y = np.full((4, 2), rng.choice([-1.0, 1.0]) * 1e17)
    return trainer, lambda: trainer.train_step(x, y), "is layers.0.weight.grad[0, 0] = "


def _loss_weight(rng: np.random.Generator, backend: str) -> Injected:
    """The weight of one of two losses is so large that what comes back of it is not finite."""
    parts = [{"type": "dense", "units": 2}, {"type": "dense", "units": 2}]
    config = {"type": "parallel", "layers": parts, "join": "apart"}
    model = pl.build(config, input_shape=(5,), seed=1, backend=backend)
    bad = int(rng.integers(2))
    weights = [1.0, 1.0]
    weights[bad] = 1e300
    trainer = pl.Trainer(
        model, objective={"type": "several_losses", "losses": ["mse", "mse"], "weights": weights}, seed=1
    )
    x, y = rng.normal(size=(4, 5)), tuple(np.round(rng.normal(size=(4, 2))) for _ in weights)
    return trainer, lambda: trainer.train_step(x, y), f"is model.dy{bad}[0, 0] = "


KINDS = (_weight, _data, _layer, _loss, _forward_overflow, _backward_overflow, _loss_weight)


def _named_right(seed: int) -> None:
    rng = np.random.default_rng([seed, 3])
    inject = KINDS[int(rng.integers(len(KINDS)))]
    trainer, step, expected = inject(rng, ("cython", "reference")[seed % 2])
    with np.errstate(all="ignore"), pytest.raises(pl.NumericalError, match="was not applied") as caught:
        step()
    place = expected if isinstance(expected, str) else expected[0]
    assert f"The first number that is not finite {place}" in str(caught.value), inject.__name__
    if inject in (_forward_overflow, _backward_overflow):
        assert ", more than float32 holds. Lower the learning rate" in str(caught.value)
    assert not np.any(trainer.runtime.arena.grad)


@pytest.mark.parametrize("seed", range(40))
def test_the_first_number_that_is_not_finite_is_named(seed: int) -> None:
    _named_right(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 540))
def test_so_it_is_at_five_hundred_random_places(seed: int) -> None:
    _named_right(seed)


def test_a_worked_example_says_what_made_it() -> None:
    model = pl.build("dense", units=1, input_shape=(2,), seed=0, backend="reference")
    model.weight.data[...] = [[1e30], [1.0]]  # type: ignore[attr-defined]
    trainer = pl.Trainer(model, loss="mse", seed=0)
    with pytest.raises(pl.NumericalError) as caught:
        trainer.train_step([[1.0, 2.0], [2e15, 3.0]], [[0.0], [0.0]])
    said = str(caught.value)
    assert "is z[1, 0] = inf: z[1,0] = x[1,0]·W[0,0] + x[1,1]·W[1,0] + b[0]" in said.replace("model.", "")
    assert "= 2e+15·1e+30 + 3·1 + 0 = 2e+45, more than float32 holds. Lower the learning rate" in said


def test_nothing_of_the_trainer_changes() -> None:
    """After a step that was refused, training goes on with the bits of one that never saw it."""
    trainers = []
    for spoiled in (True, False):
        model = pl.build(pl.Sequential([pl.Dense(4, "relu"), pl.BatchNorm(), pl.Dropout(0.3), pl.Dense(3)]),
                         input_shape=(5,), seed=1)  # fmt: skip
        trainer = pl.Trainer(model, loss="mse", seed=2, clip_norm=1.0)
        rng = np.random.default_rng(0)
        for step in range(6):
            x, y = rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
            if spoiled and step % 2:
                with pytest.raises(pl.NumericalError, match="The first number that is not finite is loss"):
                    trainer.train_step(x, 1e30 * y)
            trainer.train_step(x, y)
        trainers.append(trainer)
    assert bits(trainers[0]) == bits(trainers[1])


def test_what_cannot_be_found_leaves_the_message_as_it_is() -> None:
    """Squares of the gradient that are too large; a layer that fails once, so that the step is not the same again."""
    model = pl.build("dense", units=1, input_shape=(1,), seed=0, backend="reference")
    trainer = pl.Trainer(model, loss="mse", seed=0)
    with pytest.raises(pl.NumericalError, match="squares of the gradient add up to more") as caught:
        trainer.train_step([[1.0]], [[1e19]])
    assert "first number" not in str(caught.value)

    class Once(pl.Layer):
        def __init__(self) -> None:
            self.calls: list[int] = []

        def output_shape(self, *shapes: Any) -> Any:
            return shapes[0]

        def forward(self, ctx: Any, x: Any) -> Any:
            self.calls.append(1)
            return x * (np.nan if len(self.calls) == 1 else 1.0)

        def backward(self, ctx: Any, dy: Any) -> Any:
            return dy

    trainer = pl.Trainer(pl.build(pl.Sequential([Once(), pl.Dense(1)]), input_shape=(1,), seed=0), loss="mse", seed=0)
    with pytest.raises(pl.NumericalError, match="was not applied") as caught:
        trainer.train_step([[1.0]], [[1.0]])
    assert "first number" not in str(caught.value)


def test_a_layer_whose_code_fails_where_its_equation_does_not_is_told_so() -> None:
    class Halves(pl.Layer):
        equations = (pl.Equation("y", "y = x / 2", "x / 2"), pl.Equation("dx", "dx = dy / 2", "dy / 2"))

        def output_shape(self, *shapes: Any) -> Any:
            return shapes[0]

        def forward(self, ctx: Any, x: Any) -> Any:
            return x / 0.0

        def backward(self, ctx: Any, dy: Any) -> Any:
            return dy / 2

    trainer = pl.Trainer(pl.build(pl.Sequential([Halves(), pl.Dense(1)]), input_shape=(1,), seed=0), loss="mse", seed=0)
    with pytest.raises(pl.NumericalError, match=r"layers.0.y.*which is 2 in float64: look at its code"):
        trainer.train_step([[4.0]], [[1.0]])


def test_squares_that_add_up_to_too_much_name_the_largest_gradient() -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0)
    x = np.array([[1.0, 0.0, 2e21], [0.5, 0.0, 0.0]])
    with pytest.raises(pl.NumericalError, match=r"squares .* the largest is that of 'weight' at \(2, \d\), "):
        pl.Trainer(model, loss="softmax_cross_entropy", seed=0).train_step(x, [0, 1])
