"""pellucid new plugin, in this process: which files are written for which kinds, and what is said of the next steps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError
from pellucid.registry.manifest import KINDS
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands.new import BELONGS, _of_kinds, check_name, kinds_of, write_plugin

ALWAYS = {"README.md", "pyproject.toml", "src/pellucid_acme/__init__.py"}
OF_KERNEL = {"MANIFEST.in", "setup.py", "ext/native.pyx", "ext/cube.h"}
CASES = "tests/test_conformance.py"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(folder: str, kinds: list[str], *, kernel: bool = False) -> set[str]:
    files = write_plugin("acme", Path(folder), kinds, kernel=kernel)
    places = {file.relative_to(folder).as_posix() for file in files}
    assert places == {file.relative_to(folder).as_posix() for file in Path(folder).rglob("*") if file.is_file()}
    assert len(files) == len(places) and files == sorted(files, key=lambda file: file.relative_to(folder).as_posix())
    return places


@pytest.mark.parametrize(
    ("kinds", "kernel", "more"),
    [
        (["layer"], False, {"src/pellucid_acme/layers.py", CASES}),
        (["op"], False, {"src/pellucid_acme/ops.py", "src/pellucid_acme/cubes.py", CASES}),
        (["op"], True, {"src/pellucid_acme/ops.py", "src/pellucid_acme/cubes.py", CASES, *OF_KERNEL}),
        (["backend"], False, {"src/pellucid_acme/backends.py", "tests/test_backend.py"}),
        (["command"], False, {"src/pellucid_acme/commands.py", "tests/test_command.py"}),
        (["backend", "command"], False, {"src/pellucid_acme/backends.py", "tests/test_backend.py",
                                         "src/pellucid_acme/commands.py", "tests/test_command.py"}),
        (["command", "loss"], False, {"src/pellucid_acme/commands.py", "tests/test_command.py",
                                      "src/pellucid_acme/losses.py", CASES}),
        (["layer", "op"], True, {"src/pellucid_acme/layers.py", "src/pellucid_acme/ops.py",
                                 "src/pellucid_acme/cubes.py", CASES, *OF_KERNEL}),
    ],
)  # fmt: skip
def test_the_files_of_a_plugin(kinds: list[str], kernel: bool, more: set[str]) -> None:
    assert written("out", kinds, kernel=kernel) == ALWAYS | more
    manifest = Path("out/src/pellucid_acme/__init__.py").read_text(encoding="utf-8")
    assert ("cython=" in manifest) == kernel
    assert ("registry.layer(" in manifest) == ("layer" in kinds or "op" in kinds)


@pytest.mark.parametrize(
    ("asked", "kernel", "kinds"),
    [
        (None, False, ["layer"]), ([], False, ["layer"]), (None, True, ["op"]), (["loss"], False, ["loss"]),
        (["loss"], True, ["loss", "op"]), (["loss", "layer", "loss"], False, ["layer", "loss"]),
        ([*KINDS], False, [*KINDS]),
    ],
)  # fmt: skip
def test_which_kinds_are_meant(asked: Any, kernel: bool, kinds: list[str]) -> None:
    assert kinds_of(asked, kernel) == kinds


def test_what_is_no_kind_is_told_to_which_it_belongs() -> None:
    for word, remedy in BELONGS.items():
        with pytest.raises(ConfigError) as error:
            kinds_of(["layer", word], False)
        assert str(error.value) == f"--kind: there is no kind '{word}'. {remedy} The kinds are: {', '.join(KINDS)}."
    with pytest.raises(ConfigError, match=r"no kind 'lyer'\. Did you mean 'layer'\? The kinds are: layer, loss"):
        kinds_of(["lyer"], False)


@pytest.mark.parametrize("kernel", [False, True])
def test_what_is_said_of_a_new_plugin(capsys: pytest.CaptureFixture[str], kernel: bool) -> None:
    words = ["new", "plugin", "acme", *(["--kernel"] if kernel else [])]
    assert main(words) == 0
    shown = capsys.readouterr().out
    files = sorted(str(file) for file in Path("pellucid-acme").rglob("*") if file.is_file())
    first, *listing = shown.partition("\n\n")[0].splitlines()
    assert first == "Wrote the plugin 'acme':" and sorted(line.removeprefix("  ") for line in listing) == files
    after = "Next:\n  cd pellucid-acme\n"
    after += '  pip install "setuptools>=77" cython\n  pip install --no-build-isolation -e .\n' if kernel else ""
    after += "" if kernel else "  pip install -e .\n"
    assert shown.endswith(f"\n\n{after}  pytest\n  pellucid show acme/{'cube' if kernel else 'gain'}\n")
    assert main([*words, "--out", "b", "--kind", "metric", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["plugin"] == "acme" and told["folder"] == "b"
    assert told["kinds"] == (["metric", "op"] if kernel else ["metric"])
    assert {Path(file).relative_to("b").as_posix() for file in told["files"]} >= ALWAYS


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a-b", "For example: a_b. Received: 'a-b'."), ("Pellucid_Waves!", "For example: waves. Received"),
        ("_x", "For example: x. Received"), ("1", "begin with a letter. Received: '1'."),
        ("if", "must not be a word or module of Python"), ("json", "must not be a word or module of Python"),
        ("core", "The vendor 'core' is taken here, by pellucid."),
    ],
)  # fmt: skip
def test_names_that_are_none(name: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        check_name(name)
    assert said in str(error.value)
    check_name("waves_2")


def test_only_an_empty_folder_is_filled() -> None:
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full/a").touch()
    assert written("empty", ["layer"]) >= ALWAYS
    for wrong in ("full", "full/a"):
        with pytest.raises(ConfigError, match="exists already and is not an empty folder"):
            write_plugin("acme", Path(wrong))
    with pytest.raises(ConfigError, match=r"Cannot write full/a/b/README\.md: Not a directory\. Choose a folder"):
        write_plugin("acme", Path("full/a/b"))
    assert [file.name for file in Path("full").iterdir()] == ["a"]


def test_sections_of_a_text_belong_to_kinds() -> None:
    text = "head\n    # kind: layer\na\n<!-- kind: loss -->\nb\n# kind: all\nend\n# not a kind: x\n"
    assert _of_kinds(text, ["loss", "all"]) == "head\nb\nend\n# not a kind: x\n"
    assert _of_kinds(text, []) == "head\n" and _of_kinds("plain", ["all"]) == "plain"
