"""A table of one's own at its edges: what is proposed for which rows, what of another table is found out anew."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pellucid import ConfigError, DataError, PellucidWarning
from pellucid_tabular.column import Column
from pellucid_tabular.columns import Columns
from pellucid_tabular.dataset import Table, read_like
from pellucid_tabular.recipe import batch_size_of, epochs_of
from pellucid_tabular.writing import as_written, numbers_in

RNG = np.random.default_rng(0)
NAN = float("nan")
COLUMNS: list[dict[str, Any]] = [{"name": "a", "kind": "number"}, {"name": "b", "kind": "number"}]
TARGET = {"name": "y", "kind": "category", "categories": ["n", "y"]}


@pytest.fixture(autouse=True)
def _from_the_beginning() -> None:
    """Each test draws the same numbers, whichever ran before it."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def frame(rows: int = 60) -> dict[str, list[Any]]:
    return {
        "a": RNG.normal(size=rows).tolist(),
        "b": RNG.normal(size=rows).tolist(),
        "y": ["n", "y", "y"] * (rows // 3),
    }


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def loaded(*given: Any, **how: Any) -> tuple[Table, Any]:
    table = Table(*given, **how)
    return table, table.load(np.random.default_rng(0))


# -- what is proposed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "rows"),
    [({}, 4800), ({"test": 0}, 6000), ({"test": 0.5}, 3000), ({"validation": 0.1}, 4200),
     ({"validation": 600, "test": 600}, 4800),
     ({"validation": "other.csv", "test": "third.csv"}, 6000), ({"validation": 0.1, "test": "third.csv"}, 5400)],
)  # fmt: skip
def test_what_is_proposed_is_for_the_rows_that_are_trained_on(how: dict[str, Any], rows: int) -> None:
    table, split = loaded(frame(6000), target="y", **how)
    assert len(split) == 6000
    proposed = table.proposed()
    assert proposed["train"]["batch_size"] == batch_size_of(rows)
    assert proposed["train"]["epochs"] == epochs_of("classification", rows)
    assert (proposed["data"].get("validation") == 0) == ("validation" not in how)


def test_an_argument_that_was_found_out_is_no_argument() -> None:
    table, _ = loaded(frame(), target="y")
    assert len(table.transforms) == 1 and table.arguments()["transforms"] == () and table.decided()["transforms"]
    own, _ = loaded(frame(), target="y", transforms=["standardize"])
    assert len(own.arguments()["transforms"]) == 1 and "transforms" not in own.decided()
    assert Table(frame(), target="y").decided() == {}


def test_what_was_decided_is_enough_to_read_without_the_table() -> None:
    table, split = loaded(frame(), target="y")
    decided = table.decided()
    assert decided["target_columns"] == [TARGET | {"why": "2 different texts"}] and decided["target"] == "y"
    assert decided["classify"] is True
    again = Table("nowhere.csv", **decided)
    assert np.array_equal(again.split_of(frame() | {"a": split.x[:, 0], "b": split.x[:, 1]}).x, split.x)
    numbers, _ = loaded(frame() | {"y": RNG.normal(size=60)}, target="y")
    assert numbers.decided()["classify"] is False and "categories" not in numbers.decided()["target_columns"][0]
    several, _ = loaded(frame(), target=["b", "a"])
    assert several.decided()["target"] == ["b", "a"]
    array, _ = loaded(np.array([[1.5, 2], [2.5, 4], [4, 2]] * 9), target=-1)
    assert array.decided()["target"] == 1, "there are no names, so it is called by its number"


# -- other tables ----------------------------------------------------------------------------------------------------


def test_what_is_usual_is_found_out_anew_and_what_is_not_holds_for_all_files(tmp_path: Path) -> None:
    rows = [f"{i % 7}.5,{i % 4},{'xy'[i % 2]}" for i in range(24)]
    text = "\n".join(["a,b,y", *rows])
    usual = [
        text,
        text.replace(",", ";"),
        text.replace(",", "\t"),
        "# made\n" + text,
        text.replace("a,b,y", '"a","b","y"'),
    ]
    for train in usual[:2]:
        table, whole = loaded(written(tmp_path / "train.csv", train), target="y")
        for other in usual:
            assert np.array_equal(table.split_of(written(tmp_path / "o.csv", other)).x, whole.x)
            (tmp_path / "o.csv").write_bytes(other.encode("utf-16"))
            assert np.array_equal(table.split_of(str(tmp_path / "o.csv")).x, whole.x)
    odd = "! made\n" + text.replace(",", ":")
    how: dict[str, Any] = {"separator": ":", "comment": "!", "target": "y"}
    table, whole = loaded(written(tmp_path / "train.csv", odd), **how)
    assert np.array_equal(table.split_of(written(tmp_path / "o.csv", odd)).x, whole.x)
    with pytest.raises(DataError):
        table.split_of(written(tmp_path / "o.csv", text))
    (tmp_path / "t.csv").write_bytes(text.replace("x", "ж").encode("cp1251"))
    table, whole = loaded(str(tmp_path / "t.csv"), target="y", encoding="cp1251")
    assert table.split_of(str(tmp_path / "t.csv")).classes == whole.classes == ("y", "ж")


@pytest.mark.parametrize("names", [None, "a,b,y", "u,v,w"])
def test_a_table_without_names_takes_another_by_its_places(tmp_path: Path, names: str | None) -> None:
    rows = [f"{i}.5,{i % 4},{'xy'[i % 2]}" for i in range(24)]
    table, whole = loaded(written(tmp_path / "train.csv", "\n".join(rows)), target=2, header=False)
    assert whole.features == ("0", "1")
    first = [] if names is None else [names]
    other = table.split_of(written(tmp_path / "o.csv", "\n".join([*first, *rows])))
    assert np.array_equal(other.x, whole.x) and np.array_equal(other.y, whole.y)
    bare = table.split_of(written(tmp_path / "o.csv", "\n".join(row[:-2] for row in [*first, *rows])))
    assert np.array_equal(bare.x, whole.x) and bare.y is None
    gaps = table.split_of(written(tmp_path / "o.csv", "\n".join(["?,3,x", *rows])))
    assert len(gaps) == 25, "a mark of a missing value is no name"
    wrong = ["oops,3,x", *rows]
    if names is None:
        assert len(table.split_of(written(tmp_path / "o.csv", "\n".join(["1,3,x", *rows])))) == 25
        with pytest.raises(DataError, match=r"line 4, column .0.: expected a number\. Received: 'oops'"):
            table.split_of(written(tmp_path / "o.csv", "\n".join([*rows[:3], wrong[0], *rows])))


def test_targets_are_read_where_all_are_there_and_wanted() -> None:
    table, whole = loaded(frame(), target=["a", "b"])
    given = {"a": [1.0, 2.0], "b": [3.0, NAN], "y": ["n", "y"]}
    with pytest.warns(
        PellucidWarning, match=r"1 of 2 rows have no value in 'a', 'b' and are left out, the first of them row 1"
    ):
        found = table.split_of(given)
    assert found.y.tolist() == [[1, 3]] and len(found) == 1 and whole.y.shape == (60, 2)
    assert len(table.split_of(given, targets=False)) == 2 and table.split_of(given, targets=False).y is None
    some = table.split_of({"a": [1.0, 2.0], "y": ["n", "y"]})
    assert some.y is None and len(some) == 2
    with pytest.raises(DataError, match=r"column 'a', 'b': expected a target\. Received: 2 rows, and none has one"):
        table.split_of(given | {"a": [NAN, 1.0]})
    labels, _ = loaded(frame(), target="y")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PellucidWarning)
        found = labels.split_of({"a": [1.0] * 3, "b": [2.0] * 3, "y": ["y", None, "n"]})
    assert found.y.tolist() == [1, 0] and found.y.dtype == np.int64


def test_parts_that_are_tables_are_read_as_such() -> None:
    table = Table(frame(), target="y", validation=frame(9), test=frame(6))
    splits = table.splits(0)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (60, 9, 6)
    for wrong in ({"validation": True}, {"test": 1.5}, {"test": -1}):
        with pytest.raises((ConfigError, DataError)):
            Table(frame(), target="y", **wrong).splits(0)


def test_a_file_is_read_as_the_table_whose_columns_are_known(tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    path.write_text("z,b,a\nn,1,2\ny,3,4\nn,5,6\n")
    found: Any = read_like(path, COLUMNS, [TARGET], "z", with_targets=True)
    assert found.x.tolist() == [[2, 1], [4, 3], [6, 5]] and found.y.tolist() == [0, 1, 0]
    assert read_like(path, COLUMNS, [TARGET], "z", with_targets=False).y is None
    with pytest.raises(DataError, match="must not: z"):
        read_like(path, COLUMNS, [TARGET], None, with_targets=True)
    for targets, told in (([], "for none"), ([TARGET, {**TARGET, "name": "w"}], "for several")):
        with pytest.raises(ConfigError, match=f"one column cannot stand {told}"):
            read_like(path, COLUMNS, targets, "z", with_targets=True)
    path.write_text("1,2,n\n3,4,y\n")
    bare = [{**column, "name": str(i)} for i, column in enumerate(COLUMNS)]
    found = read_like(path, bare, [{**TARGET, "name": "2"}], None, with_targets=True)
    assert found.x.tolist() == [[1, 2], [3, 4]] and found.y.tolist() == [0, 1], "names that are numbers are none"
    assert Columns(COLUMNS, targets=[TARGET]).target_names == ("y",)


# -- how numbers are written elsewhere -------------------------------------------------------------------------------


def test_ways_are_those_in_which_all_texts_are_numbers() -> None:
    def ways(*texts: str | None) -> list[str]:
        return numbers_in(pl.Series([*texts], dtype=pl.String))

    assert ways("1", "2") == ["0.5", "0,5", "1,234.5", "1.234,5", "1 234.5", "1 234,5", "1'234.5"]
    assert ways("1.5", None) == ["0.5", "1,234.5", "1 234.5", "1'234.5"] and ways("1,5") == [
        "0,5",
        "1.234,5",
        "1 234,5",
    ]
    assert ways("1,234") == ["0,5", "1,234.5", "1.234,5", "1 234,5"] and ways("1.5", "1,5") == [] == ways("1", "x")


@pytest.mark.parametrize(
    ("texts", "semicolons", "written"),
    [
        ({"a": "1,5", "b": "2"}, False, {"a": "0,5", "b": ""}),
        ({"a": "1,5", "b": "2.500"}, False, {"a": "0,5", "b": "1.234,5"}),
        ({"a": "1,5", "b": "2.5"}, False, None), ({"a": "1.5", "b": "2.5"}, False, {"a": "", "b": ""}),
        ({"a": "1,234", "b": "2"}, False, None), ({"a": "1,234", "b": "2"}, True, {"a": "0,5", "b": ""}),
        ({"a": "1,234", "b": "2,5"}, False, {"a": "0,5", "b": "0,5"}),
        ({"a": "1,234", "b": "2.5"}, True, {"a": "1,234.5", "b": ""}),
        ({"a": "1,234", "b": "2,345,678"}, True, {"a": "1,234.5", "b": "1,234.5"}),
        ({"a": "1'000", "b": "2"}, False, {"a": "1'234.5", "b": ""}),
        ({"a": "x", "b": "1,5"}, False, {"a": "", "b": "0,5"}),
        ({"a": "x", "b": "2"}, False, {"a": "", "b": ""}),
    ],
)  # fmt: skip
def test_the_way_of_another_table_is_found_by_all_its_columns(
    texts: dict[str, str], semicolons: bool, written: dict[str, str] | None
) -> None:
    columns = [Column("a", "number"), Column("b", "number"), Column("c", "category", ("1,5",)), Column("d", "number")]
    cells = {name: pl.Series([None, text]) for name, text in texts.items()} | {"c": pl.Series(["1,5", "1,5"])}
    if written is None and "2.5" not in texts.values():
        with pytest.raises(
            DataError, match=r"row 1 .*column 'a': expected a number written as '0\.5'.*Received: '1,234'"
        ):
            as_written(columns, cells, "t", semicolons=semicolons)
        return
    found = {column.name: column.written for column in as_written(columns, cells, "t", semicolons=semicolons)}
    if written is not None:
        assert found == written | {"c": "", "d": ""}


@pytest.mark.parametrize(
    ("missing", "not_missing", "labels"),
    [((), (), "n y"), ((), ("none",), "n none y"), (("n",), ("none",), "none y"), (("z",), ("none", "NA"), "n none y")],
)
def test_marks_of_missing_values_hold_for_targets_and_columns(missing: Any, not_missing: Any, labels: str) -> None:
    said, known = [*"nynyny", "none", "none"], labels.split()
    cells = {"a": [*map(float, range(8))], "c": said, "y": said}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PellucidWarning)
        table, split = loaded(cells, target="y", missing=missing, not_missing=not_missing)
    assert split.classes == tuple(known) == table.known().schema.columns[1].categories
    assert split.x[:, 0].tolist() == [i for i, cell in enumerate(said) if cell in known]
