"""The recipe's figures by hand, what a table proposes, which column becomes what, and what is reported of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl
import polars
import pytest
from pellucid import ConfigError
from pellucid_tabular.choice import are_answers, members_of, proposals
from pellucid_tabular.column import Column
from pellucid_tabular.columns import Columns
from pellucid_tabular.dataset import columns_config
from pellucid_tabular.known import Known
from pellucid_tabular.mlp import loss_of, mlp
from pellucid_tabular.reading.file import RawTable
from pellucid_tabular.recipe import batch_size_of, bins_of, dropout_of, ensemble_recipe, epochs_of, optimizer_of, recipe
from pellucid_tabular.reports import MOST_SHOWN, report
from pellucid_tabular.schedules import Coslog
from pellucid_tabular.schema import Schema
from pellucid_tabular.targets import Target

NAN = float("nan")

# -- recipe ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "rows", "epochs"),
    [
        ("classification", 6_250, 64), ("classification", 6_349, 63), ("classification", 6_350, 62),
        ("classification", 23_529, 17), ("classification", 25_000, 16), ("classification", 30_000, 16),
        ("regression", 5_468, 128), ("regression", 5_511, 127), ("regression", 43_750, 16), ("regression", 41_176, 17),
    ],
)  # fmt: skip
def test_epochs_see_so_many_rows(task: Any, rows: int, epochs: int) -> None:
    assert epochs_of(task, rows) == epochs


def test_batches_dropout_and_bins_grow_with_the_rows() -> None:
    assert [*map(batch_size_of, (767, 791, 792, 6143, 6144, 102_799, 102_800, 409_600, 500_000))] == [
        32, 32, 33, 255, 256, 256, 257, 1024, 1024,
    ]  # fmt: skip
    assert [*map(dropout_of, (1, 857, 882, 1500, 2000, 2001))] == [0.35, 0.35, 0.34, 0.2, 0.15, 0.15]
    assert [*map(bins_of, (1, 1151, 1152, 16_383, 16_384, 10**6))] == [8, 8, 9, 127, 128, 128]
    assert [*map(members_of, (1, 99, 100, 639, 640, 10**6))] == [4, 4, 5, 31, 32, 32]


def test_each_sort_of_parameter_has_its_learning_rate() -> None:
    def groups(task: Any, bins: int, categories: list[int]) -> tuple[dict[str, float], dict[str, Any]]:
        found = optimizer_of(task, bins, categories, (16, 64))
        return {group["match"]: group["lr"] for group in found["groups"]}, found

    embedded, scale, bias = "*layers.0.*", "*.scale", "*.bias"
    rates, whole = groups("classification", 8, [])
    assert rates == pytest.approx({embedded: 0.015, scale: 0.015, bias: 0.0015})
    assert whole["lr"] == pytest.approx(0.015 / 8) and whole["weight_decay"] == pytest.approx(0.002 * 8)
    assert (whole["type"], whole["beta2"]) == ("core/adamw", 0.95)
    assert [group.get("weight_decay") for group in whole["groups"]] == [0.002, 0.002, None]
    assert (
        embedded in groups("classification", 0, [3, 10])[0] and embedded not in groups("classification", 0, [3, 9])[0]
    )
    slower = "*layers.0.*weight"
    for task, least in (("classification", 134), ("regression", 41)):
        assert slower not in groups(task, least - 1, [])[0]
        assert groups(task, least, [])[0][slower] == pytest.approx(2 / least)
    assert "*layers.0.*weight" not in groups("regression", 40, [])[0], "40 bins of 0.05 are 2, and no more"
    assert optimizer_of("regression", 8, [], ())["lr"] == 0.05


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_sections_name_what_there_is(task: Any) -> None:
    both, texts = recipe(task, 640, 3, [4], outputs=2), recipe(task, 640, 1, [4])
    assert both["model"] == {
        "type": "tabular/mlp", "categories": [4], "hidden": [256] * 3, "task": task, "outputs": 2,
        "numbers": {"type": "tabular/piecewise_linear", "bins": 8},
    }  # fmt: skip
    assert "numbers" not in texts["model"] and "outputs" not in texts["model"]
    assert both["schedule"] == {"type": "tabular/coslog"} and both["loss"] == loss_of(task, 2, 0.1)
    assert [callback["type"] for callback in both["train"]["callbacks"]] == ["core/best_epoch"]
    several = ensemble_recipe(task, 640, 3, [4], outputs=2, members=5)
    assert several["model"] == {
        "type": "tabular/ensemble", "categories": [4], "task": task, "outputs": 2, "members": 5,
        "dropouts": [0.0, 0.35], "settings": {"numbers": both["model"]["numbers"]},
    }  # fmt: skip
    assert "callbacks" not in several["train"] and ensemble_recipe(task, 640, 1, [4])["model"]["settings"] == {}
    assert {name: several[name] for name in ("loss", "optimizer", "schedule")} == {
        name: both[name] for name in ("loss", "optimizer", "schedule")
    }


def test_a_loss_for_each_task() -> None:
    assert loss_of("regression", 1, 0.3) == {"type": "core/mse"} == loss_of("regression", 3, 0.3)
    assert loss_of("classification", 1, 0.3) == {"type": "core/binary_cross_entropy", "label_smoothing": 0.3}
    assert loss_of("classification", 2, 0.3) == {"type": "core/softmax_cross_entropy", "label_smoothing": 0.3}
    for smoothing in (0.0, 0.25):
        own: Any = mlp(1, hidden=(4,), label_smoothing=smoothing).default_objective
        assert own["loss"]["label_smoothing"] == smoothing


def test_a_network_for_tables_is_made_of_simple_layers() -> None:
    def parts(*given: Any, **how: Any) -> list[str]:
        return [type(layer).__name__ for layer in mlp(*given, **how).layers]

    hidden = ["Dense", "Dropout"]
    assert parts(2, hidden=(4, 4)) == ["PiecewiseLinear", "Scaling", *hidden, *hidden, "Dense"]
    assert parts(2, hidden=(4,), dropout=0.0, numbers=None) == ["Scaling", "Dense", "Dense"]
    assert parts(2, (3, 4), hidden=(4,)) == ["ColumnEmbedding", "Scaling", *hidden, "Dense"]
    assert parts(2, (3, 4), hidden=(4,), numbers=None)[0] == "ColumnEmbedding"
    model: Any = mlp(2, (3, 40), hidden=(4,), activation="tanh", size=5, one_hot=1, dropout=0.5, numbers=None)
    assert (model.layers[0].size, model.layers[0].one_hot, model.layers[3].rate) == (5, 1, 0.5)
    assert model.layers[2].units == 4 and "tanh" in str(pl.to_config(model.layers[2])) and model.layers[-1].units == 2
    assert "tanh" not in str(pl.to_config(model.layers[-1]))


@pytest.mark.parametrize("cycles", [1, 2, 4])
def test_waves_double_in_length_and_begin_and_end_at_nothing(cycles: int) -> None:
    steps = 1000 * (2**cycles - 1)
    schedule = Coslog(cycles)
    values = np.array([schedule(step, steps) for step in range(steps + 3)])
    rises = np.sign(np.diff(values))
    highest, lowest = (np.flatnonzero((rises[:-1] == sign) & (rises[1:] == -sign)) for sign in (1, -1))
    starts = [1000 * (2**k - 1) for k in range(cycles)]
    assert len(highest) == cycles and values.max() > 0.9999 and values[steps:].tolist() == [0, 0, 0]
    np.testing.assert_allclose(highest, [1000 * (2**k * np.sqrt(2) - 1) for k in range(cycles)], atol=2)
    assert len(lowest) == cycles - 1
    np.testing.assert_allclose(lowest, starts[1:], atol=2)
    assert schedule(3, steps) == Coslog(cycles, steps=steps)(3, 17)


# -- proposals -------------------------------------------------------------------------------------------------------


def target(kind: Any = "number", classes: tuple[str, ...] | None = None, name: str = "y") -> Target:
    return Target(Column(name, kind, classes or ()), classes)


def test_what_is_proposed_follows_from_the_targets() -> None:
    numbers = Columns([{"name": name, "kind": "number"} for name in "abc"], one_hot=True)
    answers = [target("boolean", name=name) for name in "uv"]
    assert are_answers(answers) and not are_answers(answers[:1]) and not are_answers([*answers, target()])
    found = proposals([numbers], None, 3, answers, 200)
    assert (found["model"]["type"], found["model"]["outputs"], found["loss"]) == (
        "tabular/mlp", 2, {"type": "core/binary_cross_entropy"},
    )  # fmt: skip
    (transform,) = found["data"]["transforms"]
    assert transform["one_hot"] is False and transform["scaling"] == "quantile"
    for targets, task, outputs in (
        ([target("category", ("n", "y"))], "classification", None), ([target()], "regression", None),
        ([target(name="u"), target("boolean", name="v")], "regression", 2),
    ):  # fmt: skip
        found = proposals([numbers], None, 3, targets, 200)
        assert (found["model"]["type"], found["model"]["members"], found["model"]["folds"]) == (
            "tabular/ensemble",
            10,
            5,
        )
        assert (found["model"]["task"], found["model"].get("outputs")) == (task, outputs)
        assert [*found["model"]][:2] == ["type", "folds"]
    assert "data" not in proposals([numbers], [], 3, [target()], 200)
    with pytest.raises(ConfigError, match="A model can be proposed for a table with a target"):
        proposals([numbers], None, 3, [], 200)


def test_marks_and_times_are_of_columns_that_need_them() -> None:
    schema = Schema((Column("n", "number"), Column("d", "date"), Column("t", "date"), Column("b", "boolean")))
    x = np.array([[1.0, NAN, 2.5, NAN], [2.0, 3.0, 4.0, 1.0]])
    found = columns_config(schema, x, [target()])
    assert (found["marks"], found["times"], found["targets"]) == (["d"], ["t"], [{"name": "y", "kind": "number"}])
    assert columns_config(schema, np.full((2, 4), NAN), [])["times"] == []


def test_places_of_columns_are_those_of_the_training_table() -> None:
    schema, targets = Schema((Column("a", "number"), Column("b", "number"))), (target(name="u"), target(name="v"))
    for at, expected in (((0, 1), "uvab"), ((1, 0), "vuab"), ((3, 0), "vabu"), ((1, 3), "aubv"), ((2, 3), "abuv")):
        assert Known(schema, targets, at, True).places == [[*expected], ["a", "b"]]
    assert (
        Known(schema, targets, (), True).places == [["a", "b"]]
        and Known(schema, (), (), True).places == [["a", "b"]] * 2
    )
    assert Known(schema, targets, (0, 1), True).classes == ("u", "v") and Known(schema, (), (), True).classes is None
    assert Known(schema, (target("category", ("n", "y")),), (0,), True).classes == ("n", "y")


def test_features_are_called_by_column_and_part() -> None:
    kinds = {"n": "number", "d": "date", "e": "date", "b": "boolean", "m": "number", "c": "category", "k": "category"}
    config = [{"name": name, "kind": kind, **({"categories": [f"{name}1", f"{name}2"]} if kind == "category" else {})}
              for name, kind in kinds.items()]  # fmt: skip
    made = Columns(config, marks=["e", "n"], times=["e"])
    cycles = [f"{of}: {part}, {wave}" for part in ("month", "day of week", "day of year") for of in "de"
              for wave in ("sine", "cosine")]  # fmt: skip
    names = ["n", "m", "d: days", "e: days", "d: year", "e: year", "b", *cycles, "e: hour, sine", "e: hour, cosine",
             "n: missing", "e: missing"]  # fmt: skip
    assert list(made.names_out) == [*names, "c", "k"] and (made.numbers, made.categories) == (len(names), (4, 4))
    hot = Columns(config, marks=["e", "n"], times=["e"], one_hot=True)
    assert list(hot.names_out) == [*names, *(f"{c} = {t}" for c in "ck" for t in ("missing", f"{c}1", f"{c}2"))]
    assert (hot.numbers, hot.categories, hot.output_shape((7,))) == (len(names) + 6, (), (len(names) + 6,))


def test_what_columns_hold_is_reported() -> None:
    texts = [f"t{i:02}" for i in range(MOST_SHOWN + 2)]
    column = Column("c", "category", tuple(texts), "texts")
    cells = polars.Series([*texts, texts[5], "?", "new"])
    day = Column("d", "date")
    days = polars.Series(["1970-01-01 12:00"] * len(cells))
    raw = RawTable(
        {"c": cells, "d": days, "y": polars.Series([0.5, NAN, None] + [1.5] * (len(cells) - 3))},
        True,
        None,
        [("a", 1, "b")],
    )
    schema, y = Schema((column, day)), Target(Column("y", "number"), None, "some")
    x = np.stack([column.coded(cells, "t"), np.linspace(0.5, 2, len(cells))], 1)
    found = report(Known(schema, (y,), (2,), True), raw, pl.Split(x, np.r_[0.5, np.ones(len(cells) - 1)]))
    first, second = found["columns"]
    assert (first["missing"], first["different"], len(first["counts"])) == (1, MOST_SHOWN + 3, MOST_SHOWN)
    assert [*first["counts"].items()][:3] == [("t05", 2), ("unseen", 1), ("t00", 1)]
    assert (second["min"], second["max"], second["missing"]) == ("1970-01-01T12:00:00", "1970-01-03", 0)
    assert found["targets"] == [
        {"name": "y", "kind": "number", "why": "some", "missing": 2, "min": 0.5, "median": 1.0, "max": 1.0}
    ]
    assert found["rows"] == len(cells) and found["decided"] == [{"what": "a", "value": 1, "why": "b"}]
