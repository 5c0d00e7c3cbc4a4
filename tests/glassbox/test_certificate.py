"""A certificate finds nothing in what is right, and every gradient and equation that is wrong."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.prove.held import spread

from tests.glassbox.every import cases
from tests.glassbox.nets import Two, made

QUICK, ALL = range(4), range(4, 224)


class WrongWeight(pl.Dense):
    """The gradient of its weight is one hundredth too large."""

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx = super().backward(ctx, dy)
        self.weight.grad *= 1.01
        return dx


class WrongInput(pl.Dense):
    """The gradient that it gives back is one hundredth too large."""

    def backward(self, ctx: Any, dy: Any) -> Any:
        return super().backward(ctx, dy) * 1.01


class WrongInSingle(pl.Dense):
    """Its backward is right in float64, and wrong in float32, as a kernel may be."""

    def backward(self, ctx: Any, dy: Any) -> Any:
        dx = super().backward(ctx, dy)
        if ctx.dtype == np.float32:
            self.bias.grad *= 1.01
        return dx


class WrongEquation(pl.Dense):
    """What it says of its bias is not what it does."""

    equations = tuple(
        pl.Equation(e.of, e.latex, "1.01 * np.sum(dz, axis=0)") if e.of == "db" else e for e in pl.Dense.equations
    )


def _trace(layer: pl.Layer, dtype: str = "float32", **options: Any) -> Any:
    rng = np.random.default_rng(5)
    model = pl.build(pl.Sequential([pl.Dense(4, "tanh"), layer, pl.Dense(3)]), input_shape=(4,), seed=1, dtype=dtype)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=2, **options)
    return trainer.trace_step(rng.normal(size=(6, 4)), rng.integers(0, 3, 6))


def _is_clean(seed: int, dtype: str, cells: int) -> None:
    _, trainer, (x, y, weight) = made(seed, dtype)
    for _ in range(2):
        trace = trainer.trace_step(x, y, weight=weight)
    found = trace.certify(cells, seed)
    assert found.passed, str(found)
    assert found.cells + found.kinks >= 30  # small networks have no more
    told = {each.name for each in found.gradients}
    assert told >= {f"{param.path}.grad" for param in trainer.model.parameters()} | {"model.dx", "layers.0.dx"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", QUICK)
def test_what_is_right_is_certified(seed: int, dtype: str) -> None:
    _is_clean(seed, dtype, 40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ALL)
def test_many_networks_are_certified(seed: int) -> None:
    _is_clean(seed, "float32", 60)


@pytest.mark.filterwarnings(r"ignore:The \w+ schedule does not know")
@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_component_is_certified(dtype: str) -> None:
    for case in cases(dtype=dtype):
        for _ in range(2):
            trace = case.trainer.trace_step(*case.batch)
        found = trace.certify(60)
        assert found.passed, f"{case.label}: {found}"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_gradient_of_a_weight_is_found(dtype: str) -> None:
    found = _trace(WrongWeight(5), dtype).certify(60)
    assert [each.name for each in found.gradients if not each.passed] == ["layers.1.weight.grad"]
    (wrong,) = (each for each in found.gradients if not each.passed)
    assert wrong.exact == pytest.approx(0.0099, rel=0.02)  # 1 − 1/1.01
    assert wrong.gradient / wrong.slope == pytest.approx(1.01, rel=1e-3)
    assert "layers.1.weight.grad" in found.wrong
    assert "WRONG" in str(found)


def test_a_wrong_gradient_of_an_input_is_found_where_it_is_made() -> None:
    found = _trace(WrongInput(5)).certify(200)
    wrong = {each.name for each in found.gradients if not each.passed}
    assert "layers.1.dx" in wrong
    assert "layers.0.weight.grad" in wrong  # it goes on
    assert not wrong & {"layers.1.weight.grad", "layers.2.dx", "layers.2.weight.grad"}


def test_what_is_wrong_in_single_precision_alone_is_found() -> None:
    found = _trace(WrongInSingle(5)).certify(60)
    (wrong,) = (each for each in found.gradients if not each.passed)
    assert wrong.name == "layers.1.bias.grad"
    assert wrong.exact < 1e-6 < wrong.error
    assert _trace(WrongInSingle(5), "float64").certify(60).passed


def test_a_wrong_equation_is_found() -> None:
    found = _trace(WrongEquation(5)).certify(20)
    assert found.wrong == ["layers.1.bias.grad"]
    (wrong,) = (each for each in found.equations if not each.passed)
    assert (wrong.of, wrong.component) == ("db", "WrongEquation")
    assert wrong.computed == pytest.approx(1.01 * wrong.recorded, rel=1e-4)
    assert all(each.passed for each in found.gradients)


def test_an_equation_that_repeats_what_was_recorded_proves_nothing() -> None:
    class Idle(pl.Dense):
        equations = (pl.Equation("y", "y", "y"),)

    found = _trace(Idle(5)).certify(20)
    assert "layers.1.y" in found.wrong


def test_who_changes_gradients_is_found() -> None:
    rng = np.random.default_rng(5)
    traces: list[Any] = []

    class Change(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            tracing = pl.create("callback", "trace")
            run.on_trace(tracing.opener(run.trainer, traces.append))
            run.on_gradients(lambda segments: segments[0].grad.__imul__(1.5))

    model = pl.build(pl.Dense(3), input_shape=(4,), seed=1)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=2, callbacks=[Change()])
    trainer.fit(rng.normal(size=(6, 4)), rng.integers(0, 3, 6), batch_size=6)
    found = traces[0].certify(20)
    assert found.passed and {"weight.observed", "bias.observed"} <= found.unchecked.keys()
    assert np.allclose(traces[0]["weight.observed"], 1.5 * traces[0]["weight.grad"])


def test_a_kink_is_no_mistake() -> None:
    model = pl.build(pl.Sequential([pl.Dense(4, "relu"), pl.Dense(2)]), input_shape=(3,), seed=1)
    trace = pl.Trainer(model, loss="mse", seed=2).trace_step(np.zeros((5, 3)), np.ones((5, 2)))  # z = 0 everywhere
    found = trace.certify(100)
    assert found.passed, str(found)
    bias = next(each for each in found.gradients if each.name == "layers.0.bias.grad")
    assert (bias.cells, bias.kinks) == (0, 4)
    assert "more lie at kinks" in str(found)


def test_frozen_parameters_and_other_players_are_said_to_be_left_out() -> None:
    model = pl.build(pl.Sequential([pl.Dense(4, "tanh"), pl.Dense(2)]), input_shape=(3,), seed=1)
    model.parameters()[0].trainable = False
    trace = pl.Trainer(model, loss="mse", seed=2).trace_step(np.ones((5, 3)), np.ones((5, 2)))
    found = trace.certify(30)
    assert found.passed
    assert found.unchecked["layers.0.weight.grad"] == "it is frozen"


class Pull(pl.Objective):
    """Two players: one pulls the output up, the other down."""

    turns = ("a", "b")

    def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
        ctx.sign = 1.0 if self.player(ctx.step) == "a" else -1.0
        y = model.forward(ctx.child("model"), *batch.inputs)
        ctx.y, ctx.count = y, len(batch)
        return ctx.ops.asarray(np.float64(ctx.sign * np.mean(np.sum(y**2, axis=1))))

    def backward(self, ctx: Any, model: Any) -> None:
        model.backward(ctx.child("model"), (2 * ctx.sign / len(ctx.y) * ctx.y).astype(ctx.dtype))


class Players(pl.Composite):
    def __init__(self) -> None:
        self.a, self.b = pl.Dense(4, "tanh"), pl.Dense(2)

    def call(self, ctx: Any, x: Any) -> Any:
        return self.b(self.a(x))


def test_turns_are_kept() -> None:
    model = pl.build(Players(), input_shape=(3,), seed=1)
    trainer = pl.Trainer(model, objective=Pull(), seed=2)
    for player, other in (("a", "b"), ("b", "a"), ("a", "b")):
        trace = trainer.trace_step(np.ones((5, 3)) * np.arange(5)[:, None])
        assert trace.replay().same, str(trace.replay())
        found = trace.certify(40)
        assert found.passed, str(found)
        assert f"{player}.weight.grad" in {each.name for each in found.gradients}
        assert "turn" in found.unchecked[f"{other}.weight.grad"]


def test_several_inputs_and_integers() -> None:
    rng = np.random.default_rng(1)
    model = pl.build(Two(), input_shape=[(4,), ()], seed=1)
    trainer = pl.Trainer(model, loss="mse", seed=2)
    trace = trainer.trace_step((rng.normal(size=(6, 4)), rng.integers(0, 3, 6)), rng.normal(size=(6, 3)))
    assert trace.replay().same
    found = trace.certify(60)
    assert found.passed, str(found)
    names = {each.name for each in found.gradients}
    assert "model.dx0" in names
    assert "model.dx1" not in names


def test_what_is_stopped_is_held() -> None:
    class Behind(pl.Objective):
        """The output is drawn to a target that it makes itself and that is stopped."""

        def forward(self, ctx: Any, model: Any, batch: Any) -> Any:
            y = model.forward(ctx.child("model"), *batch.inputs)
            ctx.count, ctx.d = len(batch), y - ctx.stop("target", np.roll(y, 1, axis=0))
            return ctx.ops.asarray(np.float64(np.mean(np.sum(ctx.d.astype(float) ** 2, axis=1))))

        def backward(self, ctx: Any, model: Any) -> None:
            model.backward(ctx.child("model"), 2 / len(ctx.d) * ctx.d)

    model = pl.build(pl.Dense(3, "tanh"), input_shape=(4,), seed=1)
    trace = pl.Trainer(model, objective=Behind(), seed=2).trace_step(np.random.default_rng(0).normal(size=(5, 4)))
    assert trace.certify(40).passed, str(trace.certify(40))


def test_a_certificate_as_text_and_data() -> None:
    trace = _trace(pl.Dropout(0.3))
    found = trace.certify(50, seed=3)
    assert found == trace.certify(50, seed=3)
    assert {each.cell for each in found.gradients} != {each.cell for each in trace.certify(50, seed=4).gradients}
    assert max(map(len, str(found).splitlines())) <= 100
    told = json.loads(found.json())
    assert told["passed"] is True
    assert told["cells"] == found.cells >= 50
    assert told["worst"]["name"] == found.worst.name
    assert told["unchecked"] == found.unchecked
    assert any("layers inside" in why for why in found.unchecked.values())


def test_of_a_prediction_and_of_a_partial_trace_the_equations_are_checked() -> None:
    model, trainer, (x, y, weight) = made(3)
    found = model.trace(x).certify()
    assert found.passed
    assert found.equations
    assert not found.gradients
    assert "prediction" in found.unchecked["gradients"]
    partial = trainer.trace_step(x, y, weight=weight, keep=("loss*", "layers.0.*")).certify()
    assert partial.passed, str(partial)
    assert "has not kept" in partial.unchecked["gradients"]
    with pytest.warns(UserWarning):
        none = trainer.trace_step(x, y, weight=weight, keep=("nothing",)).certify()
    assert not none.passed and "nothing could be checked" in str(none)


def test_of_a_file_that_names_strangers_the_rest_is_checked(tmp_path: Any) -> None:
    _trace(WrongEquation(5)).save(tmp_path / "step.safetensors")
    found = pl.load_trace(tmp_path / "step.safetensors").certify(20)
    assert found.passed
    assert "not registered" in found.unchecked["layers.1"]
    assert "cannot be made anew" in found.unchecked["gradients"]
    assert {"layers.0.y", "layers.2.weight.grad"} <= {each.name for each in found.equations}


def test_a_trace_from_a_file_has_the_same_certificate(tmp_path: Any) -> None:
    model = pl.build("ann", input_shape=(4,), hidden=[5], outputs=3, seed=1)
    rng = np.random.default_rng(5)
    trainer = pl.Trainer(model, loss="softmax_cross_entropy", seed=2)
    trace = trainer.trace_step(rng.normal(size=(6, 4)), rng.integers(0, 3, 6))
    trace.save(tmp_path / "step.safetensors")
    assert pl.load_trace(tmp_path / "step.safetensors").certify(30) == trace.certify(30)


@pytest.mark.parametrize("wrong", [{"cells": 0}, {"cells": 2.5}, {"seed": -1}])
def test_wrong_arguments(wrong: dict[str, Any]) -> None:
    with pytest.raises(pl.ConfigError, match="of certify must be an int"):
        _trace(pl.Dense(2)).certify(**wrong)


def test_cells_are_spread_evenly() -> None:
    assert spread(10, [100, 100]) == [5, 5]
    assert spread(10, [2, 100]) == [2, 8]
    assert spread(1, [3, 3, 3]) == [1, 1, 1]
    assert spread(100, [3, 0, 4]) == [3, 0, 4]
    assert sum(spread(11, [100, 100, 100])) == 11


def _opened(layers: list[Any], loss: str, y: Any, scale: float, dtype: str = "float32") -> Any:
    x = np.random.default_rng(0).normal(size=(7, 4)) * scale
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=0, dtype=dtype)
    return pl.Trainer(model, loss=loss, optimizer="sgd", seed=0).trace_step(x, y)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_rounding_of_what_is_nearly_flat_is_no_mistake(activation: str) -> None:
    trace = _opened([pl.Dense(4, activation), pl.Dense(4)], "mse", np.ones((7, 4)), 60.0)
    assert trace.certify(40).passed, str(trace.certify(40))


@pytest.mark.parametrize("scale", [1.0, 60.0, 600.0])
def test_answers_that_are_certain_have_a_worked_loss(scale: float) -> None:
    y = np.random.default_rng(1).integers(0, 2, (7, 3))
    trace = _opened([pl.Dense(3)], "binary_cross_entropy", y, scale)
    why = trace.why("loss")
    assert abs(why.total - why.value) <= 1e-6 * abs(why.value)
    assert trace.certify(20).passed


def test_a_formula_that_overflows_is_said_to_and_is_no_mistake() -> None:
    trace = _opened([pl.Dense(3)], "softmax_cross_entropy", np.arange(7) % 3, 6000.0)
    certificate = trace.certify(20)
    assert certificate.passed, str(certificate)
    assert any("overflows" in why for name, why in certificate.unchecked.items() if name.startswith("loss"))
    assert "overflows" in str(trace.why("loss"))


def test_where_a_slope_is_another_at_every_step_nothing_is_called_wrong() -> None:
    """All is 0, the relu is at its kink, and the layer norm before it as steep as it can be."""
    layers = [pl.create("layer", "layer_norm"), pl.Dense(5, "relu"), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=0)
    trace = pl.Trainer(model, loss="mse", optimizer="adam", seed=0).trace_step(np.zeros((5, 4)), np.zeros((5, 3)))
    certificate = trace.certify(150)
    assert certificate.passed, str(certificate)
    assert certificate.kinks > 0


def test_two_numbers_that_are_normalised_are_certified() -> None:
    _, trainer, (x, y, weight) = made(1032)
    for _ in range(2):
        trace = trainer.trace_step(x, y, weight=weight)
    assert trace.certify(60).passed, str(trace.certify(60))
