"""What a studio begins with: an experiment or a table of one's own; and its page, where there is a screen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from pellucid import ConfigError
from pellucid_studio import starting
from pellucid_studio.presets import FIRST
from pellucid_studio.starting import first_sections, names_of, open_page, opened_runs

OWN = """
[data]
type = "iris"
[model]
type = "dense"
units = 3
[train]
epochs = 3
patience = 1
threads = 2
"""


def test_an_experiment_is_taken_but_for_what_only_a_training_alone_needs(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    first = first_sections(tmp_path / "own.toml", None)
    assert first.sections["train"] == {"epochs": 3} and first.sections["model"] == {"type": "dense", "units": 3}
    assert "[train] in own.toml: patience, threads." in first.note
    assert first.note.endswith("pellucid train own.toml uses all of it.")
    (tmp_path / "own.toml").write_text(OWN.partition("patience")[0])
    assert first_sections(tmp_path / "own.toml", None) == (first.sections, "")


@pytest.mark.parametrize("left_out", ["callbacks", "patience", "checkpoint_seconds", "threads"])
def test_what_is_left_out_is_said_by_name(left_out: str, tmp_path: Path) -> None:
    value = '["core/progress"]' if left_out == "callbacks" else "2"
    (tmp_path / "own.toml").write_text(f"{OWN.partition('patience')[0]}{left_out} = {value}\n")
    first = first_sections(tmp_path / "own.toml", None)
    assert first.sections["train"] == {"epochs": 3} and f"[train] in own.toml: {left_out}." in first.note


def test_an_experiment_without_a_training_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN.partition("[train]")[0])
    assert set(first_sections(tmp_path / "own.toml", None).sections) == {"data", "model"}


def test_a_table_takes_the_place_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, bytes]] = []

    def give(name: str, text: bytes) -> str:
        given.append((name, text))
        return "known.csv"

    monkeypatch.setattr(starting, "give", give)
    monkeypatch.setattr(starting, "MOST_BYTES", 8)
    table = tmp_path / "own.csv"
    table.write_bytes(b"a,b\n1,2\n")
    first = first_sections(None, table)
    assert given == [("own.csv", b"a,b\n1,2\n")] and first.note == ""
    assert first.sections["data"] == {"type": "studio/own_table", "name": "known.csv"}
    assert {**first.sections, "data": None} == {**FIRST, "data": None}
    assert FIRST["data"]["type"] == "half_moons"
    table.write_bytes(b"a,b\n1,22\n")
    with pytest.raises(ConfigError, match="it has 9 bytes, and the studio takes 8"):
        first_sections(None, table)


def test_a_table_and_an_experiment_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "give", lambda name, text: name)
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "own.csv").write_text("a,b\n")
    first = first_sections(tmp_path / "own.toml", tmp_path / "own.csv")
    assert first.sections["data"]["name"] == "own.csv" and first.sections["train"] == {"epochs": 3}
    assert "patience" in first.note


def test_trained_networks_are_opened_by_their_names_with_their_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Opened:
        """A run that says what it was asked."""

        def __init__(self, path: Path) -> None:
            self.model = f"model of {path.name}"

        def samples(self, data: Any, part: str) -> Any:
            return self.model, data, part

    monkeypatch.setattr(starting, "open_run", Opened)
    monkeypatch.setattr(starting, "Viewed", lambda model, name, read: (model, name, read("test")))
    found: Any = opened_runs([tmp_path / "a.safetensors", tmp_path / "b.safetensors"])
    assert [each[:2] for each in found] == [("model of a.safetensors", "a"), ("model of b.safetensors", "b")]
    assert found[1][2] == ("model of b.safetensors", None, "test")


def test_a_table_that_is_not_there_is_said() -> None:
    with pytest.raises(ConfigError, match=r"--data nowhere\.csv: No such file"):
        first_sections(None, Path("nowhere.csv"))


@pytest.mark.parametrize(
    ("system", "screens", "wslview", "opens"),
    [
        ("linux", {}, False, False), ("linux", {"DISPLAY": ":0"}, False, True),
        ("linux", {"DISPLAY": ""}, False, False),
        ("linux", {"WAYLAND_DISPLAY": "w"}, False, True), ("linux", {}, True, True), ("darwin", {}, False, True),
        ("win32", {}, False, True), ("freebsd", {}, False, False),
    ],
)  # fmt: skip
def test_a_page_is_opened_where_there_is_a_screen(
    system: str, screens: dict[str, str], wslview: bool, opens: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    came = threading.Event()

    def open_in_browser(address: str) -> bool:
        opened.append(address)
        assert threading.current_thread().daemon
        came.set()
        return True

    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in screens.items():
        monkeypatch.setenv(name, value)
    found: Any = {"wslview": "/usr/bin/wslview"} if wslview else {}
    monkeypatch.setattr("pellucid_studio.starting.sys.platform", system)
    monkeypatch.setattr("pellucid_studio.starting.shutil.which", found.get)
    monkeypatch.setattr("pellucid_studio.starting.webbrowser.open", open_in_browser)
    open_page("http://127.0.0.1:1/x/")
    assert came.wait(5.0 if opens else 0.02) is opens
    assert opened == ["http://127.0.0.1:1/x/"] * opens


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["/a/x.safetensors"], ["x"]), (["/a/x.safetensors", "/a/y.safetensors"], ["x", "y"]),
        (["/a/x.safetensors", "/b/x.safetensors"], ["a/x", "b/x"]),
        (["/a/c/x.s", "/b/c/x.s", "/b/c/y.s"], ["a/c/x", "b/c/x", "y"]), (["/a/x.s", "/x.s"], ["a/x", "x"]),
        (["/x.s", "/a/x.s", "/b/a/x.s"], ["x", "a/x", "b/a/x"]),
        (["/a/x.s"] * 3, ["x", "x (2)", "x (3)"]), (["/a/x.s", "/b/x.s", "/a/x.s"], ["a/x", "b/x", "a/x (2)"]),
        (["/a/x.s", "/a/x.t"], ["x", "x (2)"]), (["/a/x.y.s", "/a/x.s"], ["x.y", "x"]),
    ],
)  # fmt: skip
def test_a_name_is_as_long_as_it_takes_to_tell_it_from_others(paths: list[str], names: list[str]) -> None:
    assert names_of([Path(path) for path in paths]) == names


def test_a_folder_is_called_by_all_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run.1").mkdir()
    (tmp_path / "run.1.safetensors").touch()
    monkeypatch.chdir(tmp_path)
    assert names_of([Path("run.1")]) == ["run.1"] and names_of([Path("run.1.safetensors")]) == ["run.1"]
    assert names_of([Path("run.1"), Path("other/../run.2")]) == ["run.1", "run"]
