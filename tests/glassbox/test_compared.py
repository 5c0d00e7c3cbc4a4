"""Numbers held against their equations, rows against the batch, quantities put into the phases of a step: by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.page.code import code_of
from pellucid.glassbox.page.steps import _parameter_of, _phase, title_of
from pellucid.glassbox.prove.agreement import Agreement, _compare, _is_number, all_calls
from pellucid.glassbox.prove.held import _gradient_of, spread
from pellucid.glassbox.prove.replay import _difference
from pellucid.glassbox.prove.samples import _outputs, _row, largest_gradient
from pellucid.glassbox.record.quantity import Call, Quantity
from pellucid.glassbox.trace import Setting, Trace
from pellucid.glassbox.why.aside import _same, asked_by, where
from pellucid.glassbox.why.asking import onward
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.reason import Why
from pellucid.glassbox.why.terms import Term


def compared(recorded: Any, computed: Any, size: Any = 0.0, tolerance: float = 0.1, ahead: bool = False) -> Agreement:
    call = Call("l", pl.Dense(1), "layer", "l.{}", made={"y": "l.y"})
    r, c = np.asarray(recorded, np.float64), np.asarray(computed, np.float64)
    return _compare(call, "y", r, c, np.broadcast_to(np.asarray(size, np.float64), c.shape), tolerance, ahead)


@pytest.mark.parametrize(
    ("recorded", "computed", "size", "error", "cell"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0.0, 0.0, (0,)), ([1.0, 2.0], [1.0, 2.5], 0.0, 0.2, (1,)),
        ([1.0, 2.0], [1.0, 2.5], 6.0, 0.5 / 6.5, (1,)), ([1.0, 3.0], [1.0, 2.5], 0.0, 0.2, (1,)),
        ([100.0, 0.5], [100.0, 0.0], 0.0, 0.5, (1,)),  # of the largest a hundredth
        ([100.0, 0.5], [100.0, 0.0], [0.0, 2.0], 0.25, (1,)), ([0.0], [0.0], np.inf, 0.0, (0,)),
        ([1.0, 2.0], [1.0, 2.5], np.inf, 0.2, (1,)), ([[1.0], [3.0]], [[1.0], [4.0]], 0.0, 0.25, (1, 0)),
        ([np.nan, 1.0], [np.nan, 1.0], 0.0, 0.0, (0,)), ([np.nan, 1.0], [1.0, 1.0], 0.0, np.inf, (0,)),
        ([np.inf, 1.0], [np.inf, 1.0], 0.0, 0.0, (0,)), ([np.inf, 1.0], [1.0, 1.0], 0.0, np.inf, (0,)),
        (2.0, 2.5, 0.0, 0.2, ()),
    ],
)  # fmt: skip
def test_an_error_is_relative_to_what_was_added_up(
    recorded: Any, computed: Any, size: Any, error: float, cell: Any
) -> None:
    found = compared(recorded, computed, size)
    assert found.error == pytest.approx(error) and found.cell == cell and found.passed is (error <= 0.1)
    assert (found.name, found.of, found.component, found.size) == ("l.y", "y", "Dense", np.size(recorded))
    assert found.recorded == pytest.approx(np.asarray(recorded, float)[cell], nan_ok=True)
    assert found.computed == pytest.approx(np.asarray(computed, float)[cell], nan_ok=True)


def test_at_the_tolerance_it_agrees() -> None:
    assert compared([2.0], [2.5], tolerance=0.2).passed and not compared([2.0], [2.5], tolerance=0.19).passed


def test_what_an_equation_cannot_tell_far_out_is_left_out_unless_it_names_itself() -> None:
    found = compared([1.0, 2.0], [np.inf, 2.0])
    assert (found.size, found.passed, found.cell) == (1, True, (0,))
    alone = compared([1.0], [np.nan])
    assert (alone.size, alone.error, alone.cell, alone.passed) == (0, 0.0, (), True)
    ahead = compared([1.0, 2.0], [np.nan, 2.0], ahead=True)
    assert (ahead.size, ahead.error, ahead.passed) == (2, np.inf, False)


def test_another_shape_does_not_agree() -> None:
    found = compared([1.0, 2.0], [[1.0, 2.0]])
    assert (found.passed, found.error, found.cell, found.size) == (False, np.inf, (), 2)


def test_an_agreement_is_told() -> None:
    found = compared([[1.0], [3.0]], [[1.0], [4.0]])
    assert found.place == "l.y[1, 0]" and compared(1.0, 1.0).place == "l.y"
    assert str(found) == "l.y[1, 0]: 3 recorded, 4 by the equation of 'y' of Dense"


def test_what_is_a_number() -> None:
    numbers = (np.ones(2), np.float32(1), 1.0, 2, True, np.array([True]))
    assert all(map(_is_number, numbers)) and not any(map(_is_number, ("a", None, len, [1.0], np.array(["a"]), 1j)))


# -- rows and cells ---------------------------------------------------------------------------------------------------


def test_rows_one_at_a_time() -> None:
    dy = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert _row(1, dy).tolist() == [[0.0, 0.0], [3.0, 4.0]] and dy[0, 0] == 1.0
    call = Call("l", None, "layer", "l.{}", made={"y10": "a", "y2": "b", "y0": "c", "yes": "d", "z": "e"})
    assert _outputs(call) == ["dy0", "dy2", "dy10"] and _outputs(Call("", None, "layer", "", made={"y": "a"})) == ["dy"]


def test_of_methods_whose_source_nobody_knows_the_others_are_told() -> None:
    typed: dict[str, Any] = {}
    exec("def forward(self, ctx, x):\n    return x", typed)

    class Typed(pl.Layer):
        forward = typed["forward"]

        def output_shape(self, shape: Any) -> Any:
            return shape

        def backward(self, ctx: Any, dy: Any) -> Any:
            return dy

    found = code_of(Typed())
    assert "forward" not in [each["method"] for each in found]
    assert next(each["text"] for each in found if each["method"] == "backward").endswith("    return dy\n")


def test_the_largest_gradient_of_a_step() -> None:
    def largest(**arrays: Any) -> float:
        held = {name: Quantity(name.replace("_", "."), np.asarray(value)) for name, value in arrays.items()}
        return largest_gradient(Trace({q.name: q for q in held.values()}, [], Setting(None, None)))

    assert largest(a_grad=[1.0, -3.0], b_grad=[2.0], c=[9.0]) == 3.0
    assert largest(a_grad=[0.0]) == largest(c=[9.0]) == largest(a_grad=np.zeros(0)) == 1.0


@pytest.mark.parametrize(
    ("cells", "sizes", "told"),
    [
        (10, [4, 4], [4, 4]), (5, [4, 4], [3, 2]), (1, [4, 4, 0], [1, 1, 0]), (9, [1, 8], [1, 8]),
        (7, [1, 2, 8], [1, 2, 4]),
        (3, [], []), (12, [100, 100, 100], [4, 4, 4]),
    ],
)  # fmt: skip
def test_cells_are_spread_evenly(cells: int, sizes: list[int], told: list[int]) -> None:
    assert spread(cells, sizes) == told


def test_names_of_gradients() -> None:
    assert [_gradient_of(name) for name in ("layers.0.x", "micro.2.model.x1")] == ["layers.0.dx", "micro.2.model.dx1"]


def test_the_first_cell_with_other_bits() -> None:
    a = np.array([[1.0, 2.0], [0.0, np.nan]])
    b = a.copy()
    assert _difference("x", a, b) is None
    b[1, 0] = -0.0
    found: Any = _difference("x", a, b)
    assert (found.name, found.cell, found.cells, found.of) == ("x", (1, 0), 1, 4) and str(found.after) == "-0.0"
    b[0, 1] = 3.0
    found = _difference("x", a, b)
    assert (found.cell, found.before, found.after, found.cells) == ((0, 1), 2.0, 3.0, 2)
    number: Any = _difference("x", np.array(1.0), np.array(2.0))
    assert (number.cell, number.cells, number.of) == ((), 1, 1)
    for other in (a.astype(np.float32), a.ravel(), a[:1]):
        found = _difference("x", a, other)
        assert (found.cell, found.cells, found.of) == ((), 4, 4)
        assert (found.before, found.after) == ("float64 of shape (2, 2)", f"{other.dtype} of shape {other.shape}")


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ([1.0, 2.0], [[1.0], [2.0]], True), ([1.0, 2.0], [1.0, 2.0001], True), ([1.0, 2.0], [1.0, 2.0003], False),
        ([0.0001, 2.0], [0.0, 2.0], True), ([np.nan], [np.nan], True), ([], [], False), ([1.0], [1.0, 1.0], False),
        ([0.0], [0.0], True), ([1.0, np.inf], [1.0, np.inf], True), ([1.0, 0.0], [1.0, np.inf], False),
    ],
)  # fmt: skip
def test_what_is_the_same_in_another_shape(a: Any, b: Any, same: bool) -> None:
    assert _same(np.asarray(a), np.asarray(b)) is same


# -- phases of a step -----------------------------------------------------------------------------------------------


BATCH_NORM: Any = pl.build("batch_norm", input_shape=(2,), seed=0)


@pytest.mark.parametrize(
    ("name", "of", "call", "phase"),
    [
        ("x", "", None, "data"), ("optimizer.m.w", "", None, "update"), ("w.new", "", None, "update"),
        ("s.asked", "", None, "update"), ("s.asked#2", "", None, "update"), ("s.rate", "", None, "update"),
        ("w.observed", "", None, "update"), ("y.rate", "", None, "data"), ("y.new", "", None, "data"),
        ("w.rated", "", None, "data"), ("m", "m", ("optimizer", ""), "update"),
        ("f", "factor", ("schedule", ""), "update"),
        ("loss.l", "l", ("loss", "loss"), "loss"), ("loss", "loss", ("trainer", "loss"), "loss"),
        ("objective.drawn.t", "", ("objective", ""), "loss"), ("w.grad", "grad", ("trainer", "w"), "backward"),
        ("w.penalty", "penalty", ("regularizer", "w"), "update"), ("norm", "norm", ("trainer", "norm"), "update"),
        ("l.y", "y", ("layer", "l"), "forward"), ("l.dy", "dy", ("layer", "l"), "backward"),
        ("l.dx", "dx", ("layer", "l"), "backward"), ("l.dgamma", "dgamma", ("layer", "l"), "backward"),
        ("l.mu", "mu", ("layer", "l"), "forward"), ("l.s.new", "running_mean", ("layer", "l"), "update"),
        ("l.kept.mu", "", ("layer", "l"), "forward"),
    ],
)  # fmt: skip
def test_each_quantity_has_its_phase(name: str, of: str, call: Any, phase: str) -> None:
    made = None
    if call is not None:
        made = Call(call[1], BATCH_NORM if call[0] == "layer" else None, call[0], "l.{}", given={"dy": "l.dy"})
    in_step: Any = {"w", "s", "x"}
    assert _phase(name, Quantity(name, None, made, of), in_step) == phase


def test_what_a_quantity_of_the_update_is_about() -> None:
    trace: Any = {"w.new"}
    names = (
        "w.new",
        "w.step_grad",
        "w.penalty_grad",
        "w.penalty",
        "optimizer.m.w",
        "optimizer.m.w.new",
        "norm",
        "v.new",
    )
    assert [_parameter_of(name, trace) for name in names] == ["w"] * 6 + ["", ""]


def test_titles_of_calls() -> None:
    layer = pl.Dense(1)
    told = [
        Call("layers.0", layer, "layer", ""), Call("", layer, "layer", ""), Call("a", layer, "layer", "", number=2),
        Call("a", layer, "layer", "", micro=2), Call("norm", None, "trainer", ""), Call("a", layer, "layer", "", 2, 3),
    ]  # fmt: skip
    assert [title_of(call) for call in told] == [
        "layers.0 · Dense", "model · Dense", "a#2 · Dense", "micro-batch 2 · a · Dense", "norm",
        "micro-batch 3 · a#2 · Dense",
    ]  # fmt: skip


def test_each_call_of_a_trace_comes_once() -> None:
    inner, outer, own = (Call(path, None, "layer", "") for path in ("inner", "outer", "own"))
    outer.inner = [inner]
    quantities = {
        name: Quantity(name, np.zeros(1), call) for name, call in (("a", own), ("b", inner), ("c", None), ("d", own))
    }
    assert list(all_calls(Trace(quantities, [outer], Setting(None, None)))) == [outer, inner, own]


def test_code_is_shown_of_what_computes() -> None:
    class Own(pl.Composite):
        """Of a Composite it is its call."""

        def call(self, ctx: Any, x: Any) -> Any:
            return x

    assert [(each["method"], each["where"]) for each in code_of(pl.Dense(2))] == [
        ("forward", "pellucid.standard.layers.dense.Dense"), ("backward", "pellucid.standard.layers.dense.Dense"),
    ]  # fmt: skip
    (own,) = code_of(Own())
    assert own["method"] == "call" and own["text"].startswith("def call(self, ctx: Any, x: Any) -> Any:\n    return x")
    assert [each["method"] for each in code_of(pl.create("optimizer", "sgd"))] == ["step"]
    assert [each["method"] for each in code_of(pl.create("regularizer", "l2"))] == ["penalty", "add_gradient"]
    assert [each["method"] for each in code_of(pl.create("schedule", "constant"))] == ["__call__"]
    assert [each["method"] for each in code_of(pl.create("loss", "mse"))] == ["forward", "backward"]
    assert code_of(SimpleNamespace()) == []
    assert where(Own()).startswith("Own.call, ")
    assert where(pl.Dense(2)).startswith("Dense.forward, pellucid/standard/layers/dense.py, line ")
    assert where(pl.Dense(2), True).startswith("Dense.backward, ") and where(pl.create("optimizer", "sgd")).startswith(
        "SGD.step"
    )


def test_who_has_asked_a_state_to_become_something() -> None:
    first, second, other = (Call(p, None, "layer", f"{p}.{{}}", given={"s": "l.state"}) for p in ("l", "l", "m"))
    trace = SimpleNamespace(calls=[Call("", None, "objective", "", inner=[first, other, second])])
    told = [asked_by(trace, Quantity(f"l.state.asked{n}", None)) for n in ("", "#2", "#3", "#x", "#1", "#100")]
    assert told == [(first, "s"), (second, "s"), (None, ""), (None, ""), (None, ""), (None, "")]
    assert asked_by(trace, Quantity("l.other.asked", None)) == (first, "other")
    assert asked_by(trace, Quantity("l.state", None)) == (None, "")


def test_the_way_back_goes_on_with_the_last_factor_that_was_made() -> None:
    origins = {"x": "given", "w": "given", "y": "recorded", "z": "recorded"}
    held = {name: Quantity(name, np.zeros(1), origin=origin) for name, origin in origins.items()}
    trace = Trace(held, [], Setting(None, None))

    def on(*terms: tuple[str, ...], over: str = "") -> str:
        def cell(name: str, value: float) -> Expr:
            return Expr("cell", value, (), name, (0,), name)

        made = [
            Term(1, tuple(cell(name, i + 2.0) for name in names), (cell(over, 0.5),) if over else ())
            for i, names in enumerate(terms)
        ]
        return onward(trace, Why("q", (), 0.0, None, None, "q", made, [("x", (0,)), ("y", (0,)), ("z", (0,))]))[0]

    assert on(("y",), ("x", "z")) == "z" and on(("z",), ("x", "w")) == "x" and on(("y",), ("y", "z"), over="w") == "z"
    assert on(("x",), ("x", "w"), over="y") == "y" and on((), ()) in "yz"
