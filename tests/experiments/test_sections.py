"""Sections as they are written by hand: in files of any editor, and as settings on a command line."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.dataset import load_dataset
from pellucid.workbench.experiments import reading
from pellucid.workbench.experiments.experiment import check
from pellucid.workbench.experiments.sections import change, choose, read_sections, to_toml


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_a_file_of_any_editor(tmp_path: Path, before: bytes, newline: bytes) -> None:
    (tmp_path / "a.toml").write_bytes(before + newline.join([b"[model]", b'type = "ann"', b""]))
    assert read_sections(tmp_path / "a.toml") == {"model": {"type": "ann"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((path, path) for path in ("./x.csv", "../x.csv", "/tmp/x.csv", "~/x.csv", "sub/my x.csv", "C:\\x.csv")),
        *((word, word) for word in ("2020.csv", "daten-größe.csv", "tanh")), ("'my x.csv'", "my x.csv"), ("3", 3),
        ("1e-3", 1e-3), ("[64, 32]", [64, 32]), ("true", True), ("-1", -1), ("{type='sgd'}", {"type": "sgd"}),
    ],
)  # fmt: skip
def test_a_value_is_toml_or_a_word_or_a_path(text: str, value: Any) -> None:
    sections: dict[str, Any] = {}
    change(sections, [f"data.x={text}"])
    assert sections == {"data": {"x": value}}


@pytest.mark.parametrize("text", ["", "64,32", "[64", "007", "1..2", "True", "'a", "{a", "a]", "relu,tanh", "--", "1_"])
def test_a_value_that_is_miswritten_is_no_text(text: str) -> None:
    with pytest.raises(ConfigError, match=r"--set data\.x=.*: the value is not valid TOML"):
        change({}, [f"data.x={text}"])


@pytest.mark.parametrize(
    ("path", "type_", "without"),
    [
        ("my.csv", "table", "files"), ("./sub/my.npz", "files", "files"), ("MY.CSV", "table", "files"),
        ("my.tsv", "table", "table"), ("my.parquet", "table", "table"), ("my.csv.gz", "table", "table"),
    ],
)  # fmt: skip
def test_a_file_in_the_place_of_a_data_set(
    monkeypatch: pytest.MonkeyPatch, path: str, type_: str, without: str
) -> None:
    sections: dict[str, Any] = {"data": {"type": "iris", "test": 0.5}}
    choose(sections, "data", path)
    assert sections == {"data": {"type": type_, "train": path}}
    with monkeypatch.context() as bare:
        bare.setattr("pellucid.standard.csv_files.find_claims", list)  # pellucid-tabular is not installed
        choose(sections, "data", path)
    assert sections == {"data": {"type": without, "train": path}}
    choose(sections, "data", "iris")
    assert sections == {"data": {"type": "iris"}}


def test_a_file_of_another_kind_is_told_how_to_be_saved(tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    with pytest.raises(ConfigError, match=r"book\.xlsx: expected a file of samples: .*'\.xlsx'\. Save it as \.csv"):
        choose({}, "data", str(tmp_path / "book.xlsx"))


@pytest.mark.parametrize("name", ["my.csv", "./my.csv", "sub/my.npz"])
def test_a_file_that_stands_for_a_name_is_told_who_reads_it(name: str) -> None:
    with pytest.raises(ConfigError, match=r"A file is not a name: core/files has samples .*pellucid show core/files"):
        load_dataset(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"x = {2000 * '['}{2000 * ']'}", "levels of lists or tables"),
        (f"x = {160 * '['}{160 * ']'}", "levels deep"),
        (f"{3000 * 'a.'}b = 1", "levels of lists or tables"),
        (f"[train]\nseed = {5000 * '9'}", "too many digits"),
        (f"[train]\nseed = 0x{5000 * 'f'}", r"train\.seed: a number of 20000 bits"),
        (f"[train]\nseed = {1 << 64}", r"train\.seed: a number of 65 bits"),
        ('[data]\ntrain = "a\\u0000.csv"', r"data\.train: a text cannot hold"),
        ("#" + (1 << 20) * " ", "longer than 1,048,576 bytes"),
    ],
    ids=["brackets", "lists", "dots", "digits", "hexadecimal", "65 bits", "nul", "long"],
)
def test_what_no_experiment_holds_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_sections(tmp_path / "a.toml")


@pytest.mark.parametrize("setting", ["x.²=1", f"x.{5000 * '9'}=1", f"x={5000 * '9'}", f"x={2000 * '['}{2000 * ']'}"])
def test_so_are_settings(setting: str) -> None:
    with pytest.raises(ConfigError, match="--set x"):
        change({"x": [1, 2]}, [setting.replace("x=", "x.0=")])


def test_a_name_that_is_no_unicode_is_refused_before_a_run() -> None:
    with pytest.raises(ConfigError, match=r"cannot be written to a file and read again.*rename a file"):
        to_toml({"data": {"train": os.fsdecode(b"\xff.csv")}})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_is_read_where_somebody_writes_and_waited_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PATIENCE", 0.05)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match=r"nothing has come out of it in 0\.05 s"):
        read_sections(pipe)
    with pytest.raises(OSError, match="it is no file"):
        reading.read_at_most(pipe, 10)
    monkeypatch.setattr(reading, "PATIENCE", 5.0)
    writer = threading.Thread(target=pipe.write_text, args=("[model]\ntype = 'ann'\n",))
    writer.start()
    assert read_sections(pipe) == {"model": {"type": "ann"}}
    writer.join()


def test_without_a_model_a_file_is_told_who_chooses_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my.csv"
    file.write_text("a,b\n1,2\n3,4\n")

    def told(name: Path) -> str:
        with pytest.raises(ConfigError, match="model: missing") as refused:
            check({"data": {"type": "files", "train": str(name), "target": "b"}})
        return str(refused.value)

    assert told(file).endswith("the data set 'table' chooses one: [data] type = \"table\".")
    monkeypatch.setattr("pellucid.standard.csv_files.find_claims", list)
    assert told(file).endswith("pip install pellucid-tabular, then the same command.")
    assert "table" not in told(tmp_path / "x.npz")
