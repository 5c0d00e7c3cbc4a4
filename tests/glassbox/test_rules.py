"""Each rule against NumPy, on arrays of random shapes: value, every cell computed again, and what it depends on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pellucid.glassbox.why.cells import cell
from pellucid.glassbox.why.operations import FUNCTIONS
from pellucid.glassbox.why.scope import NP, SCOPE
from pellucid.glassbox.why.terms import terms_of, total
from pellucid.glassbox.why.traced import Traced, leaf, plain

from tests.glassbox.recomputed import recomputed
from tests.glassbox.test_every_component import close

Function = Callable[[Any, dict[str, Any]], Any]
AXES = (None, 0, 1, -1, (0, 2), (1,))
# name: f(np, arrays), where a (2, 3, 4), b (4, 5), v (4,), w (3, 1), m bool (3, 4), t int (2, 3) in 0 … 3, s a number
CASES: dict[str, Function] = {
    "arithmetic": lambda np, _: (_["a"] + _["v"]) * _["w"] - 2.0 / (1.5 + np.abs(_["a"])) ** 2 + -_["a"] % 0.7,
    "reflected": lambda np, _: 1 - (2 / (3 + _["v"] ** 2)) + 0.5 * _["v"] ** 3 // 1,
    "one and zero": lambda np, _: (1 * _["v"] + 0) * np.ones(4) - np.zeros(4) + np.eye(4) @ _["v"] / 1,
    "functions": lambda np, _: np.exp(_["v"]) + np.tanh(_["a"]) * np.sqrt(np.square(_["a"])) + np.log1p(np.abs(_["a"])),
    "two of them": lambda np, _: np.maximum(_["a"], _["v"]) + np.minimum(_["a"], 0) + np.logaddexp(0, _["a"]),
    "clipped": lambda np, _: np.clip(_["a"], -0.5, 0.5) + np.clip(_["a"], None, _["s"]),
    "comparisons": lambda np, _: (_["a"] > _["v"]) & ~(_["a"] < 0) | (_["w"] == 0),
    "parts of numbers": lambda np, _: (
        np.modf(_["a"])[0] + np.floor(_["a"]) + np.round(_["a"]) + 0 * np.round(_["v"], 1)
    ),
    "error function": lambda np, _: _["erf"](_["a"]) * 2,
    "where": lambda np, _: np.where(_["m"], _["a"], 2 * _["v"]) + np.where(_["a"] > 0, _["a"], 0.1),
    "select": lambda np, _: np.select([_["a"] > 1, _["a"] > 0], [_["a"], _["v"] * 2], 0.0),
    "matmul": lambda np, _: _["a"] @ _["b"],
    "matmul of vectors": lambda np, _: (_["v"] @ _["v"]) + (_["b"].T @ _["v"]).sum() + (_["v"] @ _["b"]).sum(),
    "matmul of stacks": lambda np, _: _["a"] @ np.swapaxes(_["a"], -1, -2),
    "matmul of one for all": lambda np, _: _["a"][:1] @ np.ones((2, 4, 1)),
    "einsum": lambda np, _: np.einsum("nij,jk->nk", _["a"], _["b"]) + np.einsum("...j,j", _["a"], _["v"]).sum(),
    "einsum of a diagonal": lambda np, _: np.einsum("ii->i", _["b"] @ _["b"].T) + np.einsum("ij,ij", _["b"], _["b"]),
    "einsum with constants": lambda np, _: np.einsum("pi,qj,nij->npq", np.eye(3)[::2], np.tri(4) * 2, _["a"]),
    "dot, inner, outer": lambda np, _: (
        np.dot(_["a"], _["b"]).sum(1) + np.outer(_["v"], _["v"]).sum() + np.inner(_["v"], 2 * _["v"])
    ),
    "tensordot": lambda np, _: np.tensordot(_["a"], _["b"], 1) + np.tensordot(_["a"], _["a"], ([0, 2], [0, 2])).sum(),
    "moved": lambda np, _: np.moveaxis(_["a"], 0, 2).reshape(4, -1).T[::-1, 1:3],
    "joined": lambda np, _: np.concatenate([_["a"], _["a"][:, ::-1] * 2], axis=1),
    "stacked": lambda np, _: np.stack([_["v"], _["b"][:, 0], np.zeros(4)], axis=1) @ np.ones(3),
    "stacks of rows": lambda np, _: np.hstack([_["v"], _["v"] * 2]) + np.vstack([np.tile(_["v"], 2)])[0],
    "repeated": lambda np, _: np.repeat(_["a"], 2, axis=1) + np.tile(_["v"], (6, 1)) + np.broadcast_to(_["v"], (6, 4)),
    "flipped and rolled": lambda np, _: (
        np.flip(_["a"], 1) + np.roll(_["a"], 1, axis=2) + np.pad(_["a"], 1)[:-2, 1:-1, 2:]
    ),
    "edges": lambda np, _: np.pad(_["v"], 2, mode="edge") + np.pad(_["v"], 2, mode="reflect"),
    "split": lambda np, _: np.split(_["a"], 2, axis=2)[1] - np.array_split(_["a"], 2, axis=2)[0],
    "triangles": lambda np, _: (
        np.tril(_["b"]) + np.triu(_["b"], 1) * 2 + np.diag(_["v"]).sum() + np.diagonal(_["b"]).sum()
    ),
    "parts": lambda np, _: _["a"][..., None, 1] + _["a"][1, :, ::2].sum() + _["a"][[0, 1], [2, 0]].sum(),
    "chosen by data": lambda np, _: _["b"][_["t"]] + np.take(_["b"], _["t"], axis=0) * np.eye(5)[_["t"]],
    "chosen in two axes": lambda np, _: _["b"][_["t"], _["t"] + 1] + _["a"][:, 0][np.arange(2)[:, None], _["t"]],
    "chosen between slices": lambda np, _: _["a"][:, _["t"][0] % 3, 1:],
    "chosen by a mask": lambda np, _: _["b"][_["v"] > 0].sum(0) + _["a"][:, _["m"]].sum(),
    "along an axis": lambda np, _: np.take_along_axis(_["a"], _["a"].argmax(-1)[..., None], axis=-1),
    "sums": lambda np, _: [_["a"].sum(axis) for axis in AXES],
    "kept": lambda np, _: _["a"] - _["a"].mean((0, 2), keepdims=True) / _["a"].std(1, keepdims=True, ddof=1),
    "reductions": lambda np, _: [f(_["a"], axis=1) for f in (np.max, np.min, np.prod, np.argmax, np.ptp, np.var)],
    "truths": lambda np, _: [f(_["m"] & (_["a"] > -1), axis=-1) for f in (np.any, np.all, np.count_nonzero)],
    "ufuncs' methods": lambda np, _: np.add.reduce(_["a"], 1) + np.maximum.reduce(_["a"], axis=1),
    "running sums": lambda np, _: np.cumsum(_["a"], axis=1) + np.cumsum(_["v"]),
    "differences": lambda np, _: np.diff(_["a"], axis=2) - np.trace(_["a"])[1:],
    "weighted": lambda np, _: np.average(_["a"], axis=1, weights=np.abs(_["a"])) + np.linalg.norm(_["a"], axis=1),
    "types": lambda np, _: (_["a"] * 3).astype(int) + (_["a"] > 0).astype("float32") + _["m"].astype(np.int64),
    "a list of numbers": lambda np, _: (
        np.array([_["s"], 2.0, _["s"] ** 2]) * np.full(3, _["s"]) + np.full_like(_["w"], 2)[:, 0]
    ),
    "cut to whole numbers": lambda np, _: (
        np.sum(_["a"], axis=1, dtype=int)
        + np.cumsum(_["a"], axis=1, dtype=int)[:, 0]
        + np.full_like(_["t"], 1.7).sum()
        + np.add(_["t"], 1.5, dtype=int, casting="unsafe").sum()
    ),
    "opaque": lambda np, _: np.sort(_["a"], axis=1) + np.median(_["v"]) * np.linalg.det(_["b"][:4, :4]),
    # Calls that are wider than a rule, of which nothing is guessed, and the ways in which a rule may be called.
    "weights of one axis": lambda np, _: np.average(_["a"], axis=2, weights=_["v"]) + np.average(_["a"], axis=2),
    "norms": lambda np, _: (
        np.linalg.norm(_["a"], 1, axis=2) + np.linalg.norm(_["b"], 2) + np.linalg.norm(_["v"], 2)
        + np.linalg.norm(_["b"], "nuc")
    ),
    "padded with numbers": lambda np, _: (
        np.pad(_["v"], 1, constant_values=2.0) + np.pad(_["v"], 1, mode="linear_ramp") + np.pad(_["v"], 1, mode="mean")
    ),
    "by traced numbers": lambda np, _: (
        np.repeat(_["v"][:3], _["t"][0]).sum() + np.round(_["v"], _["t"][0, 0]) + np.roll(_["v"], _["t"][0, 1])
    ),
    "several at once": lambda np, _: (
        np.atleast_2d(_["v"], np.ones(3))[0] + np.broadcast_arrays(_["a"], _["v"])[1][0]
        + np.sum([_["v"], 2 * _["v"]], axis=0)
    ),
    "where alone": lambda np, _: np.where(_["m"])[0] * _["s"],
    "taken": lambda np, _: (
        np.take(_["v"], [0, 1]) + np.take(_["v"], _["t"], mode="wrap")[0, :2] + np.take(_["a"], _["t"])[0, :2]
        + np.take(_["a"], _["t"][0, :2], axis=1).sum((0, 1))[:2] + np.take_along_axis(_["a"], _["t"].ravel(), None)[:2]
    ),
    "einsum of numbers": lambda np, _: (
        np.einsum(_["a"], [0, 1, 2], _["v"], [2], [0, 1]) * np.dot(_["s"], np.vdot(_["v"], _["v"]))
    ),
    "Python's": lambda np, _: _["max"](_["s"], 0.1) + _["min"](_["v"][0], _["v"][1], 0) + abs(_["s"]) + sum(_["v"]),
}


def arrays(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "a": rng.normal(size=(2, 3, 4)), "b": rng.normal(size=(4, 5)), "v": rng.normal(size=4),
        "w": rng.normal(size=(3, 1)), "m": rng.random((3, 4)) > 0.4, "t": rng.integers(4, size=(2, 3)),
        "s": np.array(rng.normal()),
    }  # fmt: skip


def scope(given: dict[str, Any], traced: bool) -> dict[str, Any]:
    import math

    if traced:
        names = {name: leaf(value, name, name) for name, value in given.items()}
        builtins = SCOPE["__builtins__"]
        return names | {"erf": SCOPE["erf"], "max": builtins["max"], "min": builtins["min"]}
    return given | {"erf": np.vectorize(math.erf), "max": max, "min": min}


def each(result: Any) -> list[Any]:
    return result if isinstance(result, list) else [result]


@pytest.mark.parametrize("name", CASES)
def test_rules_agree_with_numpy(name: str) -> None:
    rng = np.random.default_rng(len(name))
    given = arrays(rng)
    expected = each(CASES[name](np, scope(given, traced=False)))
    found = each(CASES[name](NP, scope(given, traced=True)))
    for i, (traced, plain_value) in enumerate(zip(found, expected, strict=True)):
        assert isinstance(traced, Traced) and traced.shape == np.shape(plain_value)
        assert close(traced.value, plain_value)
        for place in rng.integers(traced.size, size=min(8, traced.size)):
            index = tuple(int(k) for k in np.unravel_index(place, traced.shape))
            require_cell(name, i, given, traced, index, rng)


def require_cell(
    name: str, i: int, given: dict[str, Any], traced: Traced, index: tuple[int, ...], rng: np.random.Generator
) -> None:
    expr = cell(traced, index)
    value = float(traced.value[index])
    assert close(recomputed(expr), value), f"{expr} is {recomputed(expr)}, not {value}"
    terms = terms_of(expr)
    assert close(total(terms), value, sum(abs(term.value) for term in terms)), terms
    shaken = {}
    for key, array in given.items():
        other = rng.normal(size=array.shape) if array.dtype.kind == "f" else ~array if key == "m" else array
        other = np.array(other)
        for quantity, place in expr.places:
            if quantity == key:
                other[place] = array[place]
        shaken[key] = other
    again = each(CASES[name](np, scope(shaken, traced=False)))[i]
    assert close(again[index] if np.ndim(again) else again, value), (
        f"{name}: more than {expr.places} matters to {index}"
    )


def test_what_is_the_same_twice_is_one() -> None:
    x = leaf(np.arange(3.0), "x", "x")
    assert np.exp(2 * x) is np.exp(2 * x) and x[1:] is x[1:] and x.sum(0) is x.sum(0)
    assert np.exp(2 * x) is not np.exp(3 * x) and x[1:] is not x[:-1]


def test_writing_makes_something_else_and_never_what_was_used() -> None:
    value = leaf(np.arange(3.0), "x", "x")
    made = NP.zeros(4)
    made[1:] = value
    made[0] = value[0] * 2
    np.add.at(made, np.array([0, 0, 2]), value)
    assert cell(made, 0).value == 1.0 and {place[1] for place in cell(made, 0).places} == {(0,), (1,)}
    assert recomputed(cell(made, 2)) == made.value[2] == 3.0
    used = made + 1
    with pytest.raises(TypeError, match=r"numpy.multiply.at has no rule"):
        np.multiply.at(made, np.array([0]), 2.0)
    with pytest.raises(TypeError, match=r"numpy.add.at has, into one"):
        np.add.at(np.zeros(4), np.array([0]), value[0])
    with pytest.raises(TypeError, match="an index that is computed of data"):
        np.add.at(NP.zeros(4), leaf(np.array([0]), "i", "i"), value[0])
    with pytest.raises(TypeError, match="written into after it was used"):
        made[0] = 1.0
    with pytest.raises(TypeError, match="written into after it was used"):
        value[0] = 1.0
    assert used.shape == (4,)


def test_no_trace_is_lost_silently() -> None:
    x = leaf(np.arange(3.0), "x", "x")
    with pytest.raises(TypeError, match="asked to become a plain array"):
        np.asarray(x)
    with pytest.raises(TypeError, match="write a traced result into a plain array"):
        np.add(x, 1.0, out=np.zeros(3))
    assert np.zeros(3).__array_ufunc__ and plain([x, {"a": x}])[0] is x.value


def test_functions_with_rules_are_numpys() -> None:
    assert len(FUNCTIONS) > 90 and all(callable(function) for function in FUNCTIONS)


def test_what_numpy_refuses_is_refused_in_its_words() -> None:
    x, y = leaf(np.ones((2, 3)), "x", "x"), leaf(np.ones((2, 3)), "y", "y")
    for wrong in (lambda np: np.einsum("ij,jk", x), lambda np: np.matmul(x, y), lambda np: np.dot(x, y)):
        with pytest.raises(ValueError, match=r"operand|dimension|shape"):
            wrong(NP)


def test_another_order_is_another_move() -> None:
    x = leaf(np.arange(6.0).reshape(2, 3), "x", "x")
    for moved in (np.ravel(x, "F"), np.reshape(x, 6, "F"), x.ravel(order="F")):
        assert [cell(moved, i).index for i in range(2)] == [(0, 0), (1, 0)]
    assert cell(x.ravel(), 1).index == (0, 1)
