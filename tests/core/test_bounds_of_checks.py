"""Checks of arguments at their bounds: which ends of an interval count, and how large a number may be."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from pellucid import ConfigError
from pellucid.basics.checks import check_float, check_int, check_type, is_int, is_number, is_size, wrong

SMALL = 5e-324
"""The smallest float above 0."""


@pytest.mark.parametrize(
    ("interval", "good", "bad"),
    [
        ("[0, 1]", [0, 1, 0.5, -0.0], [-SMALL, 1 + 1e-15, 2]), ("(0, 1]", [SMALL, 1], [0, -0.0, 1 + 1e-15]),
        ("[0, 1)", [0, 1 - 1e-15], [1, -SMALL]), ("(0, 1)", [SMALL, 0.5], [0, 1]), ("[0, inf)", [0, 1e308], [-1]),
        ("(-inf, inf)", [-1e308, 0, 3], []), ("(0, inf)", [SMALL, 10**300], [0, -1]), ("[-2, 3]", [-2, 3], [-2.1, 3.1]),
    ],
)  # fmt: skip
def test_numbers_in_intervals(interval: str, good: list[float], bad: list[float]) -> None:
    for value in [*good, *map(np.float64, good), Fraction(1, 2)]:
        check_float("Owner", "rate", value, interval)
    for value in [*bad, *map(np.float64, bad), float("inf"), -float("inf"), float("nan"), "0.5", None, True, [0.5]]:
        with pytest.raises(ConfigError) as caught:
            check_float("Owner", "rate", value, interval)
        assert str(caught.value).startswith(f"The 'rate' of Owner must be a float in {interval}. Received: ")


@pytest.mark.parametrize(
    ("interval", "good", "bad"),
    [
        ("[1, inf)", [1, 2**64 - 1], [0, -1]), ("[0, 3]", [0, 3], [-1, 4]), ("(0, 3)", [1, 2], [0, 3]),
        ("(-inf, inf)", [-(2**70), 0, 2**63], []),
    ],
)  # fmt: skip
def test_integers_in_intervals(interval: str, good: list[int], bad: list[int]) -> None:
    for value in [*good, np.int64(1), np.uint8(2)]:
        check_int("Owner", "size", value, interval)
    for value in [*bad, 1.0, "1", None, True, np.float64(1), np.array([1])]:
        with pytest.raises(ConfigError) as caught:
            check_int("Owner", "size", value, interval)
        assert str(caught.value).startswith(f"The 'size' of Owner must be an int in {interval}. Received: ")
    if interval.endswith("inf)"):
        for large in (2**64, 2**70):
            with pytest.raises(ConfigError, match=r"of at most 64 bits\. Received: "):
                check_int("Owner", "size", large, interval)


@pytest.mark.parametrize(
    ("value", "integer", "size", "number"),
    [
        (0, True, False, True), (1, True, True, True), (-1, True, False, True), (2**63 - 1, True, True, True),
        (2**63, True, False, True), (2**64, True, False, True), (np.int8(1), True, True, True),
        (10**400, True, False, False),
        (np.uint64(2**63), True, False, True), (True, False, False, False), (np.bool_(True), False, False, False),
        (1.0, False, False, True), (np.float32(1), False, False, True), (Fraction(1, 3), False, False, True),
        ("1", False, False, False), (None, False, False, False), (1j, False, False, False),
        (np.array([1]), False, False, False), (float("nan"), False, False, True),
    ],
)  # fmt: skip
def test_what_is_an_integer_a_size_a_number(value: Any, integer: bool, size: bool, number: bool) -> None:
    assert (bool(is_int(value)), bool(is_size(value)), bool(is_number(value))) == (integer, size, number)


def test_a_refusal_names_the_component_the_argument_and_what_was_received() -> None:
    class Owner:
        """Somebody."""

    for owner in ("Owner", Owner, Owner()):
        assert str(wrong(owner, "a", "b", 3)) == "The 'a' of Owner must be b. Received: 3."
    check_type("Owner", "a", 3, (int, str), "a number or a text")
    with pytest.raises(ConfigError) as caught:
        check_type("Owner", "a", 3.0, (int, str), "a number or a text")
    assert str(caught.value) == "The 'a' of Owner must be a number or a text. Received: 3.0."
