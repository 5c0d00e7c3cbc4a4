"""What equations may name, when each of them holds, and the equations of what the trainer computes."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.equations import Activation, evaluate
from pellucid.glassbox.record.cell import check_cell
from pellucid.glassbox.record.names import Attributes, Phases, is_helper, numbered, prefix_of, symbols
from pellucid.glassbox.record.own import factor_of, factors_in, own_equations
from pellucid.glassbox.record.quantity import Call, Quantity, exactly
from pellucid.glassbox.record.record import Recorder
from pellucid.ops.backends import get_ops

from tests.glassbox.recorded import Look


def of(*expressions: tuple[str, str | None]) -> tuple[pl.Equation, ...]:
    return tuple(pl.Equation(name, name, expression) for name, expression in expressions)


def test_one_has_no_number_and_several_do() -> None:
    assert numbered("x", ["a"]) == {"x": "a"} and numbered("x", ["a", "b"]) == {"x0": "a", "x1": "b"}
    assert numbered("x", []) == {} and [prefix_of(k) for k in (1, 2, 12)] == ["", "micro.2.", "micro.12."]


DENSE = of(
    ("z", "x @ W"), ("y", "f(z)"), ("n", None), ("dz", "dy * f.derivative(z)"), ("dx", "dz @ W.T"), ("l", "z + 1")
)


@pytest.mark.parametrize(
    ("equations", "how", "told"),
    [
        (DENSE, {}, "z y l|dz dx||n"),
        (DENSE, {"ordered": False}, "z y dz dx l|||n"),
        (of(("y", "x"), ("y_evaluation", "2 * x")), {}, "y|||"),
        (of(("y", "x"), ("y_evaluation", "2 * x")), {"training": False}, "y|||"),
        (of(("y0", "x"), ("y_evaluation0", "2 * x"), ("m", "x > 0")), {"training": False}, "y0 m|||"),
        (of(("loss", "x"), ("loss_evaluation", "2 * x")), {"training": False}, "loss|||"),
        (of(("y", "x"), ("y_evaluation", "2 * x"), ("m", "x > 0")), {}, "y m|||"),
        (of(("y", "x"), ("n", None), ("y_evaluation", "2 * x"), ("m", "dy")), {"training": False}, "y|m||n"),
        (of(("y", "x"), ("y_evaluation", None)), {"training": False}, "y|||y_evaluation"),
        (of(("s", "s + mu"), ("mu", "x")), {"states": {"s"}}, "mu||s|"),
        (of(("s", "s + dy"), ("mu", "dy1 + dyn")), {"states": ["s"]}, "|mu|s|"),
        (of(("s", "dyn + 1"), ("t", "x")), {}, "s t|||"),
    ],
)  # fmt: skip
def test_equations_hold_at_their_time(equations: Any, how: dict[str, Any], told: str) -> None:
    found = Phases.of(equations, **how)
    parts = (found.forward, found.backward, found.states, found.without)
    assert [[e.of for e in part] for part in parts] == [part.split() for part in told.split("|")]


def test_in_a_prediction_its_own_equation_stands_in_the_place_of_the_other() -> None:
    both = of(("y", "x"), ("y_evaluation", "2 * x"), ("loss_evaluation2", "3 * x"))
    assert [(e.of, e.python) for e in Phases.of(both, training=False).forward] == [("y", "2 * x"), ("loss2", "3 * x")]
    assert [e.python for e in Phases.of(both).forward] == ["x"]


def test_helpers_define_functions_alone() -> None:
    told = of(("f", "lambda x: x"), ("g", "  lambda: 1"), ("y", "f(x)"), ("n", None))
    assert [is_helper(e) for e in told] == [True, True, False, False]


def test_what_symbols_stand_for() -> None:
    layer: Any = pl.build(pl.Dense(2, "tanh", use_bias=False), input_shape=(3,), seed=0)
    found = symbols(layer)
    assert found["W"] is layer.weight and found["b"] == 0.0 and found["f"].name == "tanh"
    assert symbols(pl.Dense(2))["f"].name is None and "W" not in symbols(pl.Dense(2))  # not built yet
    named: Any = SimpleNamespace(
        symbols={"a": "own", "b": "inner.own", "w": "none"}, equations=of(("dw", "1")), none=None
    )
    named.own, named.inner = "no activation", SimpleNamespace(own=3)
    assert symbols(named) == {"a": "no activation", "b": 3, "w": 0.0}
    named.equations = of(("dW", "1"))
    assert isinstance(symbols(named)["w"], Activation)


def test_attributes_of_a_model_are_open_and_what_is_its_own_is_not() -> None:
    held = Attributes(SimpleNamespace(classes=3, _secret=1))  # type: ignore[arg-type]
    assert held.classes == 3
    with pytest.raises(AttributeError):
        held._secret  # noqa: B018


# -- what the trainer computes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "made", "values", "told"),
    [
        ("d0", "grad", {"s0": 1.0}, {"grad": "d0"}),
        ("d0 d1", "grad", {"s0": 0.25, "s1": 0.75}, {"grad": "s0 * d0 + s1 * d1"}),
        ("d0 d1", "grad", {"s0": 1.0, "s1": 1.0}, {"grad": "d0 + d1"}),
        ("", "grad", {}, {}),
        ("d1", "grad", {}, {}),
        ("l0 l1", "loss", {}, {"loss": "s0 * l0 + s1 * l1"}),
        ("", "loss", {}, {}),
        ("g0 p0 g1", "norm", {}, {"norm": "np.sqrt(np.sum(((g0 + p0))**2) + np.sum((g1)**2))"}),
        ("g0 clip_factor0", "norm", {}, {"norm": "np.sqrt(np.sum((clip_factor0 * g0)**2))"}),
        ("", "norm", {}, {}),
        ("norm", "clip_factor", {}, {"clip_factor": "min(1.0, clip_norm / norm)"}),
        ("", "clip_factor", {}, {}),
        ("factor", "lr", {}, {"lr": "base_lr * factor"}),
        ("", "lr", {}, {}),
        ("p0 p1", "penalty", {}, {"penalty": "p0 + p1"}),
        ("s0", "new", {}, {"new": "s0"}),
        ("s0 a0 r0", "new", {}, {"new": "s0 + r0 * (a0 - s0)"}),
        ("s0 a0 r0 a1 r1", "new", {}, {"s1": "s0 + r0 * (a0 - s0)", "new": "s1 + r1 * (a1 - s1)"}),
        ("a0", "new", {}, {}),
        ("g", "step_grad", {}, {"step_grad": "g"}),
        ("g p", "step_grad", {}, {"step_grad": "(g + p)"}),
        ("g clip_factor", "step_grad", {}, {"step_grad": "clip_factor * g"}),
        ("g p clip_factor clip_factor_1", "step_grad", {}, {"step_grad": "clip_factor_1 * clip_factor * (g + p)"}),
        ("g", "step_grad", {"clip_value": 0.1}, {"step_grad": "np.clip(g, -clip_value, clip_value)"}),
        ("", "step_grad", {}, {}),
        ("g", "other", {}, {}),
    ],
)
def test_equations_of_what_the_trainer_computes(given: str, made: str, values: Any, told: dict[str, str]) -> None:
    found = own_equations(dict.fromkeys(given.split(), "q"), {made: "q"}, values)
    assert {e.of: e.python for e in found} == told


@pytest.mark.parametrize(
    ("given", "made", "values", "latex"),
    [
        ("d0", "grad", {}, r"dW = \left(dW\right)_1"),
        ("d0 d1", "grad", {}, r"dW = \sum_k \tfrac{c_k}{\sum c} \left(dW\right)_k"),
        ("g", "step_grad", {}, r"\tilde g = g"),
        ("g p", "step_grad", {}, r"\tilde g = g + \nabla \Omega"),
        ("g clip_factor", "step_grad", {}, r"\tilde g = \min(1, c / \lVert g \rVert)\, g"),
        ("g p clip_factor", "step_grad", {}, r"\tilde g = \min(1, c / \lVert g \rVert)\, (g + \nabla \Omega)"),
        ("g", "step_grad", {"clip_value": 1}, r"\tilde g = \max(-c, \min(c, g))"),
        ("s0 a0 r0", "new", {}, r"s_{1} = s_{0} + r_{0} (a_{0} - s_{0})"),
        ("s0", "new", {}, "s = s_0"),
    ],
)
def test_they_are_typeset(given: str, made: str, values: Any, latex: str) -> None:
    assert own_equations(dict.fromkeys(given.split(), "q"), {made: "q"}, values)[0].latex == latex


def test_states_that_were_asked_for_several_times_follow_one_another() -> None:
    given = dict.fromkeys(("s0", "a0", "r0", "a1", "r1"), "q")
    found = evaluate(own_equations(given, {"new": "q"}, {}), {"s0": 1.0, "a0": 3.0, "r0": 0.5, "a1": 0.0, "r1": 0.25})
    assert found == {"s1": 2.0, "new": 1.5}


def test_names_of_factors() -> None:
    assert [factor_of("", 0), factor_of("", 1), factor_of(2, 0), factor_of(2, 1)] == [
        "clip_factor", "clip_factor_1", "clip_factor2", "clip_factor2_1",
    ]  # fmt: skip
    assert list(factors_in({"clip_factor", "clip_factor_1", "clip_factor_3"}, "")) == ["clip_factor", "clip_factor_1"]
    assert list(factors_in({"clip_factor_1"}, "")) == []


# -- calls, quantities and cells --------------------------------------------------------------------------------------


def test_calls_lead_to_those_inside_of_them() -> None:
    layer, root = pl.Dense(2), pl.Dense(3)
    inner = [Call("", root, "layer", "model.{}"), Call("loss", None, "loss", "loss.{}")]
    inner[0].inner = [Call("layers.0", layer, "layer", "layers.0.{}", made={"y": "q"})]
    outer = Call("objective", None, "objective", "objective.{}", inner=inner)
    assert [call.path for call in outer.within()] == ["objective", "", "layers.0", "loss"]
    assert outer.model is root and inner[0].model is None and inner[1].model is None
    assert Call("objective", None, "objective", "o.{}").model is None
    assert inner[0].inner[0].name_of("y") == "q" and inner[0].inner[0].name_of("z") == "layers.0.z"
    assert repr(inner[0].inner[0]) == "Call('layers.0', Dense, made={'y': 'q'})"
    assert Call("a", None, "loss", "{}", made={"loss": "q"}, given={"l0": "q"}).equations == ()
    assert len(Call("a", None, "trainer", "{}", made={"loss": "q"}, given={"l0": "q"}).equations) == 1


def test_what_code_has_kept_has_its_name() -> None:
    call = Call("layers.0", None, "layer", "layers.0.{}")
    names = ("layers.0.kept.mu", "layers.0.y", "layers.1.kept.mu")
    assert [Quantity(name, None, call).kept for name in names] == ["mu", "", ""]
    assert Quantity("layers.0.kept.mu", None).kept == ""


def test_equations_compute_in_double_precision() -> None:
    single, whole, double = np.ones(2, np.float32), np.ones(2, np.int32), np.ones(2)
    assert exactly(single).dtype == np.float64 and exactly(whole) is whole and exactly(double) is double


@pytest.mark.parametrize(("cell", "found"), [((1, 2), (1, 2)), ([-1, -3], (1, 0)), ((np.int64(0), 1), (0, 1))])
def test_cells_as_they_are_written(cell: Any, found: Any) -> None:
    assert check_cell("w", (2, 3), cell) == found
    assert check_cell("w", (3,), 1) == (1,) and check_cell("w", (), ()) == ()


@pytest.mark.parametrize("cell", [(2, 0), (-3, 0), (0, 3), (0,), 0, (0, 0, 0), (0, 0.5), (True, 0), "00", None])
def test_cells_that_there_are_none_of(cell: Any) -> None:
    with pytest.raises(pl.DataError) as caught:
        check_cell("w", (2, 3), cell)
    assert str(caught.value) == (
        f"'w' has no cell {cell!r}: its shape is (2, 3). Give one index for each axis, such as (1, 2)."
    )
    with pytest.raises(
        pl.DataError, match=r"^'w' has no cell \(0,\): its shape is \(\)\. It is one number: give \(\)\.$"
    ):
        check_cell("w", (), (0,))


def test_names_of_a_whole_step_in_the_order_of_computation() -> None:
    model = pl.build(pl.Dense(3, use_bias=False), input_shape=(2,), seed=0)
    trainer = pl.Trainer(model, loss="huber", optimizer="adam", seed=0)
    trace = trainer.trace_step(np.ones((4, 2)), np.zeros((4, 3)))
    told = [f"{name}*" if trace.quantity(name).origin == "equation" else name for name in trace.names()]
    assert told == [
        "rows", "x", "y", "weight", "model.x", "model.z*", "model.y", "loss.prediction", "loss.target", "loss.r*",
        "loss.c*", "loss.l*", "loss", "loss.dprediction", "model.dy", "model.dz*", "model.db*", "weight.grad", "lr",
        "norm*", "optimizer.m.weight", "optimizer.v.weight", "optimizer.g.weight*", "optimizer.mhat.weight*",
        "optimizer.vhat.weight*", "optimizer.m.weight.new", "optimizer.v.weight.new", "weight.new",
    ]  # fmt: skip


def test_names_of_a_step_of_two_micro_batches() -> None:
    model, look = pl.build(pl.Dense(3, use_bias=False), input_shape=(2,), seed=0), Look()
    trainer = pl.Trainer(model, loss="mse", optimizer="sgd", accumulate=2, clip_norm=0.1, callbacks=[look], seed=0)
    trainer.fit((np.arange(12.0).reshape(6, 2), np.zeros((6, 3))), epochs=1, batch_size=3, verbose=False)
    (trace,) = look.traces
    told = [f"{name}*" if trace.quantity(name).origin == "equation" else name for name in trace.names()]
    first = ["rows", "x", "y", "model.x", "model.z*", "model.y", "loss.prediction", "loss.target", "loss.l*", "loss"]
    first += ["loss.dprediction", "model.dy", "model.dz*", "model.dW*", "model.db*"]
    assert told == [
        *first[:3], "weight", *first[3:9], "micro.1.loss", *first[10:], *(f"micro.2.{name}" for name in first),
        "weight.grad", "loss", "lr", "norm*", "clip_factor*", "weight.step_grad", "optimizer.g.weight*",
        "optimizer.v.weight*", "optimizer.d.weight*", "weight.new",
    ]  # fmt: skip
    assert trace["loss"] == pytest.approx((trace["micro.1.loss"] + trace["micro.2.loss"]) / 2)
    why = trace.why("loss")
    assert why.agrees and why.parents == [("micro.1.loss", ()), ("micro.2.loss", ())]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ((2, 8, 6, 4, 1), "q1 (6.1e-05 MiB), q2 (4.58e-05 MiB), q3 (3.05e-05 MiB)"),
        ((2, 8), "q1 (6.1e-05 MiB), q0 (1.53e-05 MiB)"), ((), "much"),
    ],
)  # fmt: skip
def test_a_trace_that_keeps_too_much_names_the_three_largest(cells: tuple[int, ...], told: str) -> None:
    recorder = Recorder(get_ops("reference"), limit=8 * sum(cells))
    for number, size in enumerate(cells):
        recorder.add(f"q{number}", np.full(size, number, np.float64))
    said = f"^A trace may keep {8 * sum(cells):,} bytes, and with 'much' it has {8 * sum(cells) + 8000:,}. The largest "
    with pytest.raises(pl.DataError, match=said + f"so far: {re.escape(told)}. Give fewer rows"):
        recorder.add("much", np.zeros(1000))
