"""What a page is given: arrays packed and read again as arrays.js does it, and a node for each operation."""

from __future__ import annotations

import base64
import json
import math
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.glassbox.page import render
from pellucid.glassbox.page.export import COSTLY, WORTH_FORETELLING, _differences, _large, sizes
from pellucid.glassbox.page.graph import EXACT, KNOWN, Graph, cost, number
from pellucid.glassbox.page.packing import Packed, type_of
from pellucid.glassbox.page.parts import MOST_ROWS, PageNote, PageTable
from pellucid.glassbox.why.scope import NP, erf
from pellucid.glassbox.why.traced import Traced, constant, leaf, make

VALUE = np.array([[0.5, -1.0, 2.0], [1.0, 3.0, 0.25]])


def read(packed: Packed, place: list[Any], count: int) -> list[Any]:
    """The numbers at a place: the bytes of each number lie in planes, one for each byte."""
    whole = zlib.decompress(base64.b64decode(packed.text()), -15)
    assert len(whole) == packed.size
    kind, start = place
    width = int(kind[1])
    planes = np.frombuffer(whole[start : start + width * count], np.uint8).reshape(width, count)
    return np.frombuffer(np.ascontiguousarray(planes.T).tobytes(), f"<{kind}").tolist()


@pytest.fixture
def packed() -> Packed:
    return Packed()


def test_arrays_lie_behind_each_other_in_planes_of_their_bytes(packed: Packed) -> None:
    held = [
        np.array([True, False, True]), np.array([1, -2, 70000], np.int64), VALUE.astype(np.float32), VALUE,
        np.array([2**40]), np.zeros(0),
    ]  # fmt: skip
    places = [packed.add(array) for array in held]
    assert places == [["u1", 0], ["i4", 3], ["f4", 15], ["f8", 39], ["f8", 87], ["f8", 95]] and packed.size == 95
    for place, array in zip(places, held, strict=True):
        assert read(packed, place, array.size) == array.ravel().tolist()
    assert read(packed, packed.add(np.array([1.0, 2.0]), "i4"), 2) == [1, 2]


def test_places_are_kept_as_differences(packed: Packed) -> None:
    place = packed.add_places(np.array([[3, 4, 5], [-1, 7, 7]]))
    assert place[0] == "i4" and read(packed, place, 6) == [3, 1, 1, -6, 8, 0]


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (np.array([True]), "u1"), (np.array([2**31 - 1, -(2**31)]), "i4"), (np.array([2**31]), "f8"),
        (np.array([-(2**31) - 1]), "f8"), (np.zeros(0, np.int64), "i4"), (np.array([7], np.uint8), "i4"),
        (np.array([1], np.float16), "f4"), (np.array([1], np.float32), "f4"), (np.array([1.0]), "f8"),
    ],
)  # fmt: skip
def test_types_hold_what_is_in_them(array: Any, kind: str) -> None:
    assert type_of(array) == kind


@pytest.mark.parametrize(
    ("value", "told"),
    [(1.5, 1.5), (np.float32(0.5), 0.5), (np.array(2), 2), (True, 1), (np.bool_(False), 0), (math.inf, "inf"),
     (-math.inf, "-inf"), (math.nan, "nan"), (3, 3), ("a", "a")],
)  # fmt: skip
def test_numbers_as_json_has_them(value: Any, told: Any) -> None:
    assert number(value) == told and type(number(value)) is type(told)


# -- nodes ------------------------------------------------------------------------------------------------------------


def nodes(made: Any, packed: Packed) -> list[list[Any]]:
    """Without those of quantities x and v, which are 4 and 7."""
    graph = Graph(packed, {"l.x": 4, "l.v": 7})
    assert graph.add(made) == len(graph.nodes) - 1 == graph.add(made)
    json.dumps(graph.nodes)
    return graph.nodes


X, V, MASK = leaf(VALUE, "x", "l.x"), leaf(np.array([1.0, -2.0, 0.5]), "v", "l.v"), np.array([True, False, True])


@pytest.mark.parametrize(
    ("made", "last", "before"),
    [
        (X, ["q", [2, 3], 4, "x"], 0),
        (leaf(VALUE, "x", "other"), ["c", [2, 3], {"at": ["f8", 0]}, "x"], 0),
        (constant(0.5, "eps"), ["c", [], 0.5, "eps"], 0),
        (constant(np.ones(3)), ["c", [3], {"all": 1.0}, ""], 0),
        (constant(np.array([1, 2])), ["c", [2], {"at": ["i4", 0]}, ""], 0),
        (constant(np.zeros((0, 2))), ["c", [0, 2], {"at": ["f8", 0]}, ""], 0),
        (constant(np.array([math.nan, math.nan])), ["c", [2], {"at": ["f8", 0]}, ""], 0),
        (X + V, ["e", [2, 3], "add", [1, 0]], 2),
        (constant(1.0, "b") - 0.25, ["e", [], "subtract", [1, 0], 0.75], 2),  # a number keeps how it was written
        (constant(np.ones(2)) + 1, ["c", [2], {"all": 2.0}, ""], 0),  # an array does not
        (X.astype(np.int64), ["e", [2, 3], "astype_whole", [0]], 1),
        (X.astype(bool), ["e", [2, 3], "astype_bool", [0]], 1),
        ((X > 0) & (V > 0), ["e", [2, 3], "logical_and", [5, 2]], 6),
        (~(X > 0), ["e", [2, 3], "logical_not", [2]], 3),
        (erf(X), ["e", [2, 3], "erf", [0]], 1),
        (np.sinc(V), ["o", [3], "sinc", [0], {"at": ["f8", 0]}], 1),
        (np.sort(V), ["o", [3], "sort", [0], {"at": ["f8", 0]}], 1),
        (X.reshape(3, 2), ["m", [3, 2], "reshape", [0], {"steps": [1, 2, 1]}], 1),
        (X.T, ["m", [3, 2], "transpose", [0], {"steps": [1, 1, 3]}], 1),
        (X[:, ::-1], ["m", [2, 3], "getitem", [0], {"steps": [3, 3, -1]}], 1),
        (X[1:], ["m", [1, 3], "getitem", [0], {"steps": [4, 0, 1]}], 1),
        (X[2:], ["m", [0, 3], "getitem", [0], {"steps": [0, 0, 0]}], 1),
        (np.broadcast_to(V, (2, 3)), ["m", [2, 3], "broadcast_to", [0], {"steps": [1, 0, 1]}], 1),
        (V[[0, 2, 1]], ["m", [3], "getitem", [0], {"at": ["i4", 0]}], 1),
        (np.where(V > 0, V, 0), ["w", [3], [3, 1, 0]], 4),
        (V[V > 0], ["p", [2], [1, 2], ["i4", 0], [None]], 3),
        (V[(V * 0).astype(int)], ["p", [3], [1, 3], ["i4", 12], [["i4", 0]]], 4),
        (X.sum(axis=1), ["r", [2], "sum", 0, [1]], 1),
        (np.max(X), ["r", [], "max", 0, [0, 1]], 1),
        (X @ V, ["k", [2], [1, 0], ["xy", "y"], "x"], 2),
    ],
)  # fmt: skip
def test_a_node_for_each_operation(made: Traced, last: list[Any], before: int, packed: Packed) -> None:
    found = nodes(made, packed)
    assert found[-1] == last and len(found) == before + 1


def test_places_that_are_not_regular_are_all_kept(packed: Packed) -> None:
    assert nodes(V[[0, 2, 1]], packed)[-1][-1] == {"at": ["i4", 0]} and read(packed, ["i4", 0], 3) == [1, 2, -1]
    joined = nodes(np.concatenate([V, np.zeros(1), V[:1]]), packed)[-1]
    assert joined[-1] == {"steps": [1, 1]}  # counted through all operands
    padded = nodes(np.pad(V, (1, 2)), packed)[-1]
    assert read(packed, padded[-1]["at"], 6) == [0, 1, 1, 1, -3, 0]  # 0 of none


def test_what_is_added_to_places(packed: Packed) -> None:
    made = NP.zeros(3)
    np.add.at(made, np.array([0, 2, 0]), V)
    last = nodes(made, packed)[-1]
    assert (last[0], last[1], last[4]) == ("s", [3], 3) and read(packed, last[3], 3) == [0, 2, -2]


def test_the_same_constant_is_kept_once(packed: Packed) -> None:
    found = nodes(X * np.array([1.0, 2.0, 3.0]) + np.array([1.0, 2.0, 3.0]), packed)
    assert [node[2] for node in found if node[0] == "c"] == [{"at": ["f8", 0]}] * 2 and packed.size == 24
    nodes(X * np.array([1, 2, 3]), packed)
    assert packed.size == 24 + 12  # of another type they are others


def test_what_holds_a_result_says_which(packed: Packed) -> None:
    graph, made = Graph(packed, {"l.x": 4}), X + 1
    made.stands = leaf(VALUE, "z", "l.x"), np.array([5, -1, 0, 1, 2, 3])
    try:
        node = graph.add(made)
        assert graph.stands() == {node: [4, "z", ["i4", 0]]} and read(packed, ["i4", 0], 6) == [5, -6, 1, 1, 1, 1]
        assert Graph(packed, {}).stands() == {}
    finally:
        made.stands = None


@pytest.mark.parametrize(
    ("made", "exact"),
    [
        (X, True), (X + V * 2 - V / 3, True), (np.sqrt(np.abs(X.T))[1:], True), (np.where(V > 0, V, 0), True),
        (X**2, True),
        (X**3, False), (X**V, False), (np.exp(X), False), (X + np.exp(V), False), (X.sum(), False), (X @ V, False),
        (X + np.exp(constant(np.ones(3))), True),
    ],
)  # fmt: skip
def test_what_a_page_computes_to_the_bit(made: Traced, exact: bool, packed: Packed) -> None:
    assert Graph(packed, {}).is_exact(made) is exact
    assert EXACT < KNOWN


@pytest.mark.parametrize(
    ("made", "products"),
    [
        (X, 0), (X + V, 0), (X.sum(axis=1), 6), (X @ V, 6), (X @ X.T, 12), ((X @ V).sum(), 8),
        (np.concatenate([X, X]).sum(), 12), (NP.eye(3) @ V, 9), (NP.eye(9) @ leaf(np.ones(9), "w", "w"), 36),
        (X.sum(axis=1) + X.sum(axis=1), 6),
    ],
)  # fmt: skip
def test_about_how_much_work_an_array_is(made: Traced, products: int) -> None:
    assert cost(made) == products


# -- what is foretold -------------------------------------------------------------------------------------------------


def test_arrays_are_told_by_how_many_numbers_they_lie_beside_what_was_foretold() -> None:
    foretold = np.array([1.0, -1.0, 0.0, 2.0])
    array = np.array(
        [np.nextafter(np.float32(1), np.float32(2)), -1.0, 0.0, np.nextafter(np.float32(2), np.float32(0))]
    )
    assert _differences(array.astype(np.float32), foretold).tolist() == [1, 0, 0, -1]


def test_large_arrays_of_single_precision_alone_are_foretold() -> None:
    def large(array: Any, value: Any = None) -> bool:
        return _large(array, make("elementwise", "f", (), lambda: array if value is None else value))

    many = np.ones(WORTH_FORETELLING, np.float32)
    assert (WORTH_FORETELLING, COSTLY) == (256, 2_000_000)
    assert large(many) and not large(many[1:]) and not large(many.astype(np.float64))
    assert not large(many, np.ones((1, WORTH_FORETELLING)))
    bad = many.copy()
    bad[3] = np.inf
    assert not large(bad) and not large(many, bad) and not large(bad, many)


def test_the_largest_quantities_are_named_once() -> None:
    held = {"a": np.zeros(1000), "b": np.zeros(1000), "c": np.zeros(2), "d": np.zeros(5), "e": np.zeros(1)}

    class Trace(dict[str, Any]):
        def quantity(self, name: str) -> Any:
            return SimpleNamespace(same="a" if name == "b" else None)

    assert sizes(Trace(held)) == ["a (8,000 bytes)", "d (40 bytes)", "c (16 bytes)"]  # type: ignore[arg-type]
    assert sizes(Trace(held), 1) == ["a (8,000 bytes)"]  # type: ignore[arg-type]


def test_texts_cannot_end_their_elements() -> None:
    assert render._escaped("<b> & </b>") == "&lt;b&gt; &amp; &lt;/b&gt;"
    assert render._json({"a": "</script>\u2028\u2029é"}) == '{"a":"\\u003c/script>\\u2028\\u2029é"}'
    with pytest.raises(ValueError, match="JSON"):
        render._json(math.nan)
    assert render._hash("abc") == "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="


# -- parts ------------------------------------------------------------------------------------------------------------


def test_how_much_a_mask_has_left() -> None:
    assert PageNote.kept(MASK).text == "2 of 3 numbers were kept in this step, 67%."
    assert PageNote.kept(MASK, 1.5).text == (
        "2 of 3 numbers were kept in this step, 67%. What is kept is multiplied by 1.5, so that the mean stays."
    )
    assert PageNote.kept(np.zeros(0)).text == "0 of 0 numbers were kept in this step, 0%."
    assert PageNote("a").latex == ""


def test_groups_before_and_after() -> None:
    table = PageTable.before_and_after("row", np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([[-1.0, 1.0], [0.0, 4.0]]))
    assert table.columns == ["row", "mean of x", "variance of x", "mean after", "variance after"]
    assert table.rows == [[0, 2.0, 1.0, 0.0, 1.0], [1, 2.0, 0.0, 2.0, 4.0]] and table.title == "Before and after"
    for count, title in ((16, "Before and after"), (17, "Before and after, the first 16 of 17")):
        many = PageTable.before_and_after("row", np.ones((count, 2)), np.ones((count, 2)))
        assert many.title == title and len(many.rows) == MOST_ROWS == 16


def test_what_is_used_twice_is_looked_at_once(packed: Packed) -> None:
    x = leaf(VALUE, "x", "x")
    for _ in range(60):  # by another way 2⁶⁰ times
        x = x + x
    graph = Graph(packed, {"x": 0})
    assert graph.is_exact(x) and not graph.is_exact(np.tanh(x) + x)
    graph.add(x)
    assert len(graph.nodes) == 61
