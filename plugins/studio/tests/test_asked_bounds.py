"""The bounds of what pages may ask: each is held exactly, and what stands beyond it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pellucid_studio.asked import (
    MOST_BYTES,
    Refused,
    checked,
    either,
    is_bool,
    is_int,
    is_number,
    is_table,
    is_text,
    one_of,
    read_message,
    read_table,
)

VIEW: dict[str, Any] = {"do": "view", "id": 7, "view": "vae/latent", "run": 0, "values": {}}
WATCH: dict[str, Any] = {"do": "watch"}
LEAVE: dict[str, Any] = {"do": "leave", "id": 7}
SPEED: dict[str, Any] = {"do": "speed", "steps": 1}


def is_taken(message: dict[str, Any]) -> bool:
    try:
        read_message(json.dumps(message))
    except Refused:
        return False
    return True


@pytest.mark.parametrize(
    ("message", "key", "low", "high"),
    [
        (VIEW, "id", 0, 2_147_483_648), (VIEW, "run", 0, 1_000), (LEAVE, "id", 0, 2_147_483_648),
        (WATCH, "every", 1, 60), (WATCH, "sample", 0, 1_000_000),
    ],
)  # fmt: skip
def test_whole_numbers_lie_within_their_bounds(message: dict[str, Any], key: str, low: int, high: int) -> None:
    for value in (low, low + 1, high - 1, high):
        assert is_taken({**message, key: value}), value
    others: tuple[Any, ...] = (low - 1, high + 1, low + 0.5, True, False, str(low), None, [low], {})
    for other in others:
        assert not is_taken({**message, key: other}), other


def test_a_speed_is_a_number_within_its_bounds_or_none() -> None:
    for value in (None, 0.1, 1, 2.5, 1_000_000, 1e6):
        assert is_taken({**SPEED, "steps": value}), value
    others: tuple[Any, ...] = (0.0999, 0, 1_000_000.5, 1_000_001, True, "1", [1], {})
    for other in others:
        assert not is_taken({**SPEED, "steps": other}), other


@pytest.mark.parametrize("key", ["surface", "units"])
def test_switches_are_true_or_false_and_no_numbers(key: str) -> None:
    assert is_taken({**WATCH, key: True}) and is_taken({**WATCH, key: False})
    others: tuple[Any, ...] = (0, 1, 0.0, 1.0, "true", None, [], {})
    for other in others:
        assert not is_taken({**WATCH, key: other}), other


def test_the_name_of_a_view_has_a_hundred_letters_at_the_most() -> None:
    assert is_taken({**VIEW, "view": "v" * 100}) and is_taken({**VIEW, "view": ""})
    assert not is_taken({**VIEW, "view": "v" * 101})


def test_controls_are_sixty_at_the_most_by_names_of_a_hundred_letters() -> None:
    assert is_taken({**VIEW, "values": {f"c{i}": i for i in range(60)}})
    assert not is_taken({**VIEW, "values": {f"c{i}": i for i in range(61)}})
    assert is_taken({**VIEW, "values": {"c" * 100: 1}})
    assert not is_taken({**VIEW, "values": {"c" * 101: 1}})
    assert not is_taken({**VIEW, "values": {"a": 1, "c" * 101: 1}})


@pytest.mark.parametrize("run", ["live", 0, 1_000])
def test_a_run_is_the_present_one_or_a_number(run: Any) -> None:
    assert is_taken({**VIEW, "run": run})
    assert not is_taken({**VIEW, "run": [run]})


@pytest.mark.parametrize(
    "message", [VIEW, LEAVE, SPEED, {"do": "build", "sections": {}}], ids=lambda message: message["do"]
)
def test_nothing_that_is_needed_may_be_missing(message: dict[str, Any]) -> None:
    assert is_taken(message)
    for key in message.keys() - {"do"}:
        with pytest.raises(Refused, match=f"{message['do']}: '{key}' is missing"):
            read_message(json.dumps({name: value for name, value in message.items() if name != key}))


@pytest.mark.parametrize("key", ["surface", "units", "every", "sample"])
def test_of_what_is_watched_each_may_be_told_alone(key: str) -> None:
    message = {"do": "watch", "surface": True, "units": True, "every": 1, "sample": 0}
    assert is_taken({"do": "watch", key: message[key]})
    assert is_taken({name: value for name, value in message.items() if name != key})


def test_a_message_says_what_is_wrong_with_it() -> None:
    with pytest.raises(Refused, match=r"leave: no such key: 'view'\. Allowed: id\."):
        read_message('{"do":"leave","id":1,"view":"x"}')
    with pytest.raises(Refused, match="ping: no such key: '" + "x" * 40 + r"'\. Allowed: none\."):
        read_message(json.dumps({"do": "ping", "x" * 100: 1}))
    with pytest.raises(Refused, match="leave: the value of 'id' is of the wrong type or out of its bounds"):
        read_message('{"do":"leave","id":"1"}')


def test_a_message_may_be_so_long_and_no_longer() -> None:
    assert read_table(" " * (MOST_BYTES - 2) + "{}") == {}
    with pytest.raises(Refused, match="at most 524,288 bytes"):
        read_table(" " * (MOST_BYTES - 1) + "{}")
    assert read_table(b'{"a":1}') == {"a": 1}


@pytest.mark.parametrize(("before", "after"), [("[", "]"), ('{"a":', "}")])
def test_tables_and_lists_may_stand_so_deep_and_no_deeper(before: str, after: str) -> None:
    """The table itself is level 0, so that what stands within forty others is the last that may."""
    inner = "1"
    assert read_table('{"a":' + before * 39 + inner + after * 39 + "}")
    with pytest.raises(Refused, match="more than 40 levels"):
        read_table('{"a":' + before * 40 + inner + after * 40 + "}")


def test_every_part_of_a_table_is_looked_at() -> None:
    for text in ('{"a":[1,[2,{"b":X}]]}', '{"a":{"b":X},"c":1}', '{"a":1,"c":[X,1]}', '{"a":[1,X]}'):
        assert read_table(text.replace("X", "7"))
        for wrong in ("1e999", '"\\u0000"', "99999999999999999999"):
            with pytest.raises(Refused):
                read_table(text.replace("X", wrong))


def test_keys_are_looked_at_too() -> None:
    with pytest.raises(Refused, match="character that no text has"):
        read_table('{"a":{"\\udfff":1}}')


def test_whole_numbers_have_53_bits_of_either_sign() -> None:
    for value in (2**53, -(2**53)):
        assert read_table(json.dumps({"a": value})) == {"a": value}
    for value in (2**53 + 1, -(2**53) - 1):
        with pytest.raises(Refused, match="more than 53 bits"):
            read_table(json.dumps({"a": value}))


def test_halves_of_characters_are_no_text_and_their_neighbours_are() -> None:
    for code in (0x01, 0xD7FF, 0xE000, 0xFFFF, 0x10FFFF):
        assert read_table(json.dumps({"a": chr(code)})) == {"a": chr(code)}
    for code in (0x00, 0xD800, 0xDBFF, 0xDC00, 0xDFFF):
        with pytest.raises(Refused, match="character that no text has"):
            read_table('{"a":"x\\u' + f'{code:04x}"}}')


# -- the checks --------------------------------------------------------------------------------------------------------


def test_numbers_are_finite_and_no_truth_values() -> None:
    check = is_number(-1, 1)
    assert all(check(value) for value in (-1, -1.0, 0, 0.5, 1, 1.0))
    for other in (-1.01, 1.01, 2, float("nan"), True, False, "0", None):
        assert not check(other), other
    assert not is_number(-1e400, 1e400)(float("inf"))
    assert not is_int(0, 1)(True) and is_int(0, 1)(1) and not is_int(0, 1)(1.0)


def test_one_of_some_is_of_the_same_type() -> None:
    check = one_of(None, "live", 1)
    assert all(check(value) for value in (None, "live", 1))
    for other in (True, 1.0, "liv", "1", 0, False):
        assert not check(other), other


def test_either_check_is_enough_and_none_is_not() -> None:
    check = either(is_text(2), is_bool, is_table)
    taken: list[Any] = ["", "ab", True, False, {}]
    refused: list[Any] = ["abc", 1, None, []]
    assert all(check(value) for value in taken)
    for other in refused:
        assert not check(other), other


def test_a_table_is_given_back_where_all_of_it_is_right() -> None:
    table = {"a": 1}
    assert checked(table, {"a": (is_int(0, 2), True), "b": (is_bool, False)}, "here") is table
    with pytest.raises(Refused, match="here: 'a' is missing"):
        checked({}, {"a": (is_int(0, 2), True)}, "here")
