"""What a cell of each of NumPy's functions is made of, as one would write it: a rule that is passed over would tell
less, with the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from inspect import Parameter, signature
from typing import Any

import numpy as np
import pytest
from pellucid.glassbox.why.cells import cell
from pellucid.glassbox.why.expr import Expr
from pellucid.glassbox.why.operations import FUNCTIONS
from pellucid.glassbox.why.rules import apply
from pellucid.glassbox.why.scope import NP
from pellucid.glassbox.why.traced import leaf, lift
from pellucid.glassbox.why.writing import TEXT

CLIPS_BY_NAME = pytest.mark.skipif("min" not in signature(np.clip).parameters, reason="NumPy has it since 2.1")

X = np.array([[0.5, -1.0, 2.0], [1.0, 3.0, 0.25]])
V, U = np.array([1.0, -2.0, 0.5]), np.array([3.0, 0.25, 1.5])
ROWS = ["x[0,0] + x[0,1] + x[0,2]", "x[1,0] + x[1,1] + x[1,2]"]
MEAN = "(v[0] + v[1] + v[2])/3"
SQUARES = f"(v[0] − {MEAN})² + (v[1] − {MEAN})² + (v[2] − {MEAN})²"
LENGTH = "sqrt(v[0]² + v[1]² + v[2]²)"
PRODUCT = "v[0]·u[0] + v[1]·u[1] + v[2]·u[2]"
SECOND = "x[1,0]·v[0] + x[1,1]·v[1] + x[1,2]·v[2]"
FIRST = "x[0,0]·v[0] + x[0,1]·v[1] + x[0,2]·v[2]"
GRAM = "x[1,0]·x[0,0] + x[1,1]·x[0,1] + x[1,2]·x[0,2]"
OUTER = "v[2]·u[1]"

Made = Callable[[Any, Any, Any, Any, Any, Any], Any]
"""Of np, x (2, 3), v (3,), u (3,), t, whole numbers (2, 2), and s, a number."""


def added(space: Any, v: Any) -> Any:
    """The first and the last into the last of three, the one between into the first."""
    made = space.zeros(3)
    np.add.at(made, np.array([2, 0, 2]), v)
    return made


@pytest.mark.parametrize(
    ("made", "index", "text"),
    [
        (lambda np, x, v, u, t, s: np.sum(x), (), "Σₖᵢ x[k,i]"),
        (lambda np, x, v, u, t, s: np.sum(x, axis=1), 1, ROWS[1]),
        (lambda np, x, v, u, t, s: np.sum(x, 0), 2, "x[0,2] + x[1,2]"),
        (lambda np, x, v, u, t, s: np.sum(x, -1, keepdims=True), (0, 0), ROWS[0]),
        (lambda np, x, v, u, t, s: np.sum([v, u], axis=0), 1, "v[1] + u[1]"),
        (lambda np, x, v, u, t, s: x.sum(axis=(0, 1)), (), "Σₖᵢ x[k,i]"),
        (lambda np, x, v, u, t, s: np.prod(v), (), "v[0]·v[1]·v[2]"),
        (lambda np, x, v, u, t, s: np.max(x, axis=0), 1, "max(x[0,1], x[1,1])"),
        (lambda np, x, v, u, t, s: np.amin(x, axis=1), 0, "min(x[0,0], x[0,1], x[0,2])"),
        (lambda np, x, v, u, t, s: np.argmax(v), (), "argmax(v[0], v[1], v[2])"),
        (lambda np, x, v, u, t, s: np.any(v > s), (), "any([v[0] > s], [v[1] > s], [v[2] > s])"),
        (lambda np, x, v, u, t, s: np.count_nonzero(v), (), "count_nonzero(v[0], v[1], v[2])"),
        (lambda np, x, v, u, t, s: np.ptp(v), (), "max(v[0], v[1], v[2]) − min(v[0], v[1], v[2])"),
        (lambda np, x, v, u, t, s: np.mean(x), (), "(Σₖᵢ x[k,i])/6"),
        (lambda np, x, v, u, t, s: np.mean(x, axis=0), 1, "(x[0,1] + x[1,1])/2"),
        (lambda np, x, v, u, t, s: np.mean(x, axis=1), 1, f"({ROWS[1]})/3"),
        (lambda np, x, v, u, t, s: np.mean(x, axis=1, keepdims=True), (1, 0), f"({ROWS[1]})/3"),
        (lambda np, x, v, u, t, s: np.average(x, axis=1), 1, f"({ROWS[1]})/3"),
        (lambda np, x, v, u, t, s: np.average(x, 1, keepdims=True), (1, 0), f"({ROWS[1]})/3"),
        (lambda np, x, v, u, t, s: np.average(v, weights=u), (), f"({PRODUCT})/(u[0] + u[1] + u[2])"),
        (lambda np, x, v, u, t, s: np.var(v), (), f"({SQUARES})/3"),
        (lambda np, x, v, u, t, s: np.var(v, ddof=1), (), f"({SQUARES})/2"),
        (lambda np, x, v, u, t, s: np.var(x, axis=0, keepdims=True), (0, 1),
         "((x[0,1] − (x[0,1] + x[1,1])/2)² + (x[1,1] − (x[0,1] + x[1,1])/2)²)/2"),
        (lambda np, x, v, u, t, s: np.std(v), (), f"sqrt(({SQUARES})/3)"),
        (lambda np, x, v, u, t, s: np.std(v, ddof=1), (), f"sqrt(({SQUARES})/2)"),
        (lambda np, x, v, u, t, s: np.linalg.norm(v), (), LENGTH),
        (lambda np, x, v, u, t, s: np.linalg.norm(v, 2), (), LENGTH),
        (lambda np, x, v, u, t, s: np.linalg.norm(x, 2, axis=0), 1, "sqrt(x[0,1]² + x[1,1]²)"),
        (lambda np, x, v, u, t, s: np.linalg.norm(x, axis=0, keepdims=True), (0, 1), "sqrt(x[0,1]² + x[1,1]²)"),
        (lambda np, x, v, u, t, s: np.linalg.norm(x), (), "sqrt(Σₖᵢ x[k,i]²)"),
        (lambda np, x, v, u, t, s: np.linalg.norm(x, 2), (), "norm(x[0,0], x[0,1], …)"),  # a singular value
        (lambda np, x, v, u, t, s: np.linalg.norm(v, 1), (), "norm(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.cumsum(v), 1, "v[0] + v[1]"),
        (lambda np, x, v, u, t, s: np.cumsum(x, axis=0), (1, 2), "x[0,2] + x[1,2]"),
        (lambda np, x, v, u, t, s: np.cumsum(x, axis=-1), (1, 0), "x[1,0]"),
        (lambda np, x, v, u, t, s: np.cumsum(x), 3, "x[0,0] + x[0,1] + x[0,2] + x[1,0]"),
        (lambda np, x, v, u, t, s: np.diff(v), 1, "v[2] − v[1]"),
        (lambda np, x, v, u, t, s: np.diff(v, 2), 0, "v[2] − v[1] − (v[1] − v[0])"),
        (lambda np, x, v, u, t, s: np.diff(x, axis=0), (0, 2), "x[1,2] − x[0,2]"),
        (lambda np, x, v, u, t, s: np.trace(x), (), "x[0,0] + x[1,1]"),
        (lambda np, x, v, u, t, s: np.trace(x, 1), (), "x[0,1] + x[1,2]"),
        (lambda np, x, v, u, t, s: np.trace(np.stack([x, x], axis=1), 0, 0, 2), 1, "x[0,0] + x[1,1]"),
        (lambda np, x, v, u, t, s: np.trace(np.stack([x, x], axis=1), axis1=1, axis2=2), 1, "x[1,0] + x[1,1]"),
        (lambda np, x, v, u, t, s: np.clip(v, 0.1, s), 0, "min(max(v[0], 0.1), s)"),
        (lambda np, x, v, u, t, s: np.clip(v, None, 0.9), 0, "min(v[0], 0.9)"),
        pytest.param(lambda np, x, v, u, t, s: np.clip(v, min=s), 0, "max(v[0], s)", marks=CLIPS_BY_NAME),
        pytest.param(lambda np, x, v, u, t, s: np.clip(v, max=s), 0, "min(v[0], s)", marks=CLIPS_BY_NAME),
        (lambda np, x, v, u, t, s: np.where(v > 0, v, u), 0, "v[0]"),
        (lambda np, x, v, u, t, s: np.where(v > 0, v, u), 1, "u[1]"),
        (lambda np, x, v, u, t, s: np.select([v > 0.75, v > 0], [u, v * s], v), 0, "u[0]"),
        (lambda np, x, v, u, t, s: np.select([v > 0.75, v > 0], [u, v * s], v), 2, "v[2]·s"),
        (lambda np, x, v, u, t, s: np.select([v > 0.75, v > 0], [u, v * s], v), 1, "v[1]"),
        (lambda np, x, v, u, t, s: np.take(v, [2, 0]), 0, "v[2]"),
        (lambda np, x, v, u, t, s: np.take(x, t, axis=1), (1, 0, 1), "x[1,2]"),
        (lambda np, x, v, u, t, s: np.take(x, t), (1, 1), "x[0,1]"),
        (lambda np, x, v, u, t, s: np.take(v, t + 2, mode="clip"), (1, 0), "take(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.take(v, t, axis=-1), (0, 1), "v[2]"),
        (lambda np, x, v, u, t, s: np.take_along_axis(x, t, 1), (1, 0), "x[1,0]"),
        (lambda np, x, v, u, t, s: np.take_along_axis(x, t, -1), (0, 1), "x[0,2]"),
        (lambda np, x, v, u, t, s: np.take_along_axis(x, t[0], None), 1, "x[0,2]"),
        (lambda np, x, v, u, t, s: np.einsum("ij,j->i", x, v), 1, SECOND),
        (lambda np, x, v, u, t, s: np.einsum("ij,j", x, v), 1, SECOND),
        (lambda np, x, v, u, t, s: np.einsum("...j, j -> ...", x, v), 1, SECOND),
        (lambda np, x, v, u, t, s: np.einsum("...j,j", x, v), 1, SECOND),
        (lambda np, x, v, u, t, s: np.einsum("ba", x), (2, 1), "x[1,2]"),  # the letters in their order
        (lambda np, x, v, u, t, s: np.einsum("i,j->ji", v, u), (1, 2), OUTER),
        (lambda np, x, v, u, t, s: np.einsum("i,i,i->", v, u, v), (),
         "v[0]·u[0]·v[0] + v[1]·u[1]·v[1] + v[2]·u[2]·v[2]"),
        (lambda np, x, v, u, t, s: np.einsum("ij,kj->ik", x, x), (1, 0), GRAM),
        (lambda np, x, v, u, t, s: x @ v, 1, SECOND),
        (lambda np, x, v, u, t, s: v @ x.T, 1, "v[0]·x[1,0] + v[1]·x[1,1] + v[2]·x[1,2]"),
        (lambda np, x, v, u, t, s: x @ x.T, (1, 0), GRAM),
        (lambda np, x, v, u, t, s: np.stack([x, x]) @ np.stack([x.T, x.T]), (1, 1, 0), GRAM),
        (lambda np, x, v, u, t, s: v @ u, (), PRODUCT),
        (lambda np, x, v, u, t, s: x @ np.array([1, 2, 3]), 1, "x[1,0] + x[1,1]·2 + x[1,2]·3"),
        (lambda np, x, v, u, t, s: np.array([1, 2, 3]) @ v, (), "v[0] + 2·v[1] + 3·v[2]"),
        (lambda np, x, v, u, t, s: np.array([0, 1, 1]) @ v, (), "v[1] + v[2]"),
        (lambda np, x, v, u, t, s: np.array([[0, 1, 0], [0, 0, 2]]) @ v, 1, "2·v[2]"),
        (lambda np, x, v, u, t, s: np.eye(3)[1:] @ v, 0, "v[1]"),
        (lambda np, x, v, u, t, s: (v * u) @ u, (), "v[0]·u[0]·u[0] + v[1]·u[1]·u[1] + v[2]·u[2]·u[2]"),
        (lambda np, x, v, u, t, s: v @ (u * s), (), "v[0]·(u[0]·s) + v[1]·(u[1]·s) + v[2]·(u[2]·s)"),
        (lambda np, x, v, u, t, s: np.dot(v, u), (), PRODUCT),
        (lambda np, x, v, u, t, s: np.dot(x, v), 1, SECOND),
        (lambda np, x, v, u, t, s: np.dot(s, v), 1, "s·v[1]"),
        (lambda np, x, v, u, t, s: np.vdot(v, u), (), PRODUCT),
        (lambda np, x, v, u, t, s: np.inner(v, u), (), PRODUCT),
        (lambda np, x, v, u, t, s: np.inner(x, x), (1, 0), GRAM),
        (lambda np, x, v, u, t, s: np.inner(s, v), 1, "s·v[1]"),
        (lambda np, x, v, u, t, s: np.outer(v, u), (2, 1), OUTER),
        (lambda np, x, v, u, t, s: np.tensordot(v, u, 0), (2, 1), OUTER),
        (lambda np, x, v, u, t, s: np.tensordot(x, v, 1), 1, SECOND),
        (lambda np, x, v, u, t, s: np.tensordot(x, x, ([1], [1])), (1, 0), GRAM),
        (lambda np, x, v, u, t, s: np.tensordot(x, x, (-1, -1)), (1, 0), GRAM),
        (lambda np, x, v, u, t, s: np.tensordot(x, x, 2), (), "Σₖᵢ x[k,i]·x[k,i]"),
        (lambda np, x, v, u, t, s: np.add.reduce(x), 1, "x[0,1] + x[1,1]"),
        (lambda np, x, v, u, t, s: np.multiply.reduce(v), (), "v[0]·v[1]·v[2]"),
        (lambda np, x, v, u, t, s: np.maximum.reduce(x, axis=1), 0, "max(x[0,0], x[0,1], x[0,2])"),
        (lambda np, x, v, u, t, s: np.minimum.reduce(v), (), "min(v[0], v[1], v[2])"),
        (lambda np, x, v, u, t, s: np.logical_or.reduce(v > s), (), "any([v[0] > s], [v[1] > s], [v[2] > s])"),
        (lambda np, x, v, u, t, s: np.logical_and.reduce(v > s), (), "all([v[0] > s], [v[1] > s], [v[2] > s])"),
        (lambda np, x, v, u, t, s: np.subtract.reduce(v), (), "reduce(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.true_divide(v, u), 1, "v[1]/u[1]"),
        (lambda np, x, v, u, t, s: np.add(v, u, dtype=float), 1, "v[1] + u[1]"),
        (lambda np, x, v, u, t, s: np.add(v, u, out=None), 1, "v[1] + u[1]"),
        (lambda np, x, v, u, t, s: np.modf(v)[1], 0, "modf.1(v[0])"),
        (lambda np, x, v, u, t, s: np.round(v), 0, "round(v[0])"),
        (lambda np, x, v, u, t, s: np.round(v, 1), 0, "round(1)(v[0])"),
        (lambda np, x, v, u, t, s: np.round(v, t[0, 1]), 0, "round(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.nan_to_num(v, nan=1.0), 0, "nan_to_num(nan=1.0)(v[0])"),
        (lambda np, x, v, u, t, s: np.array([s, 2.0, s**2]), 2, "s²"),
        (lambda np, x, v, u, t, s: np.array([v, u]), (1, 2), "u[2]"),
        (lambda np, x, v, u, t, s: np.asarray(v), 2, "v[2]"),
        (lambda np, x, v, u, t, s: np.full((2, 2), s), (1, 0), "s"),
        (lambda np, x, v, u, t, s: np.full_like(v, s), 1, "s"),
        (lambda np, x, v, u, t, s: np.broadcast_arrays(x, v)[1], (1, 2), "v[2]"),
        (lambda np, x, v, u, t, s: np.pad(v, 1), 1, "v[0]"),
        (lambda np, x, v, u, t, s: np.pad(v, 1), 0, "0"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, mode="edge"), 4, "v[2]"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, mode="wrap"), 0, "v[2]"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, mode="symmetric"), 0, "v[0]"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, mode="reflect"), 0, "v[1]"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, mode="reflect", reflect_type="odd"), 0, "pad(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, constant_values=2.0), 0, "pad(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, "edge"), 4, "v[2]"),
        (lambda np, x, v, u, t, s: np.pad(v, (2, 0), "wrap"), 0, "v[1]"),
        (lambda np, x, v, u, t, s: np.pad(v, 2, "linear_ramp"), 1, "pad(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.pad(v, 1, "mean"), 0, "pad(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.atleast_2d(v), (0, 1), "v[1]"),
        (lambda np, x, v, u, t, s: np.split(v, 3)[2], 0, "v[2]"),
        (lambda np, x, v, u, t, s: np.sort(v), 0, "sort(v[0], v[1], …)"),
        (lambda np, x, v, u, t, s: np.sum(v, dtype=int), (), "np.sum(v[0], v[1], …)"),  # no rule cuts numbers
        (lambda np, x, v, u, t, s: np.sum(v, dtype=np.float32), (), "v[0] + v[1] + v[2]"),
        (lambda np, x, v, u, t, s: v * np.ones(3), 1, "v[1]"),
        (lambda np, x, v, u, t, s: v * np.array([0, 1, 2]), 0, "0"),
        (lambda np, x, v, u, t, s: v * np.array([0, 1, 2]), 2, "v[2]·2"),
        (lambda np, x, v, u, t, s: 0 - v, 1, "−v[1]"),
        (lambda np, x, v, u, t, s: 0 + v, 1, "v[1]"),
        (lambda np, x, v, u, t, s: v - 0, 1, "v[1]"),
        (lambda np, x, v, u, t, s: v - 1, 1, "v[1] − 1"),
        (lambda np, x, v, u, t, s: v / 1, 1, "v[1]"),
        (lambda np, x, v, u, t, s: 1 / v, 1, "1/v[1]"),
        (lambda np, x, v, u, t, s: v**1, 1, "v[1]"),
        (lambda np, x, v, u, t, s: +v, 1, "v[1]"),
        (lambda np, x, v, u, t, s: v[t[0]], 1, "v[2]"),
        (lambda np, x, v, u, t, s: v[v > 0], 1, "v[2]"),
        (lambda np, x, v, u, t, s: added(np, v), 2, "v[0] + v[2]"),
        (lambda np, x, v, u, t, s: added(np, v).sum(), (), "v[1] + v[0] + v[2]"),
        (lambda np, x, v, u, t, s: added(np, v) @ u, (), "v[1]·u[0] + (v[0] + v[2])·u[2]"),
        (lambda np, x, v, u, t, s: (x @ v).sum(), (), f"{FIRST} + {SECOND}"),
        (lambda np, x, v, u, t, s: np.prod(x @ v), (), f"({FIRST})·({SECOND})"),
        (lambda np, x, v, u, t, s: np.prod(np.array([1.0, 1.0])[:, None] * s), (), "s·s"),
    ],
)  # fmt: skip
def test_a_cell_is_written_as_what_it_is_made_of(made: Made, index: Any, text: str) -> None:
    x, v, u = leaf(X, "x", "x"), leaf(V, "v", "v"), leaf(U, "u", "u")
    t, s = leaf(np.array([[0, 2], [0, 1]]), "t", "t"), leaf(np.array(0.75), "s", "s")
    found = lift(made(NP, x, v, u, t, s))
    expr = cell(found, index)
    assert TEXT.write(expr) == text
    plain = made(np, X, V, U, t.value, s.value)
    assert expr.value == pytest.approx(float(np.asarray(plain)[index]))


def test_what_is_not_told_is_what_numpy_takes() -> None:
    compared = 0
    for function, means in FUNCTIONS.items():
        with suppress(ValueError):  # ufuncs of older versions have no signature
            own = signature(function).parameters
            for name, parameter in signature(means).parameters.items():
                default = own[name].default if name in own else Parameter.empty
                if Parameter.empty not in (default, parameter.default):  # older versions have fewer
                    unset = default is np._NoValue
                    expected = (False if name == "keepdims" else None) if unset else default
                    assert parameter.default is expected or parameter.default == expected, (function, name)
                    compared += 1
    assert compared > 70


def test_without_an_axis_numbers_are_taken_along_the_last_one() -> None:
    x, t = leaf(X, "x", "x"), leaf(np.array([[0, 2], [1, 0]]), "t", "t")
    found = FUNCTIONS[np.take_along_axis](x, t)  # as NumPy has it since 2.3
    assert found.value.tolist() == [[0.5, 2.0], [3.0, 1.0]]
    assert TEXT.write(cell(found, (0, 1))) == "x[0,2]" and TEXT.write(cell(found, (1, 0))) == "x[1,1]"


def test_a_product_of_ones_is_one() -> None:
    one, v = Expr("number", 1.0), cell(leaf(V, "v", "v"), 1)
    for args in ((one, one), (one,), (one, one, one)):
        found = apply("product", 1.0, args)
        assert TEXT.write(found) == "1" and found.value == 1.0 and len(found.args) == 1
    assert apply("multiply", -2.0, (one, v)) is v and apply("product", -2.0, (v, one, one)) is v
