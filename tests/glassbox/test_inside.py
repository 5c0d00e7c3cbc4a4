"""Composites and containers taken apart: run on what was recorded, their code gives what forward and backward gave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.arrays import as_tuple
from pellucid.basics.errors import DataError
from pellucid.glassbox.why.inside import InnerCall, Inside, Named, Recorded, is_code, look_inside
from pellucid.glassbox.why.reason import explain
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.registry.registry import default_registry
from pellucid.standard.ops.base import ReferenceOps
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.subject import Backends, Subject

from tests.glassbox.test_every_component import close


class Recorder:
    """Calls of the layers directly inside of one, as they happen."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.calls: dict[int, list[dict[str, Any]]] = {}
        self.depth = 0

    @contextmanager
    def recording(self) -> Iterator[None]:
        inside = [part for _, part in self.layer.walk() if part is not self.layer]
        for part in inside:
            vars(part)["forward"] = self._forward(part, part.forward)
            vars(part)["backward"] = self._backward(part, part.backward)
        try:
            yield
        finally:
            for part in inside:
                del vars(part)["forward"], vars(part)["backward"]

    def _forward(self, part: Layer, forward: Any) -> Any:
        def called(ctx: Context, *inputs: Any) -> Any:
            self.depth += 1
            y = forward(ctx, *inputs)
            self.depth -= 1
            if not self.depth:
                calls = self.calls.setdefault(id(part), [])
                calls.append({"ctx": ctx, "y": [np.array(a) for a in as_tuple(y)], "dx": [None] * len(inputs)})
            return y

        return called

    def _backward(self, part: Layer, backward: Any) -> Any:
        def called(ctx: Context, *dy: Any) -> Any:
            self.depth += 1
            dx = backward(ctx, *dy)
            self.depth -= 1
            if not self.depth:
                (call,) = (call for call in self.calls[id(part)] if call["ctx"] is ctx)
                found = [None if a is None else np.array(a) for a in as_tuple(dx)]
                call["dx"] = found + [None] * (len(call["dx"]) - len(found))
            return dx

        return called

    def inner(self, part: Layer, k: int) -> InnerCall:
        call, name = self.calls[id(part)][k], f"{type(part).__name__}{id(part) % 997}#{k}"
        outputs = tuple(Named(f"{name}.y{i}", a) for i, a in enumerate(call["y"]))
        return InnerCall(
            outputs, tuple(None if a is None else Named(f"{name}.dx{i}", a) for i, a in enumerate(call["dx"]))
        )


def looked_at(trial: LayerTrial, training: bool) -> tuple[Inside, Any, dict[str, Any], list[Any]]:
    layer, ctx = trial.model, trial.context(training=training)
    before, recorder = trial.values(), Recorder(layer)
    with recorder.recording():
        result = trial.call(ctx=ctx)
    recorded = Recorded(
        [Named(f"x{i}", np.array(x)) for i, x in enumerate(trial.inputs)],
        [Named(f"dy{i}", np.array(dy)) for i, dy in enumerate(trial.dy)],
        recorder.inner,
        lambda owned: Named(owned.path, before[owned.path]),
        lambda kind, name, shape: Named(kind, np.array(getattr(trial.context(training=training), kind)(shape, name))),
        [Named(f"y{i}", np.array(y)) for i, y in enumerate(result.y)],
    )
    return look_inside(layer, recorded, training=training), result, trial.gradients(), ctx.requested_updates


def require_same(found: Inside, result: Any, gradients: dict[str, Any], updates: list[Any]) -> None:
    rng = np.random.default_rng(1)
    pairs = [*zip(found.outputs, result.y, strict=True)]
    pairs += [(dx, b) for dx, b in zip(found.gradients, result.dx, strict=True) if dx is not None and b is not None]
    pairs += [(traced, gradients[path]) for path, traced in found.owned.items()]
    wanted = {state.path: (value, rate) for state, value, rate in updates}
    pairs += [(traced, wanted[path][0]) for path, (traced, _) in found.asked.items()]
    for traced, array in pairs:
        assert traced.shape == array.shape and close(traced.value, array)
        for place in rng.integers(max(1, traced.size), size=3 if traced.size else 0):
            cell = tuple(int(i) for i in np.unravel_index(place, traced.shape))
            why = explain("y", cell, float(array[cell]), None, traced)
            assert close(why.total, array[cell], sum(abs(t.value) for t in why.terms)) and str(why)


def code_over_layers() -> Iterator[Subject]:
    registry = default_registry()
    for kind in ("layer", "model"):
        for name in registry.names(kind):
            entry = registry.find(kind, name)
            target = registry.load(entry)
            told = {e.of for e in getattr(target, "equations", ()) if e.python is not None}
            if isinstance(target, type) and not any(of.startswith("y") for of in told):
                for example in target.examples:
                    yield Subject(entry, target, example, Backends())


ALL = list(code_over_layers())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("subject", ALL, ids=[s.label for s in ALL])
def test_containers_and_models_are_taken_apart(subject: Subject, training: bool) -> None:
    trial = LayerTrial(subject)
    assert is_code(trial.model), f"{subject.label} has neither expressions nor as_calls"
    require_same(*looked_at(trial, training))


class Gated(pl.Composite):
    """Own parameters, a state, numbers drawn, a layer used twice, several NumPy functions."""

    def __init__(self) -> None:
        self.value, self.gate = pl.Dense(3, "tanh"), pl.Dense(3, "sigmoid")

    def declare(self, *shapes: Any) -> None:
        self.scale = self.param("scale", (3,), init="ones")
        self.mean = self.state("mean", (3,))

    def call(self, ctx: Context, x: Any) -> Any:
        y = np.tanh(self.value(x)) * self.gate(x) * self.scale + self.value(0.5 * x)
        if ctx.training:
            ctx.update(self.mean, np.mean(y.value, axis=0), 0.1)
            y = y + 0.1 * ctx.normal((len(x), 3))
        y = np.concatenate([y, np.maximum(x, 0)[:, ::-1]], axis=1)
        return np.where(y > 0, y, y - np.sum(ctx.variable(self.mean))), np.max(y, axis=1) / np.sqrt(
            1 + np.sum(y**2, axis=1)
        )


class Attention(pl.Composite):
    """Matrices times matrices, a softmax, parts of arrays."""

    def __init__(self) -> None:
        self.queries, self.keys = pl.Dense(2), pl.Dense(2)

    def call(self, ctx: Context, x: Any) -> Any:
        scores = np.exp(np.einsum("nti,nsi->nts", self.queries(x), self.keys(x)) / 2)
        weights = scores / scores.sum(axis=-1, keepdims=True)
        return np.swapaxes(weights @ x, 1, 2)[:, :, 0] + np.mean(x, axis=1)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("layer", "shape"), [(Gated(), (4,)), (Attention(), (3, 2))], ids=["gated", "attention"])
def test_composites_are_taken_apart(layer: Layer, shape: tuple[int, ...], training: bool) -> None:
    entry = default_registry().find("layer", "core/dense")
    subject = Subject(entry, type(layer), pl.Example(input_shapes=(shape,)), Backends(ReferenceOps()))
    trial = LayerTrial(subject, layer=layer)
    found, *rest = looked_at(trial, training)
    require_same(found, *rest)
    if isinstance(layer, Gated):
        assert set(found.owned) == {"scale"} and bool(found.asked) is training


class Branching(pl.Composite):
    """Reads a number out of a Variable."""

    def call(self, ctx: Context, x: Any) -> Any:
        return x * np.vectorize(abs)(x.value)


class Counting(pl.Composite):
    """Gives something else at each call."""

    calls = 0

    def call(self, ctx: Context, x: Any) -> Any:
        self.calls += 1
        return x * self.calls


@pytest.mark.parametrize(
    ("layer", "says"), [(Branching(), "cannot be taken apart: TypeError"), (Counting(), "gives other numbers")]
)
def test_code_that_cannot_be_taken_apart_is_refused(layer: Layer, says: str) -> None:
    pl.build(layer, input_shape=(3,), seed=0)
    nothing: Any = None
    x = np.ones((2, 3))
    recorded = Recorded([Named("x", x)], [], nothing, nothing, nothing, [Named("y", x)])
    with pytest.raises(DataError, match=says):
        look_inside(layer, recorded, training=False)


class Counting(pl.Layer):
    """``y = 2x``; a state follows the mean of ``exp(x)``, of which no equation speaks."""

    def build(self, shape: Any) -> None:
        self.seen = self.state("seen", shape)

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.update(self.seen, np.exp(x).mean(axis=0), 0.5)
        return 2 * x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return 2 * dy


class Around(pl.Composite):
    """The same, by code that is run on other layers, too."""

    def __init__(self) -> None:
        self.inner = pl.Dense(2)

    def declare(self, shape: Any) -> None:
        self.seen = self.state("seen", shape)

    def call(self, ctx: Any, x: Any) -> Any:
        ctx.update(self.seen, np.exp(x.value).mean(axis=0), 0.5)
        return self.inner(x)


@pytest.mark.parametrize(
    ("layer", "note", "rows"),
    [
        (Counting, "made by the code of Counting.forward, ", (0, 1)),
        (Around, "by the code of the layer around it, ", (1,)),
    ],
)
def test_of_what_a_state_is_asked_to_become_the_code_is_named(layer: Any, note: str, rows: tuple[int, ...]) -> None:
    x = np.array([[1.0, 2.0], [0.5, -1.0]])
    model = pl.build(layer(), input_shape=(2,), seed=0, dtype="float64")
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(x, x)
    why = trace.why("seen.asked", (1,))
    assert why.note.startswith(note) and why.agrees and why.value == pytest.approx((np.exp(2) + np.exp(-1)) / 2)
    assert why.parents == [("x", (n, k)) for n in (0, 1) for k in rows]
    became = trace.why("seen.new", (1,))
    assert became.value == why.value / 2 and [name for name, _ in became.parents] == ["seen", "seen.rate", "seen.asked"]
