"""Limits before work: an estimate against what there is, numbers that a machine can hold, messages that can be read."""

from __future__ import annotations

from typing import Any

import pellucid as pl
import pytest
from pellucid.basics.limits import MEMORY, memory
from pellucid.basics.suggest import did_you_mean, listed, said

HUGE = 10**400


def test_what_would_take_more_than_there_is_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, "2")
    pl.check_memory(2 << 30, "It", "Make it smaller.")
    with pytest.raises(pl.DataError, match=r"It would take 3\.0 GiB of memory; there are 2\.0 GiB\. Make it smaller\."):
        pl.check_memory(3 << 30, "It", "Make it smaller.", pl.DataError)
    with pytest.raises(pl.ConfigError, match=MEMORY):
        pl.check_memory(HUGE, "It", "Make it smaller.")


def test_the_machine_says_how_much_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MEMORY, raising=False)
    assert memory() > 1 << 24


@pytest.mark.parametrize("text", ["much", "-1", "nan", "1e400", "8G"])
def test_another_limit_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MEMORY, text)
    with pytest.raises(pl.ConfigError, match="must be a number of GiB"):
        memory()


@pytest.mark.parametrize(
    "arguments",
    [
        {"config": "dense", "units": 10**12},
        {"config": "dense", "units": HUGE},
        {"config": "dense", "units": 10**5000},
        {"config": "ann", "outputs": 2, "hidden": [10**6, 10**6]},
        {"config": "ann", "outputs": 2, "hidden": 1001 * [1]},
        {"config": "sequential", "layers": ["flatten", {"type": "dense", "units": HUGE}]},
        {"config": "sequential", "layers": 10_001 * ["flatten"]},
        {"config": "sequential", "layers": [{"type": "dense", "units": 4}, *(
            {"type": "parallel", "join": "sum", "layers": [{"ref": f"layers.{i}"}, {"ref": f"layers.{i}"}]}
            for i in range(40)
        )]},
    ],
    ids=["memory", "400 digits", "5000 digits", "memory of two", "sizes", "in a list", "components", "doubled"],
)  # fmt: skip
def test_models_larger_than_any(arguments: dict[str, Any]) -> None:
    with pytest.raises(pl.ConfigError):
        pl.build(**arguments, input_shape=(4,))


def test_of_items_and_of_components_there_may_be_ten_thousand() -> None:
    weights: Any = {"type": "softmax_cross_entropy", "class_weight": 10_000 * [1.0]}
    assert len(pl.create("loss", weights).class_weight) == 10_000
    with pytest.raises(pl.ConfigError, match=r"class_weight: a list of 10,001 items\. Expected: at most 10,000\."):
        pl.create("loss", weights | {"class_weight": 10_001 * [1.0]})
    layers = 9_999 * ["flatten"]  # and what they stand in
    assert len([*pl.create("layer", {"type": "sequential", "layers": layers}).children()]) == 9_999
    with pytest.raises(pl.ConfigError, match="more than 10,000 components"):
        pl.create("layer", {"type": "sequential", "layers": [*layers, "flatten"]})


@pytest.mark.parametrize(("levels", "good"), [(70, True), (80, False), (5000, False)])
def test_layers_in_each_other(levels: int, good: bool) -> None:
    config: Any = {"type": "dense", "units": 2}
    for _ in range(levels):
        config = {"type": "sequential", "layers": [config]}
    if good:
        assert pl.build(config, input_shape=(2,), seed=0).output_shape((2,)) == (2,)
    else:
        with pytest.raises(pl.ConfigError, match="levels deep"):
            pl.build(config, input_shape=(2,), seed=0)


def test_a_list_of_a_million_names_is_cut_short() -> None:
    names = [f"column{i}" for i in range(10**6)]
    assert listed(names).endswith("column199 and 999,800 more")
    assert listed(["a", "b"]) == "a, b" and listed([]) == "none"
    assert did_you_mean("colunm7", names) == " Did you mean 'column7'?"
    assert did_you_mean(10**6 * "a", names) == ""


def test_of_a_long_message_both_ends_are_shown() -> None:
    text = str(pl.ConfigError("begin" + 10**6 * "x" + "end"))
    assert text.startswith("begin") and text.endswith("end") and len(text) < 9000 and "characters are left out" in text
    assert str(pl.ConfigError("short")) == "short"


def test_what_cannot_be_shown_is_said() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert said(3.5) == "3.5" and "int" in said(10**5000) and "list" in said(deep)
    while deep:
        deep = deep.pop()  # freed one by one, not by recursion
