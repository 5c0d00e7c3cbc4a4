"""What a command says may be lost; what it does is not, and a result that is lost is an exit code."""

from __future__ import annotations

import errno
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import pellucid.workbench.cli as cli
import pytest
from pellucid.standard.streams import Stream
from pellucid.testing.registries import use_registry
from pellucid.workbench.cli.console import Output
from pellucid.workbench.cli.patience import patience
from pellucid.workbench.cli.streams import printable

from tests.fake_plugins import install, registry_of

ERRORS = [BrokenPipeError(errno.EPIPE, "Broken pipe"), OSError(errno.ENOSPC, "No space"), ValueError("closed")]


class Failing(io.StringIO):
    """Takes some texts, then raises."""

    def __init__(self, error: Exception, after: int = 0) -> None:
        super().__init__()
        self.error, self.after = error, after

    def write(self, text: str) -> int:
        self.after -= 1
        if self.after < 0:
            raise self.error
        return super().write(text)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], int]:
    """Runs a function as a command."""

    def run(action: Callable[[], int]) -> int:
        monkeypatch.setattr(cli, "_dispatch", lambda argv: action())
        return cli.main([])

    return run


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("after", [0, 1])
def test_what_cannot_be_written_ends_nothing(error: Exception, after: int) -> None:
    file = Failing(error, after)
    stream = Stream(file)
    for text in "abc":
        print(text, end="", file=stream, flush=True)
    assert (file.getvalue(), stream.failure, stream.isatty()) == ("a" * after, error, False)


def test_nowhere_and_what_can_only_write() -> None:
    class Writes:
        def write(self, text: str) -> int:
            raise RuntimeError("reentrant call")

    for file in (None, Writes()):
        stream = Stream(file)
        print("a", file=stream, flush=True)
        assert not stream.isatty()
        assert stream.failure is None


@pytest.mark.parametrize(("error", "code"), [*zip(ERRORS, [0, 2, 2], strict=True)])
def test_a_result_that_is_not_written_is_told(
    monkeypatch: pytest.MonkeyPatch, command: Any, error: Exception, code: int
) -> None:
    done: list[int] = []
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stdout", Failing(error))
    monkeypatch.setattr(sys, "stderr", errors)

    def work() -> int:
        print("a line of a plugin")
        done.append(1)
        return 0

    assert command(work) == code
    assert done
    assert ("The result could not be written to standard output" in errors.getvalue()) == (code == 2)
    assert sys.stdout is None, "Python would flush it once more at its end"


def test_errors_are_not_put_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["show", "densse"]) == 2
    assert capsys.readouterr().out == ""


def test_a_pipe_of_somebody_else_is_no_reader_that_has_seen_enough(
    capsys: pytest.CaptureFixture[str], command: Any
) -> None:
    def broken() -> int:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    assert command(broken) == 2
    assert "Cannot read or write: Broken pipe" in capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_letters_that_are_not_there(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    assert cli.main(["--help"]) == 0
    assert "encode, sample" in raw.getvalue().decode(encoding)
    raw.seek(0)
    raw.truncate()
    Output(as_json=True).result({"class": "Größe λ \udc80…"}, "")
    sys.stdout.flush()
    assert json.loads(raw.getvalue().decode(encoding)) == {"class": "Größe λ \udc80…"}


def test_with_json_standard_output_is_for_one_document(pellucid: Any, site: Any) -> None:
    """Whatever writes there, and however."""
    loud = "import os, subprocess, sys\nprint('a')\nos.write(1, b'b')\nsubprocess.run(['echo', 'c'])\n"
    hook = "from pellucid import hookimpl\n@hookimpl\ndef pellucid_doctor(report):\n    "
    install(site, "acme", source=f"{loud}sys.stdout.close()\n{hook}print('d')\n    os.write(1, b'e')\n")
    for command in ("list", "plugins", "doctor"):
        done = pellucid(command, "--json", PELLUCID_PLUGINS="acme")
        json.loads(done.stdout)
        assert set("abc" + "de" * (command == "doctor")) <= set(done.stderr)


def test_what_others_say_steers_no_terminal() -> None:
    assert printable("Größe\tα → 3\n") == "Größe\tα → 3\n"
    assert printable("\x1b[2J\r\x07\u202e\x9b") == r"\x1b[2J\x0d\x07\u202e\x9b"


def test_who_waits_is_told_for_whom(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    install(tmp_path, "acme", source="import time\ntime.sleep(0.2)")
    with registry_of(tmp_path) as registry, use_registry(registry), patience(0.05):
        registry.plugins.load("acme")
    assert capsys.readouterr().err.startswith("pellucid: still importing pellucid-acme 1.0, for plugin 'acme'. Ctrl-C")
