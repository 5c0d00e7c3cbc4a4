"""The experiment that a page shows, as TOML and as a Python program: both train the same network."""

from __future__ import annotations

import io
import tomllib
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.experiments.experiment import check, prepare
from pellucid_studio.experiment import made_of
from pellucid_studio.presets import PRESETS
from pellucid_studio.written import _called, _code, python_of, toml_of

SECTIONS: dict[str, Any] = {
    "data": {"type": "half_moons", "n": 60, "seed": 3, "transforms": ["standardize"]},
    "model": {"type": "ann", "hidden": [4], "activation": "tanh"}, "loss": "softmax_cross_entropy",
    "optimizer": {"type": "adam", "lr": 0.02}, "schedule": {"type": "cosine"},
    "train": {"epochs": 2, "batch_size": 16, "seed": 9, "clip_norm": 1.0},
}  # fmt: skip


def ran(program: str) -> dict[str, Any]:
    """The names of a program that was run."""
    names: dict[str, Any] = {}
    with redirect_stdout(io.StringIO()):
        exec(compile(program, "program", "exec"), names)
    return names


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"schedule": None}, {"train": {"epochs": 1, "seed": 2}}, {"optimizer": None},
        {"data": {"type": "studio/points", "x": [[0.25, 1.0], [1.0, 0.0]] * 10, "y": [0, 1] * 10}, "schedule": None},
        {"model": {"type": "sequential", "layers": [{"type": "dense", "units": 3, "init": {"type": "normal",
        "std": 0.1}},
                                                     {"type": "dense", "units": 2}]}},
    ],
)  # fmt: skip
def test_the_program_trains_what_the_studio_trains(changed: dict[str, Any]) -> None:
    pytest.importorskip("pellucid_ann")
    ready = made_of({**SECTIONS, **changed})
    names = ran(python_of(ready))
    ready.trainer.fit(ready.splits, epochs=ready.epochs, batch_size=ready.batch_size, verbose=False)
    np.testing.assert_array_equal(names["trainer"].runtime.arena.data, ready.trainer.runtime.arena.data)
    assert names["trainer"].history.records == ready.trainer.history.records


def test_the_file_is_the_experiment() -> None:
    pytest.importorskip("pellucid_ann")
    text = toml_of({**SECTIONS, "sampler": None})
    assert tomllib.loads(text) == SECTIONS
    prepared = prepare(check(tomllib.loads(text)))
    np.testing.assert_array_equal(prepared.trainer.runtime.arena.data, made_of(SECTIONS).trainer.runtime.arena.data)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset["name"])
def test_presets_can_be_written(preset: dict[str, Any]) -> None:
    sections = preset["sections"]
    written = {**sections, "train": {**sections["train"], "seed": 0}}  # the studio's, so that the file trains the same
    assert tomllib.loads(toml_of(sections)) == written


def test_a_table_is_named_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid_studio import table

    rows = "".join(f"{i},{i % 7},{i % 2}\n" for i in range(60)).encode()
    monkeypatch.setattr(table, "reader_of", lambda path: "files")  # whose import takes no second
    monkeypatch.setattr("pellucid_studio.written.reader_of", lambda path: "files")
    name = table.give("mine.csv", b"a,b,label\n" + rows)
    ready = made_of(
        {**SECTIONS, "data": {"type": "studio/own_table", "name": name}, "model": {"type": "dense", "units": 2}}
    )
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_bytes(b"a,b,label\n" + rows)
    names = ran(python_of(ready))
    ready.trainer.fit(ready.splits, epochs=ready.epochs, batch_size=ready.batch_size, verbose=False)
    assert names["trainer"].history.records == ready.trainer.history.records
    data = tomllib.loads(toml_of(ready.sections))["data"]
    assert data == {"type": "files", "train": "mine.csv", "target": -1, "validation": 0.2, "test": 0.2}


@pytest.mark.parametrize(
    "value",
    [
        "plain", 'a "word"', "it's", "a\\b", "two\nlines", "tab\t", "", "µ", 1, -2.5, None, True, [], {}, [1, [2, "x"]],
        {"a": {"b": ["it's", 'a "b"']}}, ["x" * 30] * 9, {"key": ["y" * 50, {"inner": list(range(60))}]},
        ("a", 1), "\u2028", "\x00",
    ],
)  # fmt: skip
def test_what_is_written_is_read_back_as_it_was(value: Any) -> None:
    for level in (0, 3):
        written = _code(value, level)
        assert eval(written) == (list(value) if isinstance(value, tuple) else value)
        assert max(map(len, written.split("\n"))) <= 100
    assert _code("plain") == '"plain"' and _code('a "word"') == "'a \"word\"'"


@pytest.mark.parametrize("level", [0, 2])
def test_a_list_takes_one_line_where_it_fits_in_eighty_letters(level: int) -> None:
    """With what stands before it: four blanks a level."""
    for letters in (70, 80 - 4 * level, 81 - 4 * level, 90):
        value = ["x" * (letters - 9), "y"]
        assert len(repr(value)) == letters
        assert (_code(value, level).count("\n") == 0) is (letters + 4 * level <= 80)


@pytest.mark.parametrize("level", [0, 1])
def test_what_takes_several_lines_is_set_in_by_four_blanks_a_level(level: int) -> None:
    x, y, z = "x" * 50, "y" * 50, "z" * 30
    first = [f'    "{x}",', "    [", f'        "{y}",', f'        "{z}",', "    ],"]
    second = [f'    "a": "{x}",', '    "b": {', f'        "c": "{y}",', f'        "d": "{z}",', "    },"]
    for value, lines, ends in (
        ([x, [y, z]], first, "[]"), ({"a": x, "b": {"c": y, "d": z}}, second, "{}"),
    ):  # fmt: skip
        expected = "\n".join([ends[0], *("    " * level + line for line in lines), "    " * level + ends[1]])
        assert _code(value, level) == expected
        assert level or _code(value) == expected


def test_what_is_none_is_not_written() -> None:
    assert _code({"a": None, "b": 1}) == '{"b": 1}'
    assert _called("f", None, {"a": None, "b": 2}) == "f(b=2)" and _called("f", "x", {}, "m") == 'f(m, "x")'
    long = _called("f", "x" * 50, {"y": "z" * 60})
    assert long.split("\n") == ["f(", f'    "{"x" * 50}",', f'    y="{"z" * 60}",', ")"]
    fits = _called("f", "x" * 95, {})
    assert len(fits) == 100 and len(_called("f", "x" * 96, {}).split("\n")) == 3


def test_tables_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid_studio import table

    monkeypatch.setattr(table, "reader_of", lambda path: "files")
    names = [table.give(f"t{i}.csv", b"a,b\n" + b"1,0\n2,1\n" * 10) for i in range(table.MOST_TABLES + 3)]
    assert len(table.TABLES) == table.MOST_TABLES and names[-1] in table.TABLES and names[0] not in table.TABLES
    assert all(path.exists() for path in table.TABLES.values())
    with pytest.raises(pl.DataError) as refused:
        table.give("../../x.csv", b"no numbers\nat all\n")
    assert "/" not in str(refused.value).replace("n/a", "") and "x.csv" not in table.TABLES


def test_one_that_cannot_be_read_leaves_the_one_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid_studio import table

    monkeypatch.setattr(table, "reader_of", lambda path: "files")
    name = table.give("kept.csv", b"a,b\n" + b"1,0\n2,1\n" * 10)
    with pytest.raises(pl.DataError):
        table.give("kept.csv", b"no numbers\nat all\n")
    assert len(pl.create("dataset", "studio/own_table", name=name).splits().train) == 12
