"""Traced arrays as arrays: what they are compared with, shaped to, iterated over; and what is the same twice."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.glassbox.why.cells import cell
from pellucid.glassbox.why.scope import NP, SCOPE, choose, either, function_of, names_in, run, symbolic
from pellucid.glassbox.why.traced import SMALL, Traced, constant, leaf, lift, make, plain, traced_in

VALUE = np.array([[0.5, -1.0, 2.0], [1.0, 3.0, 0.25]])


@pytest.fixture
def x() -> Traced:
    return leaf(VALUE, "x", "l.x")


def where(traced: Any, *index: int) -> tuple[int, ...]:
    """The cell of x that stands there."""
    return cell(traced, index).index


def test_what_it_is(x: Traced) -> None:
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.float64, 2)
    assert repr(x) == "<traced l.x (2, 3)>" and repr(constant(1.0, "eps")) == "<traced eps ()>"
    assert repr(x + 1) == "<traced add (2, 3)>" and repr(constant(1.0)) == "<traced constant ()>"
    assert (x.symbol, x.quantity, x.constant, x.operation) == ("x", "l.x", False, None)
    assert deepcopy(x) is x
    assert leaf(VALUE.astype(np.float32), "", "").dtype == np.float64
    assert leaf(np.array([1, 2], np.int32), "", "").dtype == np.int32


def test_nothing_equals_none(x: Traced) -> None:
    for made, expected in ((x == None, False), (x != None, True)):  # noqa: E711
        assert made.constant and made.value.tolist() == np.full((2, 3), expected).tolist()
        assert made.dtype == np.bool_
    assert ((x == 1).value == (VALUE == 1)).all() and ((x != 1).value == (VALUE != 1)).all()
    assert not (x == 1).constant


def test_numbers_lead_out() -> None:
    s, n = leaf(np.array(2.75), "s", "s"), leaf(np.array(3), "n", "n")
    assert (float(s), int(s), bool(s), s.item()) == (2.75, 2, True, 2.75)
    assert [10, 11, 12, 13][n] == 13 and range(n) == range(3)
    assert not leaf(np.array(0.0), "s", "s")
    assert leaf(VALUE, "x", "x").item(1, 0) == 1.0


def test_shapes(x: Traced) -> None:
    assert [where(row, 2) for row in x] == [(0, 2), (1, 2)]
    assert where(x.T, 2, 1) == where(x.transpose(), 2, 1) == where(x.transpose(1, 0), 2, 1) == (1, 2)
    assert where(x.transpose((1, 0)), 2, 1) == where(x.transpose(None), 2, 1) == (1, 2)
    assert where(x.transpose(0, 1), 1, 2) == (1, 2)
    for shaped in (x.reshape(3, 2), x.reshape((3, 2)), x.reshape(3, -1)):
        assert shaped.shape == (3, 2) and where(shaped, 1, 1) == (1, 0)
    assert x.reshape(-1).shape == (6,) and where(x.reshape(3, 2, order="F"), 1, 1) == (0, 2)
    assert where(x.flatten(), 4) == (1, 1) and where(x.swapaxes(0, 1), 2, 1) == (1, 2)
    assert x.sum(axis=0).value.tolist() == VALUE.sum(axis=0).tolist()
    for name in ("fill", "partition", "put", "resize", "sort", "nothing", "ctypes"):
        with pytest.raises(AttributeError, match=f"A Traced has no '{name}'"):
            getattr(x, name)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [(np.float32, "move"), (np.float64, "move"), (np.int64, "elementwise"), (np.bool_, "elementwise")],
)
def test_types(x: Traced, dtype: Any, kind: str) -> None:
    made = x.astype(dtype)
    assert made.operation.kind == kind and made.value.tolist() == VALUE.astype(dtype).tolist()
    assert made.dtype == (np.float64 if kind == "move" else dtype)


def test_whole_numbers_stay_the_same_cells_in_another_type() -> None:
    n = leaf(np.array([1, 300], np.int64), "n", "n")
    for dtype in (np.int32, np.int64, np.uint8):
        assert n.astype(dtype).operation.kind == "move" and n.astype(dtype).dtype == dtype
    assert leaf(np.array([True]), "b", "b").astype(np.int64).operation.kind == "move"
    assert n.astype(np.bool_).operation.name == "astype_bool"


def test_what_is_in_lists_is_found(x: Traced) -> None:
    one = constant(1.0)
    held = [x, (2, {"a": one, "b": [3, x]}), "text"]
    assert [id(each) for each in traced_in(held, one)] == [id(x), id(one), id(x), id(one)]
    bare = plain(held)
    assert bare[0] is x.value and bare[1][1]["b"][1] is x.value and bare[1][0] == 2 and type(bare[1]) is tuple
    assert lift(x) is x and lift(2.0).constant and traced_in(1, "a") == []


def test_the_same_of_the_same_is_one_and_nothing_else(x: Traced) -> None:
    y = leaf(VALUE, "y", "l.y")
    assert x + 1 is x + 1 and x + np.ones(3) is x + np.ones(3)
    assert x + 1 is not x + 2 and x + 1 is not x + 1.0 and x + 1 is not 1 + x
    assert x + np.ones(3) is not x + np.ones((1, 3)) and x + y is not x + x
    assert x + constant(0.5, "eps") is not x + constant(0.5, "eps")  # two arguments of one value are two
    assert np.sum(x, 0) is np.sum(x, 0) and np.sum(x, 0) is not np.sum(x, 0, keepdims=True)
    assert np.roll(x, 1) is np.roll(x, 1) and np.roll(x, 1) is not np.roll(x, 2)
    assert x[0] is x[0] and x[0] is not x[1] and x[[0, 1]] is not x[[0, 1]]
    small, large = leaf(np.ones(SMALL), "s", "s"), leaf(np.ones(SMALL + 1), "s", "s")
    assert small + np.ones(SMALL) is small + np.ones(SMALL)
    assert large + np.ones(SMALL + 1) is not large + np.ones(SMALL + 1)
    assert constant(1.0) + constant(2.0) is not constant(1.0) + constant(2.0)


def test_what_is_made_of_constants_alone_is_one(x: Traced) -> None:
    two = constant(1.0) + 1
    assert two.constant and not (x + two).constant and two.value == 2.0
    assert make("elementwise", "f", (two, x), lambda: VALUE, key=[]).constant is False
    assert not NP.zeros(3)[0].used and x.used


def test_it_may_be_written_into_until_it_was_used() -> None:
    made = NP.zeros(3)
    before = made.serial
    made[1] = 2.0
    assert made.value.tolist() == [0.0, 2.0, 0.0] and made.serial > before
    assert (made + 1).value.tolist() == [1.0, 3.0, 1.0] and made.used
    with pytest.raises(TypeError, match="is written into after it was used"):
        made[0] = 1.0


# -- what expressions may call ----------------------------------------------------------------------------------------


def test_namespaces_give_constants_of_what_is_not_traced(x: Traced) -> None:
    assert NP.eye(2).constant and NP.eye(2).value.tolist() == [[1, 0], [0, 1]] and NP.pi == np.pi
    assert NP.float64 is np.float64 and NP.linalg.norm(x).operation.name == "sqrt"
    assert [part.constant for part in NP.meshgrid(np.ones(2), np.ones(3))] == [True, True]
    assert NP.array([1, 2]).constant and NP.array([1, 2], np.float64).dtype == np.float64
    assert NP.asarray(x) is x and NP.ascontiguousarray(x) is x and NP.asarray(x, np.int64).dtype == np.int64
    assert NP.array(x) is not x and NP.array(x, np.int64).dtype == np.int64
    assert (
        NP.full((2,), 3, np.int64).dtype == np.int64 and NP.full((2,), leaf(np.array(1.5), "s", "s"), int).dtype == int
    )
    with pytest.raises(TypeError, match=r"np\.array of traced numbers takes no subok"):
        NP.array(x, subok=True)
    assert NP.add.identity == 0 and NP.maximum.__name__ == "maximum"


def test_builtins_know_traced_numbers() -> None:
    a, b = (leaf(np.array(value), name, name) for name, value in (("a", 2.0), ("b", 3.0)))
    largest, smallest = SCOPE["__builtins__"]["max"], SCOPE["__builtins__"]["min"]
    assert largest(a, b).value == largest([b, a]).value == 3.0 and smallest(a, b, 1.0).value == 1.0
    assert largest(a, b).operation.name == "maximum" and smallest([a, b]).operation.name == "minimum"
    assert largest([1, 4, 2]) == 4 and largest([], default=7) == 7 and smallest(1, 2) == 1
    assert SCOPE["erf"](0.0) == 0.0 and SCOPE["erf"](a).operation.name == "erf"


def test_choices_know_what_has_chosen() -> None:
    a, b = (leaf(np.array(value), name, name) for name, value in (("a", 2.0), ("b", 0.0)))
    chosen = choose(a > 1, lambda: a, lambda: b)
    assert (chosen.operation.kind, cell(chosen).args[0].symbol, len(cell(chosen).places)) == ("choose", "a", 1)
    assert choose(True, lambda: a, lambda: b) is a and choose(constant(0.0), lambda: a, lambda: b) is b
    assert choose(a > 1, lambda: max, lambda: min) is max
    assert cell(either(b, lambda: a)).places == [("a", ()), ("b", ())] and cell(either(a, lambda: b)).places == [
        ("a", ())
    ]


@pytest.mark.parametrize(
    ("expression", "value", "places"),
    [
        ("a if a > b else b", 2.0, {"a", "b"}),
        ("b if a < b else a", 2.0, {"a", "b"}),
        ("b or a", 2.0, {"a", "b"}),
        ("a or b", 2.0, {"a"}),
        ("a and b", 0.0, {"b"}),  # of which nothing is known but what it gives
        ("a or b or a", 2.0, {"a"}),
        ("(c := a) + c", 4.0, {"a"}),
        ("[c := a, c if a > b else (c := b)][1]", 2.0, {"a"}),
        ("max(a, b) + min(a, 1)", 3.0, {"a", "b"}),
        ("np.where(a > b, a, b) * (2 if n else 3)", 4.0, {"a", "b"}),
    ],
)
def test_expressions_are_run(expression: str, value: float, places: set[str]) -> None:
    names: dict[str, Any] = {"a": leaf(np.array(2.0), "a", "a"), "b": leaf(np.array(0.0), "b", "b"), "n": 1}
    found = run(expression, "y", names)
    assert float(found) == value and {name for name, _ in cell(lift(found)).places} == places
    assert names_in("a + np.sum(b)") == {"a", "np", "b"}


def test_fractions_keep_their_names_and_whole_numbers_are_plain() -> None:
    eps = symbolic("eps", 0.5)
    assert (eps.symbol, eps.constant, eps.quantity) == ("eps", True, None)
    assert symbolic("n", 3) == 3 and symbolic("flag", True) is True and symbolic("name", "relu") == "relu"


def test_functions_that_were_given_are_opaque_where_they_do_not_run() -> None:
    x = leaf(VALUE, "x", "x")
    assert function_of("f", lambda a: a * 2)(x).operation.name == "multiply"
    assert function_of("f", lambda a: a * 2)(3) == 6
    opaque = function_of("f", lambda a, b=1: np.asarray(a) + b)(x, b=2)
    assert (opaque.operation.kind, opaque.operation.name, opaque.operands) == ("opaque", "f", (x,))
    assert opaque.value.tolist() == (VALUE + 2).tolist()
    assert function_of("f", lambda a: float(a.sum()))(x).operation.kind == "opaque"
    with pytest.raises(ZeroDivisionError):
        function_of("f", lambda a: 1 / 0)(x)


@pytest.mark.parametrize("index", [(2, 0), (0, 3), (-3, 0), (0,), (0, 0, 0), ()])
def test_a_cell_that_there_is_none_of(index: tuple[int, ...]) -> None:
    with pytest.raises(pl.DataError, match=r"has no cell .*: its shape is \(2, 3\)"):
        cell(leaf(VALUE, "x", "x"), index)


def test_cells_from_the_end_count_backwards(x: Traced) -> None:
    assert (
        where(x, -2, -3) == (0, 0)
        and where(x, -1, -1) == (1, 2)
        and cell(leaf(np.arange(3.0), "v", "v"), -1).value == 2
    )


def test_an_index_may_be_computed_of_constants_and_to_read_of_data_too() -> None:
    made, data, own = NP.zeros(3), leaf(np.array([1]), "i", "i"), constant(np.array([2]))
    made[own] = 2.0
    assert made.value.tolist() == [0.0, 0.0, 2.0]
    with pytest.raises(TypeError, match=r"^Writing where data says has no rule\. Use np\.where\(mask, new, x\)\.$"):
        made[data] = 1.0
    with pytest.raises(TypeError, match=r"^Writing where data says has no rule"):
        made[data > 0] = 1.0
    x = leaf(np.arange(3.0), "x", "x")
    assert x[own].operation.kind == "move" and x[data].operation.kind == "pick"
    assert [place for place, _ in cell(x[data], 0).places] == ["x", "i"]
    with pytest.raises(TypeError, match="An index with traced numbers inside of a list has no rule"):
        x[[data[0]]]
    added = NP.zeros(3)
    np.add.at(added, own, x[1])
    assert added.value.tolist() == [0.0, 0.0, 1.0]
