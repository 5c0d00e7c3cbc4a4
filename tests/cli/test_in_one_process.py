"""The command line in this process: which exit code is whose, how words are read, what steers no terminal."""

from __future__ import annotations

import argparse
import io
import json
import sys
import threading
import unicodedata
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pellucid.workbench.cli as cli
import pytest
from pellucid.basics.errors import ConfigError, PluginError
from pellucid.testing.registries import use_registry
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands import COMMANDS
from pellucid.workbench.cli.console import Output, new_parser
from pellucid.workbench.cli.function_parser import add_options, options_of
from pellucid.workbench.cli.patience import _watch, patience
from pellucid.workbench.cli.streams import Alone, Aside, printable
from pellucid.workbench.cli.verbs import _as_text, _run_named

# -- the exit code ---------------------------------------------------------------------------------------------------


def noted() -> KeyboardInterrupt:
    error = KeyboardInterrupt()
    error.add_note("It is saved.")
    return error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("Wrong."), 2, "pellucid: Wrong."), (SystemExit(), 0, None), (SystemExit(3), 3, None),
        (SystemExit("words"), 1, None), (noted(), 130, "Interrupted. It is saved."),
        (OSError(2, "No such file", "a.txt"), 2,
         "pellucid: Cannot read or write a.txt: No such file. Check the path and the space."),
        (OSError("odd"), 2, "pellucid: Cannot read or write: odd. Check the path and the space."),
        (RecursionError(), 2,
         "pellucid: Something in the input is nested too deeply. Put layers side by side, in one list."),
        (GeneratorExit("x"), 1,
         "pellucid: GeneratorExit: x. This is a mistake in pellucid or in a plugin. --debug shows where."),
    ],
)  # fmt: skip
def test_each_error_has_its_code(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    said: str | None,
) -> None:
    def fails(argv: list[str]) -> int:
        print("a note", file=sys.stderr)
        raise error

    monkeypatch.setattr(cli, "_dispatch", fails)
    assert main([]) == code
    assert capsys.readouterr() == ("", "a note\n" + ("" if said is None else f"{said}\n"))
    assert main(["--json"]) == code
    told = capsys.readouterr().err
    if code == 0:
        assert told == "a note\n"
        return
    document = json.loads(told)
    message = f"The command was ended: {error}." if said is None else said.removeprefix("pellucid: ")
    assert document == {"error": {"type": type(error).__name__, "message": message}, "notes": ["a note"]}


def test_of_notes_before_an_error_the_last_hundred_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(argv: list[str]) -> int:
        print(*range(101), sep="\n", file=sys.stderr)
        raise ConfigError("Wrong.")

    monkeypatch.setattr(cli, "_dispatch", fails)
    assert main(["--json"]) == 2
    assert json.loads(capsys.readouterr().err)["notes"] == [str(n) for n in range(1, 101)]


def test_words_before_the_command_belong_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0 and capsys.readouterr().out.startswith("pellucid ")
    assert main(["--json", "--version"]) == 0 and list(json.loads(capsys.readouterr().out)) == ["pellucid"]
    for words in ([], ["help"], ["-h"], ["--help"], ["--json"]):
        assert main(words) == 0 and capsys.readouterr().out.startswith("usage: pellucid COMMAND")
    assert main(["--verbose", "list"]) == 2
    assert "pellucid has no option '--verbose'; options follow the command" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--version"], ["--version", "--json"], ["show", "mse", "--kind", "loss"]])
def test_without_words_those_of_the_process_are_taken(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 0
    expected = capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["pellucid", *words])
    assert main() == 0 and capsys.readouterr().out == expected != ""


def test_local_plugins_are_taken_out_of_the_words() -> None:
    assert cli._without_local(["a", "--plugins-dir", "x", "b", "--plugins-dir=y=z"]) == (["a", "b"], ["x", "y=z"])
    for wrong in (["--plugins-dir"], ["--plugins-dir="], ["--plugins-dir", "--json"], ["--plugins-dir=-x"]):
        with pytest.raises(ConfigError, match="--plugins-dir needs a folder of plugins, or a Python file"):
            cli._without_local(["list", *wrong])


def test_the_help_has_a_line_for_each_command_and_names_the_vendors(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [SimpleNamespace(vendor=name) for name in ("zoo", "core", "acme", "a\x1b")]
    monkeypatch.setattr("pellucid.registry.discovery.find_claims", lambda: claims)
    lines = cli.help_text().splitlines()
    first = lines.index("commands:") + 1
    assert lines[first : lines.index("", first)] == [
        f"  {name}{' ' * (len('import-weights') - len(name))}  {summary}" for name, summary in COMMANDS.items()
    ]
    assert "plugins: a\\x1b, acme, zoo" in lines
    claims[:] = claims[1:2]
    assert "plugins: none" in cli.help_text().splitlines()


# -- the terminal ----------------------------------------------------------------------------------------------------


def test_what_steers_a_terminal_is_shown_by_its_number_and_nothing_else_is() -> None:
    explicit = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    for code in range(0x3000):
        letter = chr(code)
        steers = unicodedata.category(letter) == "Cc" and letter not in "\t\n"
        steers |= unicodedata.bidirectional(letter) in explicit or letter in "\u200b\u200c\u200d\u200e\u200f"
        shown = (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}") if steers else letter
        assert printable(f"a{letter}") == f"a{shown}", hex(code)


def test_standard_error_is_put_aside_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def __init__(self, *, terminal: bool) -> None:
            super().__init__()
            self.isatty = lambda: terminal  # type: ignore[method-assign]

    for wanted, terminal, said in ((True, False, "ä\n"), (False, False, ""), (True, True, "")):
        screen = Screen(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", screen)
        aside = Aside(wanted=wanted)
        print("ä", file=sys.stderr)
        assert aside.end() == said and aside.end() == "" and sys.stderr is screen
        assert screen.getvalue() == ("" if said else "ä\n")


def test_standard_output_is_for_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    alone = Alone()
    print("an intruder")
    alone.say("the document")
    alone.end()
    print("after")
    assert (out.getvalue(), err.getvalue()) == ("the document\nafter\n", "an intruder\n")


def test_what_is_said_is_there_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, "utf-8"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8"))
    Output(as_json=False).piece("a")
    assert out.getvalue() == b"a"
    alone = Alone()
    alone.say("b")
    assert out.getvalue() == b"ab\n"
    alone.end()
    plugin = SimpleNamespace(vendor="p", status="loading", distribution="d", version="1")
    fake: Any = SimpleNamespace(plugins=SimpleNamespace(found={"p": plugin}))
    looks = iter([False, False])

    def wait(seconds: float) -> bool:
        return next(looks, True)

    with use_registry(fake):
        _watch(SimpleNamespace(wait=wait), 1.0)  # type: ignore[arg-type]
    assert err.getvalue().startswith(b"pellucid: still importing d 1")


def test_who_waits_is_told_once_of_what_is_loading_for_long(capsys: pytest.CaptureFixture[str]) -> None:
    """At each look a plugin counts that was being imported at the look before, too."""
    plugins = [SimpleNamespace(vendor=f"p{i}", status="found", distribution=f"d{i}", version="1") for i in range(3)]
    looks = iter([["p0"], ["p0", "p1"], ["p0"], ["p1"], [], ["p2"], ["p2"]])
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        loading = next(looks, None)
        for plugin in plugins:
            plugin.status = "loading" if loading and plugin.vendor in loading else "loaded"
        return loading is None

    fake: Any = SimpleNamespace(plugins=SimpleNamespace(found={plugin.vendor: plugin for plugin in plugins}))
    with use_registry(fake):
        done: Any = SimpleNamespace(wait=wait)
        _watch(done, 3.0)
    lines = capsys.readouterr().err.splitlines()
    text = "Ctrl-C ends this. PELLUCID_PLUGINS=a,b uses the plugins a and b alone."
    assert lines == [f"pellucid: still importing d{i} 1, for plugin 'p{i}'. {text}" for i in (0, 2)]
    assert waited == [1.5] * 8


def test_nobody_waits_for_the_one_who_watches() -> None:
    before = {*threading.enumerate()}
    with patience(0.01):
        (watching,) = (thread for thread in threading.enumerate() if thread not in before)
        assert watching.daemon
    watching.join(30)
    assert not watching.is_alive()


# -- words of the command line ---------------------------------------------------------------------------------------


def test_the_run_of_a_verb_among_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("run").mkdir()
    Path("other").mkdir()
    for words, expected in [
        (["run"], "run"), (["--count", "other", "run"], "run"), (["--count=3", "other", "run"], "other"),
        (["--json", "other", "run"], "other"), (["--debug", "other"], "other"), (["--out", "run"], "run"),
        (["--out", "none"], "none"), (["gone", "other"], "other"), (["gone", "none"], "gone"),
        (["--json"], None), ([], None),
        (["-x", "other", "run"], "other"), (["--out", "none", "gone"], "gone"),
    ]:  # fmt: skip
        assert _run_named(words) == expected, words


def test_what_a_verb_returns_is_shown() -> None:
    assert _as_text(None) == "Done." and _as_text({"a": 1, "bcd": None}) == "a    1\nbcd  None" and _as_text(3) == "3"


def function(
    run: Path, words: list[str], more: list[int] | None = None, last: str = "z", *, count: int, scale: float = 1.5,
    mode: Literal["b", "a"] = "b", clean: bool = False, sizes: tuple[int, ...] = (), file: Path | None = None,
) -> None:  # fmt: skip
    """For the signature alone."""


def test_a_signature_becomes_options() -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser, function, {"scale": "how 100 % large", "last": "the 5 %"})
    given = parser.parse_args(["a", "--count", "3", "--sizes", "1", "2", "--clean", "--file", "x", "--mode", "a"])
    assert options_of(function, given) == {
        "words": ["a"], "more": [], "last": "z", "count": 3, "scale": 1.5, "mode": "a", "clean": True,
        "sizes": [1, 2], "file": Path("x"),
    }  # fmt: skip
    assert options_of(function, parser.parse_args(["a", "--count", "3"]), after=7) == {
        "clean": False, "sizes": (), "file": None,
    }  # fmt: skip
    every = {action.dest: action for action in parser._actions}
    assert every["scale"].help == "how 100 %% large (default: 1.5)" and every["last"].help == "the 5 %%"
    assert every["count"].required and not every["scale"].required and every["file"].help == ""
    assert [every[name].nargs for name in ("more", "last", "words", "sizes")] == ["*", "?", "+", "+"]
    assert every["mode"].choices == ("b", "a") and every["words"].metavar == "WORDS"
    assert parser.parse_args(["a", "1", "y", "--count", "3", "--no-clean"]).clean is False

    def odd(*, table: dict[str, int]) -> None: ...

    with pytest.raises(PluginError, match=r"The argument 'table' of .*odd is a table, which cannot be given"):
        add_options(parser, odd, {}, after=0)


def test_wrong_options_are_told_with_a_suggestion() -> None:
    parser = new_parser("try", "Tries.")
    parser.add_argument("--kind", choices=("layer", "loss"))
    parser.add_argument("--count", type=int)
    for words, said in [
        (["--kidn", "x"], "unrecognized arguments: --kidn x. Did you mean '--kind'? See: pellucid try --help."),
        (["kind"], "pellucid try: unrecognized arguments: kind. See: pellucid try --help."),
        (["--kind", "lay"], "there is no 'lay'. Did you mean 'layer'? Choose from: layer, loss. See"),
        (["--count", "x"], "invalid int value: 'x'."), (["--cou", "3"], "unrecognized arguments: --cou 3. Did you"),
        ([""], "unrecognized arguments: . See: pellucid try --help."),
    ]:  # fmt: skip
        with pytest.raises(ConfigError) as error:
            parser.parse_args(words)
        assert said in str(error.value)
    parser.remedy = lambda words: f" Meant: {' '.join(words)}."
    with pytest.raises(ConfigError, match=r"--epochs 3\. Meant: --epochs 3 --json\. See"):
        parser.parse_args(["--count", "2", "--epochs", "3", "--json"])
    given = parser.parse_args(["--kind", "loss", "--debug"])
    assert (given.kind, given.count, given.debug, given.json) == ("loss", None, True, False)
