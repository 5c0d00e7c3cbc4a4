"""Values of controls at their bounds, and every kind of field as a page reads it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid_studio.arrays import number, packed, text_of
from pellucid_studio.values import MOST_PRESSED, told, values_of


def value(control: Any, given: Any) -> Any:
    """Of this control alone; None gives nothing."""
    found = values_of([control], {} if given is None else {control.name: given})
    assert list(found) == [control.name]
    return found[control.name]


@pytest.mark.parametrize(
    ("given", "whole", "any_number"),
    [(None, 4, 4.0), (2, 2, 2.0), (8, 8, 8.0), (1, 2, 2.0), (9, 8, 8.0), (3.4, 3, 3.4), (7.6, 8, 7.6),
     (-1e300, 2, 2.0)],
)  # fmt: skip
def test_a_slider_is_held_between_its_ends(given: Any, whole: int, any_number: float) -> None:
    found = value(pl.ViewSlider("s", "s", 2, 8, 4, step=1), given)
    assert found == whole and isinstance(found, int)
    found = value(pl.ViewSlider("s", "s", 2, 8, 4), given)
    assert found == any_number and isinstance(found, float)


@pytest.mark.parametrize("given", [True, False, "3", [3], {}, float("nan"), float("inf")])
def test_a_number_is_a_finite_one(given: Any) -> None:
    controls = [pl.ViewSlider("s", "s", 2, 8, 4), pl.ViewButton("s", "s")]
    for control in controls:
        with pytest.raises(pl.ConfigError, match="The control 's' takes a number"):
            value(control, given)
    with pytest.raises(pl.ConfigError, match="The control 's' takes a number"):
        value(pl.ViewPlane("s", "s", -1, 1, (0, 0), points=np.zeros((1, 2))), [0, given])


@pytest.mark.parametrize(
    ("given", "place"),
    [(None, (0.25, -0.5)), ([0.5, 0.75], (0.5, 0.75)), ([-1, 1], (-1, 1)), ([-1.5, 1.5], (-1, 1)), ([2, -2], (1, -1))],
)
def test_a_place_is_held_within_its_plane(given: Any, place: tuple[float, float]) -> None:
    found = value(pl.ViewPlane("p", "p", -1, 1, (0.25, -0.5), points=np.zeros((1, 2))), given)
    assert found == place and all(isinstance(each, float) for each in found)


@pytest.mark.parametrize("given", [[], [1], [1, 2, 3], (1, 2), "12", 1])
def test_a_place_is_two_numbers(given: Any) -> None:
    with pytest.raises(pl.ConfigError, match="The control 'p' takes two numbers"):
        value(pl.ViewPlane("p", "p", -1, 1, (0, 0), points=np.zeros((1, 2))), given)


def test_a_button_was_pressed_so_often() -> None:
    button = pl.ViewButton("b", "b")
    for given, often in ((None, 0), (0, 0), (1, 1), (2.6, 3), (-1, 0), (MOST_PRESSED, MOST_PRESSED)):
        assert value(button, given) == often and isinstance(value(button, given), int)
    assert value(button, MOST_PRESSED + 1) == MOST_PRESSED


def test_switches_choices_and_texts_are_as_given_or_as_they_stood() -> None:
    for stood in (True, False):
        switch = pl.ViewSwitch("w", "w", stood)
        assert (value(switch, None), value(switch, True), value(switch, False)) == (stood, True, False)
    choice = pl.ViewChoice("c", "c", ("a", "b"), "b")
    assert (value(choice, None), value(choice, "a")) == ("b", "a")
    with pytest.raises(pl.ConfigError, match="The control 'c' takes one of a, b"):
        value(choice, "c")
    text = pl.ViewText("t", "t", "stood", most=5)
    assert (value(text, None), value(text, ""), value(text, "12345"), value(text, "123456")) == (
        "stood", "", "12345", "12345"
    )  # fmt: skip
    for control, given in ((text, 1), (text, ["x"]), (pl.ViewSwitch("t", "t", True), 0)):
        with pytest.raises(pl.ConfigError, match="The control 't' takes"):
            value(control, given)


def ink(values: Any, **changed: Any) -> dict[str, Any]:
    data = base64.b64encode(np.asarray(values, "<f4").tobytes()).decode()
    return {"shape": [2, 2], "type": "f4", "data": data, **changed}


def test_ink_lies_between_blank_and_black() -> None:
    control = pl.ViewDrawing("d", "d", (2, 2))
    found = value(control, ink([0.0, 0.25, 1.0, 1.5]))
    assert found.dtype == np.float32 and found.tolist() == [[0.0, 0.25], [1.0, 1.0]]
    assert value(control, None).tolist() == [[0.0, 0.0], [0.0, 0.0]] and value(control, None).dtype == np.float32
    assert value(control, ink([-1.0, np.nan, np.inf, -np.inf])).tolist() == [[0.0, 0.0], [1.0, 0.0]]
    blank = [0] * 4
    others: list[Any] = [
        ink([0] * 3), ink([0] * 5), ink(blank, type="f8"), ink(blank, shape=[4]), ink(blank, shape=(2, 2)),
        ink(blank, data="*"), ink(blank, data=ink(blank)["data"] + "*"), ink(blank, data=None), [], "x",
    ]  # fmt: skip
    for other in others:
        with pytest.raises(pl.ConfigError, match=r"The control 'd' takes ink of \(2, 2\)"):
            value(control, other)


def test_a_control_that_there_is_not_is_named() -> None:
    with pytest.raises(pl.ConfigError, match=r"no control 'x'\. It has: b"):
        values_of([pl.ViewButton("b", "b")], {"b": 1, "x": 2})


@dataclass(frozen=True)
class ViewOwn:
    """A part with one field of any kind, and fields that are arrays whatever they were given as."""

    any: Any = None
    points: Any = None
    curves: Any = None


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (None, None), ("x", "x"), (True, True), (3, 3), (0.5, 0.5), (float("inf"), None), (float("nan"), None),
        (np.float32(0.5), 0.5), (np.float64("nan"), None), (np.int64(7), 7), ((1, [2.5, None]), [1, [2.5, None]]),
        ({1: 2, "a": (3,)}, {"1": 2, "a": [3]}), (Path("x"), "x"),
    ],
)  # fmt: skip
def test_a_field_is_told_as_json_has_it(given: Any, plain: Any) -> None:
    found = told("part", ViewOwn(given))
    assert found == {"part": "own", "any": plain, "points": None, "curves": None}
    assert type(found["any"]) is type(plain) and text_of(found)


def test_arrays_are_packed_by_their_kind_or_by_their_name() -> None:
    array = np.arange(3)
    assert told("part", ViewOwn(array))["any"] == packed(array)
    assert told("part", ViewOwn([0, 1, 2]))["any"] == [0, 1, 2]
    assert told("part", ViewOwn(points=[0, 1, 2]))["points"] == packed(array)
    assert told("part", ViewOwn(curves={"a": [0, 1, 2]}))["curves"] == {"a": packed(array)}
    assert told("part", ViewOwn({"a": [0, 1, 2]}))["any"] == {"a": [0, 1, 2]}


@pytest.mark.parametrize(
    ("array", "kind", "width"),
    [(np.array([True, False]), "u1", 1), (np.array([0, 255], np.uint8), "u1", 1), (np.array([-1, 3], np.int8), "i4", 4),
     (np.array([1, 2], np.uint16), "i4", 4), (np.array([1, 2]), "i4", 4), (np.array([0.5, -2.0]), "f4", 4)],
)  # fmt: skip
def test_an_array_is_bytes_of_the_smallest_kind_that_a_page_has(array: Any, kind: str, width: int) -> None:
    found = packed(array)
    data = base64.b64decode(found["data"])
    assert (found["type"], found["shape"], len(data)) == (kind, [2], 2 * width)
    assert np.array_equal(np.frombuffer(data, f"<{kind}"), array)


def test_a_number_that_json_has_no_word_for_is_none() -> None:
    assert (number(1.5), number(np.float32(2)), number(float("inf")), number(float("nan"))) == (1.5, 2.0, None, None)
    assert text_of({"a": [1, None]}) == '{"a":[1,null]}'
    with pytest.raises(ValueError):
        text_of({"a": float("nan")})
