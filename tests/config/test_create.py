"""create: what may be given for an argument of each type, and what becomes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.basics.errors import ConfigError, PluginError
from pellucid.standard.initializers.drawn import Normal
from pellucid.standard.initializers.scaled import He
from pellucid.standard.layers.dense import Dense

ACCEPTED = [
    ("integer", 3, 3), ("integer", np.int32(3), 3),
    ("number", 2, 2.0), ("number", 2.5, 2.5), ("number", np.float32(0.5), 0.5),
    ("truth", True, True), ("text", "b", "b"),
    ("choice", "high", "high"), ("choice", 3, 3),
    ("maybe", None, None), ("maybe", 4, 4),
    ("either", "x", "x"), ("either", 5, 5),
    ("pair", [1, 2], (1, 2.0)), ("many", [1, 2, 3], (1, 2, 3)), ("sizes", (1, 2), [1, 2]), ("sizes", [], []),
    ("names", ["a"], ["a"]), ("table", {"a": 1}, {"a": 1.0}), ("where", "a/b", Path("a/b")),
    ("noted", 2, 2), ("bound", 2, 2), ("anything", {"x": [1]}, {"x": [1]}), ("untyped", "?", "?"),
    ("function", len, len),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "expected"), ACCEPTED)
def test_a_value_that_fits_is_accepted(name: str, given: Any, expected: Any):
    value = getattr(pl.create("schedule", "acme/everything", **{name: given}), name)
    assert value == expected
    assert type(value) is type(expected)


REFUSED = [
    ("integer", 1.0, "expected int. Received: 1.0 (float)."),
    ("integer", True, "expected int. Received: True (bool)."),
    ("integer", "1", "expected int. Received: '1' (str)."),
    ("number", "1", "expected float. Received: '1' (str)."),
    ("number", True, "expected float. Received: True (bool)."),
    ("number", None, "expected float. Received: None (NoneType)."),
    ("truth", 1, "expected bool. Received: 1 (int)."),
    ("text", 1, "expected str. Received: 1 (int)."),
    ("choice", "middle", "expected one of 'low', 'high', 3. Received: 'middle' (str)."),
    ("choice", True, "expected one of 'low', 'high', 3. Received: True (bool)."),
    ("maybe", "4", "expected int or None. Received: '4' (str)."),
    ("either", 1.5, "expected int or str. Received: 1.5 (float)."),
    ("pair", [1], "expected (int, float). Received: [1], of length 1."),
    ("sizes", 3, "expected a list of int. Received: 3 (int)."),
    ("sizes", "12", "expected a list of int. Received: '12' (str)."),
    ("table", [1], "expected a table or None. Received: [1] (list)."),
    ("where", 3, "expected a path. Received: 3 (int)."),
    ("function", 3, "expected Callable or None. Received: 3 (int)."),
    ("init", 3, "expected an initializer or None. Received: 3 (int)."),
    ("schedules", ["cosine", 3], "expected a schedule. Received: 3 (int)."),
    ("dense", "relu", "expected Dense. Received: ReLU()."),
    ("init", Dense(3), "expected an initializer. Received: Dense"),
]


@pytest.mark.parametrize(("name", "given", "message"), REFUSED)
def test_a_value_that_does_not_fit_is_refused_with_its_path(name: str, given: Any, message: str):
    with pytest.raises(ConfigError) as caught:
        pl.create("schedule", "acme/everything", **{name: given})
    assert str(caught.value).startswith(name)
    assert message in str(caught.value)


def test_components_may_be_given_as_objects_names_and_tables():
    he = He()
    made = [
        pl.create("schedule", "everything", init=given).init
        for given in (he, "he", "core/he", {"type": "he"}, {"type": "core/he", "distribution": "uniform"})
    ]
    assert made[0] is he
    assert all(type(init) is He for init in made)
    assert made[4].distribution == "uniform"


def test_components_stand_in_lists_and_tables():
    made = pl.create(
        "schedule", "acme/everything",
        schedules=["constant", {"type": "acme/everything", "schedules": ["cosine"]}],
        by_name={"first": {"type": "dense", "units": 2}}, loss="mse", dense={"type": "dense", "units": 3},
    )  # fmt: skip
    assert [type(schedule).__name__ for schedule in made.schedules] == ["Constant", "Everything"]
    assert made.schedules[1].schedules[0].kind == "schedule"
    assert made.by_name["first"].units == 2
    assert made.loss.kind == "loss", "a text is a name where a component may stand"
    assert made.dense.units == 3


def test_a_table_may_stand_for_the_name():
    table = {"type": "normal", "std": 0.5}
    assert pl.create("initializer", table, mean=2).mean == 2.0
    assert table == {"type": "normal", "std": 0.5}, "the caller's table is left as it was"


def test_arguments_may_be_called_name_and_kind():
    assert pl.create("schedule", "acme/open", name=1, kind=2).others == {"name": 1, "kind": 2}


def test_further_keywords_are_checked_too():
    with pytest.raises(ConfigError, match=r"^x: expected int\. Received: 'a'"):
        pl.create("schedule", "acme/open", x="a")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("positional", r"Positional cannot be built by name because of its argument '\*values: ?.*int"),
        ("reserved", r"Reserved cannot be built by name because of its argument 'type.*must not be called type,"),
        ("unresolved", r"Unresolved cannot be resolved: name 'Unknown' is not defined\. Import the name at the top"),
        ("for_checkers_only", r"ForCheckersOnly cannot be resolved: name 'Regularizer' is not defined\. Import"),
    ],
)
def test_a_component_that_cannot_be_configured_is_the_plugins_fault(name: str, message: str):
    with pytest.raises(PluginError, match=message):
        pl.create("schedule", f"acme/{name}")


def test_configurations_know_only_what_stands_below_them():
    """Neither models nor backends, nor NumPy: those import this, and plainly."""
    program = "import sys, pellucid.registry.config; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    ours = [name for name in loaded if name.startswith(("pellucid", "numpy"))]
    assert {".".join(name.split(".")[:2]) for name in ours} == {"pellucid", "pellucid.basics", "pellucid.registry"}


def test_names_lists_canonical_names():
    assert {"core/cosine", "acme/everything"} <= set(pl.names("schedule"))
    assert pl.names("model") == ["acme/greedy", "acme/same", "acme/stack", "acme/twice"]


def test_configuration_imports_nothing_by_path():
    for name in ("os:system", "os.system", "pellucid.standard.layers.dense:Dense", "core/os.system"):
        with pytest.raises(ConfigError, match="Unknown layer"):
            pl.create("layer", name)


def test_values_are_not_evaluated():
    assert pl.create("schedule", "acme/everything", text="__import__('os')").text == "__import__('os')"
    assert isinstance(pl.create("initializer", "normal", std=1), Normal)
