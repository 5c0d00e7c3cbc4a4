"""Messages of pages: each key of its type and within its bounds, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pellucid_studio.asked import MOST_BYTES, Refused, read_message


@pytest.mark.parametrize(
    "message",
    [
        {"do": "train"}, {"do": "pause"}, {"do": "step"}, {"do": "sample"}, {"do": "reset"}, {"do": "open"},
        {"do": "ping"}, {"do": "speed", "steps": None}, {"do": "speed", "steps": 10}, {"do": "speed", "steps": 0.5},
        {"do": "watch"}, {"do": "watch", "surface": True, "units": False, "every": 2, "sample": 5},
        {"do": "build", "sections": {"data": {"type": "iris"}}}, {"do": "leave", "id": 7},
        {"do": "view", "id": 7, "view": "vae/latent", "run": 0, "values": {}},
        {"do": "view", "id": 7, "view": "vae/latent", "run": "live", "values": {"z": [0.5, 1]}},
    ],
)  # fmt: skip
def test_what_may_be_asked(message: dict[str, Any]) -> None:
    asked = read_message(json.dumps(message))
    assert asked.do == message["do"] and asked.given == {k: v for k, v in message.items() if k != "do"}


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "[]", "1", "null", '"train"', "{", "{}", '{"do":1}', '{"do":"exec"}', '{"do":["train"]}', "NaN",
        '{"do":"train","x":1}', '{"do":"speed"}', '{"do":"speed","steps":"fast"}', '{"do":"speed","steps":true}',
        '{"do":"speed","steps":0}', '{"do":"speed","steps":1e999}', '{"do":"speed","steps":NaN}',
        '{"do":"speed","steps":-1}', '{"do":"watch","surface":1}', '{"do":"watch","every":0}',
        '{"do":"build"}', '{"do":"build","sections":[]}', '{"do":"build","sections":"x"}', '{"do":"leave","id":-1}',
        '{"do":"leave","id":1.5}', '{"do":"view","id":1,"view":"x","run":-1,"values":{}}',
        '{"do":"view","id":1,"view":"x","run":"dead","values":{}}',
        '{"do":"view","id":1,"view":"x","run":true,"values":{}}',
        '{"do":"view","id":1,"view":"x","run":0,"values":[]}', '{"do":"view","id":1,"view":1,"run":0,"values":{}}',
        '{"do":"build","sections":{"a":' + "[" * 60 + "]" * 60 + "}}", "[" * 100_000,
        '{"do":"build","sections":{"a":1' + "0" * 40 + "}}",
        '{"do":"build","sections":{"a":"\\u0000"}}', '{"do":"build","sections":{"a":"\\ud800"}}',
        '{"do":"build","sections":{"a":Infinity}}', " " * MOST_BYTES + "{}", None, b"\xff\xfe", 5,
    ],
)  # fmt: skip
def test_all_else_is_refused_with_a_reason(text: Any) -> None:
    with pytest.raises(Refused, match=r"."):
        read_message(text)


def test_digits_by_the_million_cost_nothing() -> None:
    with pytest.raises(Refused):
        read_message('{"do":"speed","steps":' + "9" * 500_000 + "}")
