"""table: the data set of one's own tables, from files and from frames."""

from __future__ import annotations

import json
import tomllib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import ConfigError, DataError, PellucidWarning, Split, load_dataset
from pellucid.workbench.cli import main
from pellucid_tabular.dataset import Table

FLOWERS = "length,colour,seen,kind\n" + "".join(
    f"{3 + i % 7 / 2},{('red', 'blue', '?')[i % 3]},2020-01-{1 + i % 28:02},{('rose', 'tulip')[i % 2]}\n"
    for i in range(40)
)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.csv"
    path.write_text(FLOWERS)
    return path


def table(folder: Path, text: str, name: str = "t.csv", **arguments: Any) -> tuple[Table, Split]:
    (folder / name).write_text(text)
    data = Table(str(folder / name), **{"target": -1, **arguments})
    return data, data.load(np.random.default_rng(0))


def test_samples_of_a_file(flowers: Path) -> None:
    data = Table(str(flowers), target="kind")
    splits = data.splits(0)
    assert splits.classes == ("rose", "tulip") and splits.train.features == ("length", "colour", "seen")
    assert splits.train.x.dtype == np.float64 and np.isnan(splits.train.x[:, 1]).any()
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (28, 4, 8)
    assert [np.bincount(part.y).tolist() for part in (splits.train, splits.test)] == [[14, 14], [4, 4]]
    decided = data.decided()
    assert decided["header"] is True and decided["separator"] == "," and decided["classify"] is True
    again = load_dataset("table", train=str(flowers), **(decided | {"transforms": data.transforms}))
    assert np.array_equal(again.train.x, splits.train.x, equal_nan=True) and np.array_equal(
        again.train.y, splits.train.y
    )


@pytest.mark.parametrize(
    ("target", "classes", "dtype"),
    [
        ("kind", ("rose", "tulip"), "int64"),
        (3, ("rose", "tulip"), "int64"),
        (-4, None, "float64"),
        ("length", None, "float64"),
    ],
)
def test_targets_by_name_and_by_number(flowers: Path, target: Any, classes: Any, dtype: str) -> None:
    split = Table(str(flowers), target=target).load(np.random.default_rng(0))
    assert split.classes == classes and split.y.dtype == dtype and split.x.shape == (40, 3)


def test_without_a_target(flowers: Path) -> None:
    split = Table(str(flowers)).load(np.random.default_rng(0))
    assert split.y is None and split.x.shape == (40, 4)
    with pytest.raises(ConfigError, match=r"has no column of targets 'kinds'\. Did you mean 'kind'\?.*numbered 0 to 3"):
        Table(str(flowers), target="kinds").load(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("values", "classes", "warned"),
    [
        (["no", "yes"] * 20, ("no", "yes"), ""),
        ([0, 1, 2, 3] * 10, ("0", "1", "2", "3"), ""),
        ([7, 3, 10, 3] * 10, ("3", "7", "10"), "taken as labels of the classes 3, 7, 10"),
        ([-1, 1] * 20, ("-1", "1"), ""),
        (["01", "02"] * 20, ("01", "02"), ""),
        (list(range(30)) * 2, None, "taken as numbers to be predicted"),
        ([x / 10 for x in range(40)], None, ""),
        (list(range(40)), None, "taken as numbers to be predicted"),
        ([1_000 * x for x in range(200)], None, ""),
        (["1,5", "2,5", "3,25", "4,0"] * 10, None, ""),
        ([True, False] * 20, ("False", "True"), ""),
    ],
)
def test_classes_or_numbers(values: list[Any], classes: Any, warned: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        split = Table({"x": [i * i for i in range(len(values))], "y": values}, target="y").load(
            np.random.default_rng(0)
        )
    assert split.classes == classes
    assert [warned] == [warned for w in caught if warned in str(w.message)] if warned else not caught
    if classes is None:
        return
    assert [classes[label] for label in split.y] == list(map(str, values))


def test_the_user_says_whether_targets_are_classes() -> None:
    frame = {"x": list(range(40)), "y": [0, 1, 2, 3] * 10}
    assert Table(frame, target="y", classify=False).load(np.random.default_rng(0)).y.dtype == np.float64
    assert (
        Table({**frame, "y": [*range(20), *range(20)]}, target="y", classify=True)
        .load(np.random.default_rng(0))
        .classes
    )
    with pytest.raises(DataError, match=r"row 3 \(counted from 0\), column 'y': expected a number\. Received: 'x'"):
        Table({**frame, "y": [*"123", *["x"] * 37]}, target="y", classify=False).load(np.random.default_rng(0))


def test_several_targets() -> None:
    frame = {
        "x": list(range(40)),
        "a": [i / 2 for i in range(40)],
        "b": [i * i for i in range(40)],
        "c": ["yes", "no"] * 20,
    }
    split = Table(frame, target=["b", "a"]).load(np.random.default_rng(0))
    assert split.y.shape == (40, 2) and split.classes == ("b", "a") and split.features == ("x", "c")
    assert split.y[3].tolist() == [9, 1.5]
    split = Table(frame, target=["c", "a"]).load(np.random.default_rng(0))
    assert split.y[:2].tolist() == [[1, 0], [0, 0.5]]
    with pytest.raises(DataError, match="Of several targets each must be numbers or truth values"):
        Table({**frame, "c": [*"abcd"] * 10}, target=["c", "a"]).load(np.random.default_rng(0))
    with pytest.raises(DataError, match="must be columns of their own"):
        Table(frame, target=["a", 1]).load(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([None] * 40, "expected targets. Received: 40 rows without any"),
        (["rose"] * 40, "expected several classes. Received: 'rose' in all 40 rows"),
        ([2.5] * 40, "expected several classes|expected values that differ. Received: 2.5 in all 40"),
        ([f"a{i}" for i in range(40)], "Received: 40 different values in 40 rows, such as 'a0': these name the rows"),
        (
            [1.5, float("inf"), *[i + 0.5 for i in range(38)]],
            r"row 1 \(counted from 0\), column 'y': expected a finite number",
        ),
        (["1", "2", "-inf", "2"] * 10, r"row 2 \(counted from 0\), column 'y': expected a finite number"),
        ([1.0, 2.0, float("inf"), 2.0] * 10, r"row 2 \(counted from 0\), column 'y': expected a finite number"),
    ],
)
def test_targets_that_are_of_no_use(values: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Table({"x": list(range(40)), "y": values}, target="y").load(np.random.default_rng(0))


def test_rows_without_a_target_are_left_out(tmp_path: Path) -> None:
    text = "a,y\n" + "".join(f"{i},{'' if i in (3, 5) else i / 7}\n" for i in range(30))
    with pytest.warns(
        PellucidWarning, match=r"2 of 30 rows have no value in 'y' and are left out, the first of them line 5"
    ):
        _, split = table(tmp_path, text)
    assert len(split) == 28 and split.x[3, 0] == 4


def test_a_class_of_one_row_is_said() -> None:
    values = [*["a", "b"] * 20, "c"]
    with pytest.warns(PellucidWarning, match=r"the class 'c' has one row"):
        split = Table({"x": list(range(41)), "y": values}, target="y").load(np.random.default_rng(0))
    assert split.classes == ("a", "b", "c")


# -- other tables ----------------------------------------------------------------------------------------------------


def test_other_files_are_read_by_the_names_of_the_first(flowers: Path, tmp_path: Path) -> None:
    lines = FLOWERS.splitlines()
    columns = list(zip(*(line.split(",") for line in lines), strict=True))
    other = tmp_path / "other.tsv"  # another separator, another order
    other.write_text("\n".join("\t".join(row) for row in zip(*(columns[i] for i in (3, 1, 0, 2)), strict=True)))
    data = Table(str(flowers), target="kind", test=str(other))
    whole = data.load(np.random.default_rng(0))
    test = data.load_test()
    assert test is not None and np.array_equal(test.x, whole.x, equal_nan=True) and np.array_equal(test.y, whole.y)
    frame = pl.read_csv(flowers)
    assert np.array_equal(data.split_of(frame).x, whole.x, equal_nan=True)
    unlabelled = data.split_of(frame.drop("kind"))
    assert unlabelled.y is None and np.array_equal(unlabelled.x, whole.x, equal_nan=True)
    other.write_text(other.read_text().replace("tulip", "tulip?"))
    with pytest.raises(
        DataError, match=r"other\.tsv, line 3, column 'kind': expected one of the classes.*Received: 'tulip\?'"
    ):
        data.split_of(str(other))
    other.write_text("length,colour\n1,red\n")
    with pytest.raises(DataError, match=r"must have the columns of the table.*It lacks: seen"):
        data.split_of(str(other))


def test_tables_without_names(tmp_path: Path) -> None:
    rows = [f"{i % 5}.5;{'xy'[i % 2]};{i}" for i in range(30)]
    data, whole = table(tmp_path, "\n".join(rows), target=1)
    assert whole.features == ("0", "2") and whole.classes == ("x", "y") and data.decided()["target"] == 1
    (tmp_path / "new.csv").write_text("\n".join(f"{i % 5}.5,{i}" for i in range(30)))
    assert np.array_equal(data.split_of(str(tmp_path / "new.csv")).x, whole.x)
    (tmp_path / "new.csv").write_text("1,2,3,4\n1,2,3,4\n")
    with pytest.raises(DataError, match="must have the 3 columns 0, 1, 2 or the 2 columns 0, 2"):
        data.split_of(str(tmp_path / "new.csv"))


@pytest.mark.parametrize("target", ["2019", 0])
def test_names_that_are_numbers(tmp_path: Path, target: Any) -> None:
    text = "2019,2020,2021\n" + "".join(f"{i / 3},{i},{i % 4}.5\n" for i in range(20))
    data, split = table(tmp_path, text, target=target)
    assert split.features == ("2020", "2021") and data.decided()["target"] == "2019"


def test_what_nothing_can_be_learned_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"t\.csv, line 2, column 'a': expected a column to learn from.*constant: '1'"):
        table(tmp_path, "a,y\n" + "1,2.5\n1,3.5\n1,2\n")
    with pytest.raises(DataError, match=r"line 2, column 'y': expected columns besides the target.*separator = …"):
        table(tmp_path, "y\n1\n2\n")
    with pytest.raises(ConfigError, match="'validation' of Table must be a fraction"):
        Table("t.csv", validation=1.5)


def test_arguments_overrule_what_is_found_out(tmp_path: Path) -> None:
    text = "code:size:day\n" + "".join(f"{i % 3}:{i},5:0{1 + i % 9}/0{1 + i % 7}/2020\n" for i in range(20))
    data, split = table(
        tmp_path, text, separator=":", categorical=["code"], dates={"day": "%m/%d/%Y"}, decimal=",", target="size",
        kinds={"code": "category"}, encoding="latin-1", header=True, comment="", quote="",
    )  # fmt: skip
    schema = data.known().schema
    assert [column.kind for column in schema.columns] == ["category", "date"]
    assert schema.columns[1].written == "%m/%d/%Y" and split.y[3] == 3.5


# -- what is said ----------------------------------------------------------------------------------------------------


def test_show_data_tells_what_was_decided_and_why(flowers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-data", str(flowers), "--target", "kind", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 40 and [column["kind"] for column in found["columns"]] == ["number", "category", "date"]
    assert found["columns"][1]["missing"] == 13 and found["columns"][1]["counts"] == {"red": 14, "blue": 13}
    assert found["columns"][0]["min"] == 3 and found["columns"][2]["max"] == "2020-01-28"
    assert found["targets"][0]["counts"] == {"rose": 20, "tulip": 20}
    assert {each["what"] for each in found["decided"]} == {"encoding", "separator", "quote", "header"}
    assert main(["show-data", str(flowers), "--set", "categorical=[0]"]) == 0
    shown = capsys.readouterr().out
    assert "header     yes    words such as 'length' stand above numbers" in shown
    assert "length  category" in shown and "13 missing" in shown and "2020-01-01 to 2020-01-28" in shown


def test_show_data_of_any_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-data", "iris"]) == 0
    shown = capsys.readouterr().out
    assert "150 rows, 90 train, 30 validation, 30 test" in shown and "setosa 50, versicolor 50, virginica 50" in shown
    np.savez(tmp_path / "a.npz", x=np.arange(80.0).reshape(20, 2, 2), y=np.arange(20) / 4)
    assert main(["show-data", str(tmp_path / "a.npz"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["x"]["shape"][1:] == [2, 2] and found["targets"][0]["kind"] == "numbers" and found["rows"] == 20
    assert main(["show-data", str(tmp_path / "none.csv")]) == 2
    assert "none.csv: No such file" in capsys.readouterr().err


def test_show_data_keeps_a_category_on_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f'{i},"two\nlines"\n{i},{"long " * 20}\n' for i in range(20))
    (tmp_path / "texts.csv").write_text(f"a,b\n{rows}")
    assert main(["show-data", str(tmp_path / "texts.csv")]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  b ")]
    assert r"'two\nlines' 20" in line and "… 20" in line and len(line) < 150


def test_several_targets_are_named_one_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "two.csv"
    file.write_text("a,b,c\n" + "".join(f"{i},{i * 2}.5,{i % 7}.25\n" for i in range(60)))
    for targets in (["b"], ["b", "c"], ["c", "a"]):
        words = [word for target in targets for word in ("--target", target)]
        assert main(["show-data", str(file), *words, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [target["name"] for target in told["targets"]] == targets
        assert [column["name"] for column in told["columns"]] == [name for name in "abc" if name not in targets]
    run = tmp_path / "run"
    assert main(["train", "--dataset", str(file), *words, "--set", "train.epochs=1", "--out", str(run), "--quiet"]) == 0
    assert tomllib.loads((run / "experiment.toml").read_text())["data"]["target"] == ["c", "a"]
