"""Why as text, numbers and LaTeX; the equations that it is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.component import Equation
from pellucid.basics.errors import DataError
from pellucid.glassbox.equations import Activation
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.why.reason import Why, explain
from pellucid.glassbox.why.traced_equations import TracedEquations

X = np.array([[0.5, -1.0, 2.0], [1.0, 0.0, 0.25]])
W = np.array([[1.0, 0.5], [0.25, -2.0], [0.125, 3.0]])
B = np.array([0.1, -0.2])
DY = np.array([[1.0, -0.5], [0.5, 0.25]])


def dense(activation: str | None = "tanh", **results: Any) -> TracedEquations:
    layer = pl.create("layer", "core/dense", units=2)
    given = {"x": ("layers.0.x", X), "W": ("layers.0.weight", W), "b": ("layers.0.bias", B), "dy": ("layers.0.dy", DY)}
    names = {of: (f"layers.0.{of}", None) for of in ("z", "y", "dz")} | results
    return TracedEquations(layer.equations, given | {"f": (None, Activation(activation))}, names)


def why(found: TracedEquations, of: str, cell: tuple[int, ...], name: str = "") -> Why:
    root = found[of]
    return explain(name or f"layers.0.{of}", cell, float(root.value[cell]), found.equation(of), root)


def test_it_reads_like_a_worked_example() -> None:
    assert str(why(dense(), "dW", (1, 0), "layers.0.weight.grad")) == (
        "layers.0.weight.grad[1,0] = −0.711577763\n"
        "  dW = x.reshape(-1, x.shape[-1]).T @ dz.reshape(-1, dz.shape[-1])\n"
        "  dW[1,0] = x[0,1]·dz[0,0] + x[1,1]·dz[1,0]\n"
        "          = −1·0.7116 + 0·0.1708\n"
        "          = −0.711577763\n"
        "  from layers.0.x[0,1], layers.0.dz[0,0], layers.0.x[1,1], layers.0.dz[1,0]"
    )
    assert why(dense(), "dz", (0, 1)).scalar == "dz[0,1] = dy[0,1]·(1 − y[0,1]²)"  # tanh(z) is known to be y
    slope = why(dense(y=("layers.0.y", np.tanh(X @ W + B))), "dz", (0, 1))  # a y that was recorded may be rounded
    assert slope.scalar == "dz[0,1] = dy[0,1]·(1 − tanh(z[0,1])²)"
    assert slope.parents == [("layers.0.dy", (0, 1)), ("layers.0.z", (0, 1))]


def test_terms_parents_and_their_sum() -> None:
    z = why(dense(), "z", (0, 1))
    assert [(term.label, term.value) for term in z.terms] == [
        ("x[0,0]·W[0,1]", 0.25), ("x[0,1]·W[1,1]", 2.0), ("x[0,2]·W[2,1]", 6.0), ("b[1]", -0.2),
    ]  # fmt: skip
    assert [term.label for term in z.sorted()][:2] == ["x[0,2]·W[2,1]", "x[0,1]·W[1,1]"]
    assert z.total == z.value == pytest.approx(8.05, abs=1e-15) and not z.measured
    assert z.numbers == "0.5·0.5 − 1·(−2) + 2·3 − 0.2"
    assert z.terms[1].numbers == "−1·(−2)" and [factor.value for factor in z.terms[1].factors] == [-1.0, -2.0]
    assert z.latex == (
        r"\begin{aligned}&z = x W + b \\ z_{0,1} &= x_{0,0} \cdot W_{0,1} + x_{0,1} \cdot W_{1,1}"
        r" + x_{0,2} \cdot W_{2,1} + b_{1} \\"
        r" &= 0.5 \cdot 0.5 - 1 \cdot \left(-2\right) + 2 \cdot 3 - 0.2 \\ &= 8.05\end{aligned}"
    )


def test_a_number_with_a_label_is_a_quantity_and_one_without_keeps_its_name() -> None:
    given = {"x": ("l.x", X), "rate": ("lr", 0.5), "eps": (None, 0.25)}
    rate, rest = TracedEquations((Equation("y", "y", "rate * (x + eps)"),), given)["y"].operands
    assert (rate.symbol, rate.quantity, rate.value, rate.constant) == ("rate", "lr", 0.5, False)
    x, eps = rest.operands
    assert (x.symbol, x.quantity) == ("x", "l.x") and x.value is X
    assert (eps.symbol, eps.quantity, eps.value, eps.constant) == ("eps", None, 0.25, True)


def test_long_sums_are_written_by_their_pattern() -> None:
    rng = np.random.default_rng(0)
    x, dz = rng.normal(size=(784, 4)), rng.normal(size=(784, 9))
    found = TracedEquations((Equation("dW", "dW = x^T dz", "x.T @ dz"),), {"x": ("x", x), "dz": ("dz", dz)})
    dW = why(found, "dW", (3, 7), "dW")
    assert dW.scalar == "dW[3,7] = Σₖ x[k,3]·dz[k,7],  k = 0 … 783"
    assert "… and 781 more, together " in dW.numbers and "… and 779 more, together " in str(dW)
    assert r"\sum_{k} x_{k,3} \cdot dz_{k,7},\quad k = 0 \dots 783" in dW.latex
    backwards = TracedEquations(
        (Equation("y", "y", "np.sum(x[::-1, 0] * dz[:, 1])"),), {"x": ("x", x), "dz": ("dz", dz)}
    )
    assert why(backwards, "y", ()).scalar == "y = Σₖ x[k,0]·dz[783−k,1],  k = 0 … 783"
    mixed = TracedEquations((Equation("y", "y", "np.sum(x[[0, 5, 1, 7, 3], 0])"),), {"x": ("x", x)})
    assert why(mixed, "y", ()).scalar == "y = x[0,0] + x[5,0] + … + x[3,0]"


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("-(a - b) * c / d", ["−a·c/d", "b·c/d"]),
        ("np.sum(x * a) / np.sum(x)", ["x[0]·a/(x[0] + x[1])", "x[1]·a/(x[0] + x[1])"]),
        ("a * (1 - b)", ["a·(1 − b)"]),
        ("a * (b + c) * (c - d)", ["a·b·(c − d)", "a·c·(c − d)"]),
        ("1 - a", ["1", "−a"]),
        ("1 / (1 + np.exp(-a))", ["1/(1 + exp(−a))"]),
        ("a + 0 * b", ["a"]),
        ("np.where(a > b, a - b, c)", ["a", "−b"]),
    ],
)
def test_terms_of_sums_beside_something(expression: str, terms: list[str]) -> None:
    given: dict[str, Any] = {
        name: (name, np.array(value)) for name, value in zip("abcd", (4.0, 3.0, 2.0, 8.0), strict=True)
    }
    found = TracedEquations((Equation("y", "y", expression),), given | {"x": ("x", np.array([1.0, 3.0]))})
    answer = why(found, "y", ())
    assert [term.label for term in answer.terms] == terms
    assert answer.total == pytest.approx(answer.value, rel=1e-14)


def test_what_has_chosen_is_said_and_is_a_parent() -> None:
    given = {"p": ("p", np.array([[0.2, 0.8]])), "t": ("t", np.array([1]))}
    found = TracedEquations((Equation("y", "y_n = p_{n t_n}", "p[np.arange(len(t)), t]"),), given)
    chosen = why(found, "y", (0,))
    assert "y[0] = p[0,1]" in str(chosen) and "because t[0] = 1" in str(chosen)
    assert chosen.parents == [("p", (0, 1)), ("t", (0,))]


def test_results_that_were_recorded_are_what_those_below_see() -> None:
    z = np.full((2, 2), 0.5)
    y = why(dense(z=("layers.0.z", z)), "y", (1, 1))
    assert y.value == np.tanh(0.5) and y.parents == [("layers.0.z", (1, 1))]
    assert why(dense(None), "y", (0, 0)).scalar == "y[0,0] = z[0,0]"


def test_a_recurrence_is_one_step_of_it() -> None:
    step = "(lambda h: np.stack([h := np.tanh(s[t] @ W + h @ U) for t in range(len(s))]))(np.zeros(2))"
    rng = np.random.default_rng(0)
    arrays = {"s": rng.normal(size=(4, 3)), "W": rng.normal(size=(3, 2)), "U": rng.normal(size=(2, 2))}
    equations = Equation("h", "h_t", step), Equation("y", "y", f"{step}[-1] * 2")
    found = TracedEquations(equations, {name: (name, array) for name, array in arrays.items()}, {"h": ("l.h", None)})
    assert why(found, "h", (3, 1)).parents[-4:] == [("l.h", (2, 0)), ("U", (0, 1)), ("l.h", (2, 1)), ("U", (1, 1))]
    assert why(found, "y", (1,)).parents == [("l.h", (3, 1))]  # computed again, and known to be the same


def test_one_array_under_several_names_is_one_quantity() -> None:
    given = {"prediction": ("model.y", X), "z": (None, X), "inputs": (None, (X,))}
    found = TracedEquations((Equation("y", "y", "z[0, 0] + inputs[0][0, 0] + prediction[0, 0]"),), given)
    assert why(found, "y", ()).parents == [("model.y", (0, 0))]


def test_numbers_drawn_and_functions_given() -> None:
    drawn = np.ones((2, 3))
    given: dict[str, Any] = {
        "x": ("x", X), "normal_of": ("l.normal", lambda shape: drawn), "f": (None, np.sin),
        "g": (None, lambda x: float(x.value.sum()) * x.value if hasattr(x, "value") else x.sum() * x),
    }  # fmt: skip
    equations = Equation("y", "y", "normal_of(x.shape) * f(x)"), Equation("u", "u", "g(x)")
    found = TracedEquations(equations, given)
    assert why(found, "y", (1, 2)).scalar == "y[1,2] = normal[1,2]·sin(x[1,2])"
    assert why(found, "y", (1, 2)).parents == [("l.normal", (1, 2)), ("x", (1, 2))]
    opaque = why(found, "u", (0, 0))
    assert opaque.scalar == "u[0,0] = g(x[0,0], x[0,1], …)" and len(opaque.parents) == 6


def test_bad_input_says_what_there_is() -> None:
    found = dense()
    with pytest.raises(DataError, match=r"No equation with an expression is of 'dw'.*dW"):
        found["dw"]
    with pytest.raises(DataError, match=r"has no cell \[5, 0\]: its shape is \(2, 2\)"):
        explain("z", (5, 0), 0.0, None, found["z"])
    broken = TracedEquations((Equation("y", "y", "x @ missing"),), {"x": ("x", X)})
    with pytest.raises(ConformanceError, match=r"cannot be traced: x @ missing"):
        broken["y"]


def test_a_sum_that_is_not_what_was_recorded_says_so() -> None:
    right = why(dense(), "dW", (1, 0))
    wrong = replace(right, value=right.value + 0.01)
    assert right.agrees and "not what was recorded" not in str(right)
    assert not wrong.agrees and "This is not what was recorded" in str(wrong)


def test_the_largest_of_a_window_is_chosen_among_its_numbers_alone() -> None:
    model = pl.build({"type": "max_pool2d", "padding": "same", "size": 3}, input_shape=(4, 4, 1), seed=0)
    x = np.arange(16.0).reshape(1, 4, 4, 1)
    assert "∞" not in str(model.trace(x).why("model.y", (0, 0, 0, 0)))


def test_a_letter_that_runs_is_no_name_of_the_equation() -> None:
    k = np.arange(6.0)
    given = {"k": ("k", k), "x": ("x", k + 1)}
    found = TracedEquations((Equation("y", "", "np.sum(k * x)"),), given, {"y": ("y", None)})
    assert why(found, "y", ()).scalar.startswith("y = Σᵢ k[i]·x[i]")


def test_of_what_was_given_nothing_is_put_in() -> None:
    model = pl.build("dense", units=2, input_shape=(3,), seed=0)
    assert str(model.trace(np.full((1, 3), 0.5)).why("x", (0, 1))).splitlines()[0] == "x[0,1] = 0.5"
    assert len(str(model.trace(np.full((1, 3), 0.5)).why("x", (0, 1))).splitlines()) == 2


class Doubled(pl.Layer):
    """``y = x + 2 f(x)``, written by hand: neither equations with expressions nor code that can be taken apart."""

    def __init__(self, layer: pl.Layer) -> None:
        self.layer = layer

    def build(self, shape: Any) -> None:
        self.layer.build(shape)

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        return x + 2 * self.layer.forward(ctx.child("layer", ctx.needs_dx), 3 * x)

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy + 3 * self.layer.backward(ctx.child("layer"), 2 * dy)


def test_what_is_handed_to_a_layer_inside_leads_on() -> None:
    layers = [pl.Dense(4), Doubled(pl.Dense(4, "tanh")), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(
        np.random.default_rng(0).normal(size=(5, 4)), np.ones((5, 3))
    )
    there, back = trace.why("layers.1.layer.x", (2, 3)), trace.why("layers.1.layer.dy", (2, 3))
    assert there.measured
    assert back.measured
    assert there.parents == [("layers.1.x", (2, 3))]
    assert back.parents == [("layers.1.dy", (2, 3))]
    assert there.terms[0].value == pytest.approx(3)
    assert back.terms[0].value == pytest.approx(2)


def test_a_latent_gradient_leads_on() -> None:
    model = pl.build("vae", input_shape=(6,), hidden=[5], latent=2, seed=0)
    trace = pl.Trainer(model, seed=0).trace_step(np.random.default_rng(0).uniform(size=(4, 6)))
    assert dict(trace.why("head.mean.dy", (1, 1)).parents).keys() == {"head.dy0", "head.dy1"}


def test_pixels_that_were_drawn_lead_on_to_the_data() -> None:
    model = pl.build("vae", input_shape=(6,), hidden=[5], latent=2, seed=0)
    objective = {"type": "vae/elbo", "binarize": True}
    trace = pl.Trainer(model, objective=objective, seed=0).trace_step(np.random.default_rng(0).uniform(size=(4, 6)))
    why = trace.why("model.x", (1, 2))
    assert why.total == why.value
    assert set(why.parents) == {("objective.drawn.pixels", (1, 2)), ("x", (1, 2))}


class Counting(pl.Layer):
    """``y = x``; it counts its batches in a state of which no equation has an expression."""

    equations = (Equation("y", "y = x", "x"), Equation("c", "c = c + 1"), Equation("dx", "dx = dy", "dy"))
    symbols: ClassVar = {"c": "seen"}

    def build(self, shape: Any) -> None:
        self.seen = self.state("seen", (1,))

    def output_shape(self, shape: Any) -> Any:
        return shape

    def forward(self, ctx: Any, x: Any) -> Any:
        ctx.update(self.seen, self.seen.data + 1)
        return x

    def backward(self, ctx: Any, dy: Any) -> Any:
        return dy


def test_a_state_without_an_expression_is_told_so() -> None:
    model = pl.build(pl.Sequential([pl.Dense(4), Counting(), pl.Dense(3)]), input_shape=(4,), seed=0)
    trace = pl.Trainer(model, loss="mse", seed=0).trace_step(np.ones((5, 4)), np.ones((5, 3)))
    for name in (n for n in trace.names() if n.startswith("layers.1.seen")):
        assert str(trace.why(name, (0,) * trace[name].ndim))
