"""A small training for every registered component, so that each can be looked into while a step is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pellucid as pl
from pellucid.basics.arrays import as_tuple
from pellucid.basics.component import Component
from pellucid.registry.registry import default_registry
from pellucid.testing.subject import declared_shape, draw_input, is_integer

KINDS = ("layer", "model", "loss", "objective", "optimizer", "schedule", "regularizer")
ROWS = 5


class Case(NamedTuple):
    """A training of a component of this name, and the batch of its steps."""

    kind: str
    name: str
    example: int
    trainer: Any
    batch: tuple[Any, ...]

    @property
    def label(self) -> str:
        return f"{self.kind} {self.name} {self.example}"


class Shifted(pl.Composite):
    """``y = f(x + b)``, so that somebody wants the gradient at the inputs of f."""

    def __init__(self, inner: pl.Layer, integers: tuple[int, ...]) -> None:
        self.inner, self.integers = inner, integers
        self.integer_inputs = integers

    def declare(self, *input_shapes: Any) -> None:
        shapes = [tuple(1 if n is None else n for n in shape) for shape in input_shapes]
        self.shifts = [self.param(f"shift{i}", shape) for i, shape in enumerate(shapes) if i not in self.integers]

    def call(self, ctx: Any, *inputs: Any) -> Any:
        shifts = iter(self.shifts)
        return self.inner(*(x if i in self.integers else x + next(shifts) for i, x in enumerate(inputs)))


class Weigh(pl.Objective):
    """``L = Σ c ⊙ y / N`` with fixed c: any layer can be trained by it."""

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        outputs = as_tuple(model.forward(ctx.child("model"), *batch.inputs))
        ops, ctx.count = ctx.ops, len(batch)
        host = [np.asarray(ops.to_host(y), np.float64) for y in outputs]
        factors = [np.cos(np.arange(y.size)).reshape(y.shape) / len(batch) for y in host]
        ctx.factors = [ops.asarray(c.astype(ctx.dtype)) for c in factors]
        return ops.asarray(np.float64(sum(np.sum(c * y) for c, y in zip(factors, host, strict=True))))

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), *ctx.factors)


def weigh(outputs: int) -> Weigh:
    """The same for so many outputs, with its equations."""
    names = ["y"] if outputs == 1 else [f"y{k}" for k in range(outputs)]
    factors = [f"np.cos(np.arange({y}.size)).reshape({y}.shape) / len({y})" for y in names]
    equations = [
        pl.Equation(
            "objective",
            r"\tfrac1N \sum c y",
            " + ".join(f"np.sum({c} * {y})" for c, y in zip(factors, names, strict=True)),
        )
    ]
    equations += [pl.Equation(f"d{y}", "dy = c / N", c) for c, y in zip(factors, names, strict=True)]
    made: Weigh = type("Weigh", (Weigh,), {"equations": tuple(equations)})()
    return made


def implementations() -> Iterator[tuple[str, str, Any]]:
    """(kind, name, class or factory) of all that a step is made of."""
    registry = default_registry()
    for kind in KINDS:
        for name in pl.names(kind):
            yield kind, name, registry.load(registry.find(kind, name))


def cases(only: str = "", dtype: str = "float64", rows: int = ROWS) -> Iterator[Case]:
    """A training for each example of each component whose name contains ``only``."""
    for kind, name, target in implementations():
        for number, example in enumerate(getattr(target, "examples", Component.examples)):
            if only in name:
                made = _training(kind, name, example, dtype, rows)
                if made is not None:
                    yield Case(kind, name, number, *made)


def _training(kind: str, name: str, example: Any, dtype: str, rows: int) -> Any:
    rng = np.random.default_rng(7)
    options: dict[str, Any] = {"seed": 3, "optimizer": {"type": "sgd", "lr": 0.05}}
    if kind in ("layer", "model"):
        layer = pl.create(kind, name, **example.arguments)
        specs = example.input_shapes
        integers = tuple(i for i, spec in enumerate(specs) if is_integer(spec))
        shapes = [declared_shape(spec) for spec in specs]
        if shapes == [()]:
            return None  # a trainer takes no x of shape (N,)
        model = pl.build(
            Shifted(layer, integers), input_shape=shapes if len(shapes) > 1 else shapes[0], seed=1, dtype=dtype
        )
        inputs = tuple(draw_input(spec, rows, rng, dtype) for spec in specs)
        _move(model, rng)
        made = model.output_shape(*shapes)
        several = bool(made) and isinstance(made[0], tuple)
        return pl.Trainer(model, objective=weigh(len(made) if several else 1), **options), (
            inputs if len(inputs) > 1 else inputs[0],
        )
    if kind == "loss":
        prediction, target = example.input_shapes
        shape = declared_shape(prediction)
        model = pl.build(pl.Dense(shape[-1]), input_shape=(*shape[:-1], 4), seed=1, dtype=dtype)
        x, y = rng.normal(size=(rows, *shape[:-1], 4)), draw_input(target, rows, rng, dtype, unit=True)
        return pl.Trainer(model, loss=pl.create("loss", name, **example.arguments), **options), (x, y)
    if kind == "objective":
        model = pl.read(("model", "layer"), example.model)
        shapes = [*map(declared_shape, example.input_shapes), *model.made_inputs]
        pl.build(model, input_shape=shapes if len(shapes) > 1 else shapes[0], seed=1, dtype=dtype)
        inputs = tuple(draw_input(spec, rows, rng, dtype, unit=True) for spec in example.input_shapes)
        x = inputs if len(inputs) > 1 else inputs[0]
        target = example.target
        several = bool(target) and isinstance(target[0], tuple)
        drawn = [draw_input(spec, rows, rng, dtype, unit=True) for spec in (target if several else (target,)) if target]
        y = tuple(drawn) if several else drawn[0] if drawn else None
        _move(model, rng)
        return pl.Trainer(model, objective=pl.create("objective", name, **example.arguments), **options), (x, y)
    return _of_networks(kind, name, example, dtype, rows, options, rng)


def _of_networks(kind: str, name: str, example: Any, dtype: str, rows: int, options: Any, rng: Any) -> Any:
    """Of what moves weights: a network of two layers."""
    hidden: dict[str, Any] = {"type": "dense", "units": 4, "activation": "tanh"}
    made = pl.create(kind, name, **example.arguments)
    if kind == "regularizer":
        hidden["regularizer"] = made
    layers = [pl.Dense(**{k: v for k, v in hidden.items() if k != "type"}), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1, dtype=dtype)
    if kind in ("optimizer", "schedule"):
        options[kind] = made
    if type(made).__name__ == "Moving":
        return None  # it needs a model of two parts: see test_every_component.py
    return pl.Trainer(model, loss="mse", **options), (rng.normal(size=(rows, 4)), rng.normal(size=(rows, 3)))


def _move(model: Any, rng: np.random.Generator) -> None:
    """Biases that start at zero would hide that they are there."""
    for param in model.parameters():
        param.data = param.data + 0.2 * rng.normal(size=param.shape)
    for state in model.states():
        state.data[...] = state.data + 0.2 * np.abs(rng.normal(size=state.shape))
