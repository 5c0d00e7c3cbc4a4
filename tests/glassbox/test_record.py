"""A step that is traced is the step that is not; what is kept of it has names, and agrees with the equations."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pellucid as pl
import pytest

from tests.components.test_cupy_plans import GPU
from tests.glassbox.nets import Two, bits, made

QUICK, ALL = range(24), range(24, 224)


def _same_bits(seed: int) -> None:
    _, traced, batch = made(seed)
    _, plain, _ = made(seed)
    for step in range(5):
        if step % 2 == 0:  # between plain steps, which replay a plan
            trace = traced.trace_step(*batch[:2], weight=batch[2])
            assert float(trace["loss"]) == plain.train_step(*batch[:2], weight=batch[2])
        else:
            assert traced.train_step(*batch[:2], weight=batch[2]) == plain.train_step(*batch[:2], weight=batch[2])
        assert bits(traced) == bits(plain)
    _agrees(trace)


def _agrees(trace: Any, tolerance: float = 2e-5) -> None:
    """Hold what was recorded against the equations of those who computed it."""
    for top in trace.calls:
        for call in top.within():
            for equation in trace.equations(call):
                name = call.made.get(equation.of)
                if name in trace:
                    found, recorded = np.asarray(trace.evaluated(call, equation.of)[equation.of]), trace[name]
                    assert found.shape == recorded.shape, name
                    assert np.all(np.abs(found - recorded) <= tolerance * np.maximum(1, np.abs(recorded))), name
    for name in trace.names():
        assert trace[name] is not None


@pytest.mark.parametrize("seed", QUICK)
def test_a_traced_step_has_the_bits_of_a_plain_one(seed: int) -> None:
    _same_bits(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL)
def test_of_many_networks_traced_steps_have_the_bits_of_plain_ones(seed: int) -> None:
    _same_bits(seed)


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("backend", ["cython", "reference"])
def test_steps_of_fit_can_be_opened(accumulate: int, backend: str) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(26, 4)), rng.integers(0, 3, 26)
    trainers, traces = [], []
    for opened in (True, False):
        model = pl.build("ann", input_shape=(4,), hidden=[6, 5], outputs=3, seed=0, backend=backend)
        options: dict[str, Any] = {"schedule": {"type": "cosine", "warmup": 2}, "accumulate": accumulate, "seed": 1}
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", clip_norm=0.5, **options)
        if opened:
            trainer.openers.append((3, pl.read("callback", "trace").opener(trainer, traces.append)))
        trainer.fit(x, y, epochs=4, batch_size=4)
        trainers.append(trainer)
    assert bits(trainers[0]) == bits(trainers[1])
    assert trainers[0].history.records == trainers[1].history.records
    assert [trace.setting.step for trace in traces] == list(range(2, trainers[0].steps, 3))
    for trace in traces:
        _agrees(trace)
        factor, lr = trace["factor"], trace["lr"]
        assert lr == pytest.approx(1e-3 * factor)
        assert ("micro.2.x" in trace) == (accumulate > 1 and len(trace.setting.sizes) > 1)


def test_names_are_in_the_order_in_which_numbers_came_to_be() -> None:
    model = pl.build(pl.Sequential([pl.Dense(5, "tanh"), pl.Dense(3)]), input_shape=(4,), seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", optimizer="adam", seed=0)
    names = trainer.trace_step(np.ones((2, 4)), [0, 2]).names()
    told = ["x", "layers.0.z", "layers.0.y", "layers.1.y", "loss", "loss.dprediction", "layers.0.dz",
            "layers.0.weight.grad", "lr", "layers.0.weight.new", "optimizer.m.layers.0.weight.new"]  # fmt: skip
    places = [names.index(name) for name in told if "optimizer" not in name]
    assert places == sorted(places)
    assert set(told) <= set(names)


def test_the_loss_of_several_micro_batches_is_that_of_the_step() -> None:
    """The mean over all rows; that of each of them stands under its number."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 4)), rng.integers(0, 3, 5)
    trainers = []
    for _ in range(2):
        model = pl.build(pl.Sequential([pl.Dense(3)]), input_shape=(4,), seed=0)
        trainers.append(pl.Trainer(model, loss="softmax_cross_entropy", accumulate=2, seed=0))
    traces: list[Any] = []
    trainers[0].openers.append((1, pl.read("callback", "trace").opener(trainers[0], traces.append)))
    for trainer in trainers:
        trainer.fit(x, y, epochs=1, batch_size=3, verbose=False)
    (trace,) = traces
    assert float(trace["loss"]) == trainers[1].history[-1]["loss"]
    parts = [float(trace[f"micro.{k}.loss"]) for k in (1, 2)]
    assert parts[0] != parts[1] and np.average(parts, weights=[3, 2]) == pytest.approx(float(trace["loss"]), rel=1e-12)
    why = trace.why("loss")
    assert [name for name, _ in why.parents] == ["micro.1.loss", "micro.2.loss"]
    assert abs(why.total - why.value) < 1e-12 and trace.why("micro.1.loss").parents and trace.replay().same


def test_clipping_by_groups_is_told_by_names() -> None:
    model = pl.build(pl.Sequential([pl.Dense(3)]), input_shape=(4,), seed=0)
    trainer = pl.Trainer(model, loss="mse", clip_norm=0.01, seed=0)
    why = trainer.trace_step(np.ones((2, 4)), np.full((2, 3), 5.0)).why("layers.0.weight.step_grad", (0, 0))
    assert "clip_factor·g[0,0]" in str(why) and why.parents[0][0] == "clip_factor"


def test_several_inputs_and_integers() -> None:
    rng = np.random.default_rng(0)
    batch = (rng.normal(size=(5, 4)).astype("float32"), rng.integers(0, 3, 5)), rng.integers(0, 3, 5)
    trainers = []
    for _ in range(2):
        model = pl.build(Two(), input_shape=[(4,), ()], seed=0)
        trainers.append(pl.Trainer(model, loss="softmax_cross_entropy", seed=0))
    trace = trainers[0].trace_step(*batch)
    trainers[1].train_step(*batch)
    assert bits(trainers[0]) == bits(trainers[1])
    assert (trace["x.1"] == batch[0][1]).all()
    assert trace["inner.x"].shape == (5, 4)


def test_a_layer_that_is_called_twice_has_two_of_each() -> None:
    _, trainer, _ = made(0)
    model = pl.build(pl.Sequential([dense := pl.Dense(4, "tanh"), dense, pl.Dense(2)]), input_shape=(4,), seed=0)
    trainer = pl.Trainer(model, loss="mse", optimizer="sgd", seed=0)
    trace = trainer.trace_step(np.ones((3, 4)), np.zeros((3, 2)))
    assert trace.quantity("layers.0#2.x").same == "layers.0.y"
    both = trace["layers.0.dW"] + trace["layers.0#2.dW"]
    np.testing.assert_allclose(trace["layers.0.weight.grad"], both, rtol=1e-5, atol=1e-7)


def test_a_prediction_is_traced_too() -> None:
    model, _, (x, _, _) = made(3)
    trace = model.trace(x)
    assert (trace["model.y"] == model.predict(x)).all()
    _agrees(trace)


def test_what_is_kept_can_be_chosen_and_limited() -> None:
    _, trainer, batch = made(1)
    before = bits(trainer)
    assert set(trainer.trace_step(*batch[:2], keep=("loss", "*.weight.grad")).names()) >= {"loss"}
    after = bits(trainer)
    assert after != before
    with pytest.raises(pl.DataError, match=r"A trace may keep 100 bytes, and with .* The largest so far: .*keep="):
        trainer.trace_step(*batch[:2], limit=100)
    assert bits(trainer) == after
    with pytest.raises(pl.ConfigError, match="keep: expected names"):
        trainer.trace_step(*batch[:2], keep=[])
    trainer.train_step(*batch[:2])  # and it goes on


def test_a_name_that_there_is_none_of_is_told() -> None:
    _, trainer, batch = made(2)
    trace = trainer.trace_step(*batch[:2])
    with pytest.raises(pl.DataError, match=r"no quantity 'lss'. Did you mean 'loss'"):
        trace["lss"]
    with pytest.raises(pl.DataError, match="not computed, because nothing in the step needs it"):
        small = pl.Trainer(pl.build("dense", units=2, input_shape=(3,), seed=0), loss="mse", seed=0)
        small.trace_step(np.ones((2, 3)), np.ones((2, 2)))["model.dx"]


def test_a_layer_that_carries_no_state_names_none() -> None:
    model = pl.build(pl.create("layer", "recurrent/lstm", units=2), input_shape=(3, 2), seed=0)
    names = pl.Trainer(model, loss="mse", seed=0).trace_step(np.ones((2, 3, 2)), np.zeros((2, 3, 2))).names()
    assert "model.cs" in names and not {"model.C", "model.S"} & set(names)


class Halfway(pl.Objective):
    """The square of what is between prediction and half of x; its equation says ``prediction``, as the kit allows."""

    equations = (pl.Equation("objective", r"L = \frac1N \sum (p - x/2)^2", "np.mean((prediction - x / 2) ** 2)"),)

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        ctx.x, ctx.prediction = batch.x, model.forward(ctx.child("model", needs_dx=(False,)), batch.x)
        return ((ctx.prediction - ctx.x / 2) ** 2).mean(dtype="float64")

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), 2 * (ctx.prediction - ctx.x / 2) / ctx.x.size)

    def metric_pair(self, ctx: Any) -> Any:
        return ctx.prediction, ctx.x


def test_an_objective_may_name_its_prediction() -> None:
    model = pl.build("dense", units=3, input_shape=(3,), seed=0)
    trace = pl.Trainer(model, objective=Halfway(), seed=0).trace_step(np.ones((2, 3), np.float32))
    why = trace.why("loss")
    assert why.agrees and ("model.y", (0, 0)) in why.parents


def test_a_step_on_a_device_can_be_opened() -> None:
    GPU.refused = None
    rng, trainers = np.random.default_rng(0), []
    x, y = rng.normal(size=(12, 6)), rng.integers(0, 3, 12)
    layers = [pl.Dense(5, "tanh"), pl.BatchNorm(), pl.Dropout(0.3), pl.Dense(3)]
    for opened in (True, False):
        model = pl.build(pl.Sequential(deepcopy(layers)), input_shape=(6,), seed=0, dtype="float64", backend=GPU)
        trainer = pl.Trainer(model, loss="softmax_cross_entropy", clip_norm=0.1, seed=0)
        for step in range(6):
            if opened and step % 2:
                trace = trainer.trace_step(x, y)
            else:
                trainer.train_step(x, y)
        trainers.append(trainer)
    assert bits(trainers[0]) == bits(trainers[1])
    _agrees(trace, 1e-9)
    why = trace.why("layers.0.weight.grad", (1, 2))
    assert len(why.terms) == 12 and why.total == pytest.approx(why.value)


def test_what_only_an_equation_knows_is_in_float64() -> None:
    _, trainer, batch = made(2)
    trace = trainer.trace_step(*batch[:2])
    known = [name for name in trace.names() if trace.quantity(name).origin == "equation"]
    assert {trace[name].dtype for name in known if trace[name].dtype.kind == "f"} == {np.dtype(np.float64)}


def test_a_state_that_is_not_carried_is_no_quantity() -> None:
    model = pl.build(pl.Sequential([pl.create("layer", "lstm", units=3)]), input_shape=(4, 2), seed=0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(np.ones((2, 4, 2)), np.zeros((2, 4, 3)))
    assert not {"layers.0.S", "layers.0.C"} & set(trace.names())
    assert all(trace[name].dtype.kind in "fiub" for name in trace.names())


def test_names_and_patterns_are_texts() -> None:
    _, trainer, batch = made(2)
    trace = trainer.trace_step(*batch[:2])
    with pytest.raises(pl.DataError, match=r"names, texts\. Received: 3"):
        trace.why(3)  # type: ignore[arg-type]
    with pytest.raises(pl.ConfigError, match="keep: expected names"):
        trainer.trace_step(*batch[:2], keep=3)


@pytest.mark.parametrize(
    ("keep", "name"), [("*.grad", "layers.0.weight.grad"), ("loss", "loss"), ("*.z", "layers.0.z")]
)
def test_what_was_not_kept_is_told_where_it_is_needed(keep: str, name: str) -> None:
    model = pl.build(pl.Sequential([pl.Dense(4, "tanh"), pl.Dense(3)]), input_shape=(4,), seed=0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(np.ones((3, 4)), np.zeros((3, 3)), keep=keep)
    with pytest.raises(pl.DataError, match=r"this trace has not kept '.*Trace with keep='\*'"):
        trace.why(name, (0, 0) if name != "loss" else ())


def test_several_may_look_at_one_step() -> None:
    traces: list[list[Any]] = [[], []]
    model, trainer, (x, y, weight) = made(5)
    _, plain, _ = made(5)
    for found in traces:
        trainer.openers.append((1, pl.create("callback", "trace").opener(trainer, found.append)))
    for each in (trainer, plain):
        for _ in range(3):
            each.train_step(x, y, weight=weight)
    assert bits(trainer) == bits(plain)
    for one, other in zip(*traces, strict=True):
        assert one.names() == other.names()
        assert not pl.diff(one, other).differing
        assert one.replay().same
        _agrees(one)
    assert not any({"forward", "backward"} & set(vars(layer)) for _, layer in model.walk())


def test_what_observers_make_of_gradients_is_told_apart() -> None:
    class Halve(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            run.on_gradients(lambda segments: [np.multiply(s.grad, 0.5, out=s.grad) for s in segments])

    model = pl.build("ann", input_shape=(4,), hidden=[5], outputs=3, seed=0)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", callbacks=[Halve()], clip_norm=0.01, seed=0)
    trace = trainer.trace_step(np.random.default_rng(0).normal(size=(6, 4)), np.arange(6) % 3)
    np.testing.assert_allclose(trace["layers.1.weight.observed"], 0.5 * trace["layers.1.weight.grad"])
    _agrees(trace)
    for name in ("layers.1.weight.grad", "layers.1.weight.step_grad", "layers.1.weight.new", "norm"):
        why = trace.why(name, (1, 2)[: trace[name].ndim])
        assert why.total == pytest.approx(why.value, rel=1e-5)


def test_arrays_that_have_several_names_are_not_written_into() -> None:
    _, trainer, batch = made(2)
    trace = trainer.trace_step(*batch[:2])
    with pytest.raises(ValueError, match="read-only"):
        trace["x"][0, 0] = 5.0


def test_a_pattern_that_matches_nothing_is_told() -> None:
    _, trainer, batch = made(2)
    with pytest.warns(pl.PellucidWarning, match="matches no quantity of this step"):
        trainer.trace_step(*batch[:2], keep="layer.*")
