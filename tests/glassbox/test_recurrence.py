"""Recurrences are explained as a textbook does: a step by the gates of that step and the state before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Equation
from pellucid.glassbox.equations import evaluate, idle
from pellucid.glassbox.why.cells import cell
from pellucid.glassbox.why.reason import explain
from pellucid.glassbox.why.traced_equations import TracedEquations

ROWS, STEPS, FEATURES, UNITS = 4, 6, 3, 5


def trainer(cell: str, **options: Any) -> tuple[pl.Trainer, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    layers = [{"type": f"recurrent/{cell}", "units": UNITS, **options}, {"type": "dense", "units": 1}]
    model = pl.build(
        {"type": "core/sequential", "layers": layers}, input_shape=(STEPS, FEATURES), seed=1, dtype="float64"
    )
    x, y = rng.normal(size=(ROWS, STEPS, FEATURES)), rng.normal(size=(ROWS, STEPS, 1))
    made = pl.Trainer(model, loss="mse", optimizer={"type": "sgd", "lr": 0.1}, seed=0)
    made.train_step(x, y)
    return made, x, y


@pytest.mark.parametrize(("cell_type", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
@pytest.mark.parametrize("carry", [0, ROWS])
def test_a_cell_of_any_step_has_a_handful_of_terms(cell_type: str, gates: int, carry: int) -> None:
    made, x, y = trainer(cell_type, carry=carry)
    trace, rng = made.trace_step(x, y), np.random.default_rng(0)
    of_layer = [
        name for name in trace.names()
        if name.startswith("layers.0.") and trace.quantity(name).of and not name.startswith("layers.0.weight")
    ]  # fmt: skip
    assert "layers.0.hs" in of_layer and "layers.0.da" in of_layer
    for name in of_layer:
        of = trace.quantity(name).of
        over_steps = of in ("dW", "dU", "db", "dc", "grad")  # a sum over all rows and steps
        back = of in ("dx", "dhs")  # through all gates
        most = ROWS * STEPS if over_steps else gates * UNITS + 2 if back else FEATURES + UNITS + 1
        for _ in range(10):
            why = trace.why(name, tuple(int(rng.integers(n)) for n in trace[name].shape))
            assert len(why.terms) <= most, str(why)
            assert why.agrees and abs(why.total - why.value) <= 1e-9 * max(1.0, abs(why.value)), str(why)


def test_lstm_reads_like_its_textbook() -> None:
    made, x, y = trainer("lstm")
    trace = made.trace_step(x, y)
    scalar = {of: trace.why(f"layers.0.{of}", at).scalar for of, at in {
        "cs": (3, 2, 1), "hs": (3, 2, 1), "i": (3, 2, 1), "g": (3, 2, 1), "dcs": (3, 2, 1), "da": (3, 2, 1),
    }.items()}  # fmt: skip
    assert scalar == {
        "cs": "cs[3,2,1] = f[3,2,1]·cs[2,2,1] + i[3,2,1]·g[3,2,1]",
        "hs": "hs[3,2,1] = o[3,2,1]·tanh(cs[3,2,1])",
        "i": "i[3,2,1] = 1/(1 + exp(−a[3,2,1]))",
        "g": "g[3,2,1] = tanh(a[3,2,16])",
        "dcs": "dcs[3,2,1] = dcs[4,2,1]·f[4,2,1] + dhs[3,2,1]·o[3,2,1]·(1 − squashed[3,2,1]²)",
        "da": "da[3,2,1] = dcs[3,2,1]·g[3,2,1]·i[3,2,1]·(1 − i[3,2,1])",
    }
    a = trace.why("layers.0.a", (3, 2, 7))
    assert {name for name, _ in a.parents} == {
        "layers.0.s", "layers.0.weight", "layers.0.hs", "layers.0.recurrent_weight", "layers.0.bias"
    }  # fmt: skip
    assert all(at[0] == 2 for name, at in a.parents if name == "layers.0.hs")  # of the step before
    assert len(a.terms) == FEATURES + UNITS + 1


def test_gru_reads_like_its_textbook() -> None:
    made, x, y = trainer("gru")
    trace = made.trace_step(x, y)
    at = (3, 2, 1)
    assert trace.why("layers.0.hs", at).scalar == "hs[3,2,1] = (1 − z[3,2,1])·n[3,2,1] + z[3,2,1]·hs[2,2,1]"
    assert trace.why("layers.0.n", at).scalar == "n[3,2,1] = tanh(a[3,2,11] + r[3,2,1]·q[3,2,1])"
    assert trace.why("layers.0.q", at).scalar == "q[3,2,1] = u[3,2,11] + c[1]"


def test_one_asks_back_through_the_steps_to_the_data() -> None:
    made, x, y = trainer("lstm")
    trace = made.trace_step(x, y)
    pending, seen = [("layers.0.y", (1, 5, 2))], set()
    while pending:
        place = pending.pop()
        if place not in seen:
            seen.add(place)
            pending += trace.why(*place).parents
    assert {("x", (1, t, k)) for t in range(STEPS) for k in range(FEATURES)} < seen
    assert not any(name == "x" and at[0] != 1 for name, at in seen)  # of its own row alone
    ends = {name for name, at in seen if not trace.why(name, at).parents}
    assert all(trace.quantity(name).origin == "given" for name in ends)


def test_a_prediction_begins_with_zeros_whatever_is_carried() -> None:
    made, x, _ = trainer("lstm", carry=ROWS)
    opened = made.model.trace(x)
    assert np.any(opened["layers.0.carried_state"]) and not np.any(opened["layers.0.h"])
    np.testing.assert_allclose(opened["layers.0.hs"].swapaxes(0, 1), opened["layers.0.y"], atol=1e-12)
    assert opened.why("layers.0.y", (1, 5, 2)).scalar == "y[1,5,2] = hs[5,1,2]"
    assert opened.why("layers.0.cs", (0, 1, 2)).scalar == "cs[0,1,2] = i[0,1,2]·g[0,1,2]"


FORMS = (
    Equation("steps", "p, q", "lambda: (lambda p, q: [{'p': (p := p + q * x[t]), 'q': (q := q * p)}"
             " for t in range(len(x))])(p0, q0)"),
    Equation("each", "t", "lambda name: np.stack([step[name] for step in steps()])"),
    Equation("ps", "p_t = p_{t-1} + q_{t-1} x_t", "each('p')"),
    Equation("qs", "q_t = q_{t-1} p_t", "each('q')"),
)  # fmt: skip


@pytest.mark.parametrize("first", ["ps", "qs"])
def test_any_recurrence_of_several_quantities_is_made_of_their_own_cells(first: str) -> None:
    x = np.array([0.5, -1.0, 2.0, 0.25])
    found = TracedEquations(FORMS, {name: (name, value) for name, value in
                                    {"x": x, "p0": np.array(0.3), "q0": np.array(1.5)}.items()})  # fmt: skip
    found[first]
    plain = evaluate(FORMS, {"x": x, "p0": np.array(0.3), "q0": np.array(1.5)})
    for of, parents in {"ps": {("ps", (2,)), ("qs", (2,)), ("x", (3,))}, "qs": {("qs", (2,)), ("ps", (3,))}}.items():
        why = explain(of, (3,), float(plain[of][3]), found.equation(of), found[of])
        assert set(why.parents) == parents and why.agrees, str(why)
    assert set(cell(found["ps"], 0).places) == {("p0", ()), ("q0", ()), ("x", (0,))}


def test_the_steps_are_computed_once_for_all_of_their_parts() -> None:
    made: list[int] = []
    names = {
        "x": np.array([0.5, -1.0]),
        "p0": np.array(0.3),
        "q0": np.array(1.5),
        "noted": lambda: made.append(1) or 0.0,
    }
    forms = (
        Equation("steps", "", "lambda: noted() + 1"),
        Equation("a", "", "steps()"),
        Equation("b", "", "steps() * 2"),
    )
    found = evaluate(forms, names)
    assert (found["a"], found["b"], made) == (1.0, 2.0, [1])


def test_what_a_function_makes_beside_what_is_held_is_not_idle_and_anything_else_is() -> None:
    assert idle(FORMS, {"qs"}) == []
    assert idle((*FORMS[:2], Equation("ps", "", "2 * each('p')"), FORMS[3]), {"qs"}) == ["ps"]
    assert idle(FORMS, {}) == ["qs", "ps", "each", "steps"][::-1]
