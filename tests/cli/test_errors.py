"""Bad input: one message on stderr, exit code 2, no traceback unless --debug."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pellucid.workbench.cli
import pytest
from pellucid import __version__
from pellucid.basics.errors import PellucidWarning
from pellucid.workbench.cli.console import warnings_as_messages

from tests.cli.conftest import Command
from tests.fake_plugins import install

BAD = {
    ("lst",): "pellucid has no command 'lst'. Did you mean 'list'? Commands: ",
    ("--lst",): "pellucid has no option '--lst'",
    ("list", "lyer"): "There is no kind 'lyer'. Did you mean 'layer'?",
    ("list", "--jsn"): "unrecognized arguments: --jsn. Did you mean '--json'? See: pellucid list --help.",
    ("list", "layer", "loss"): "unrecognized arguments: loss. See: pellucid list --help.",
    ("train", "--epochs", "3"): "unrecognized arguments: --epochs. Write --set train.epochs=3. See: pellucid train",
    ("train", "--batch-size=64"): "Write --set train.batch_size=64.",
    ("train", "--lr", "0.1"): "Write --set optimizer.lr=0.1.",
    ("train", "--test", "0.1"): "Write --set data.test=0.1.",
    ("show",): "the following arguments are required: NAME. See: pellucid show --help.",
    ("show", "densse"): "Unknown name 'densse'. Did you mean 'dense'? See: pellucid list.",
    ("show", "nobody/dense"): "No plugin 'nobody' is installed",
    ("show", "dense", "--kind", "lyer"): "there is no 'lyer'. Did you mean 'layer'?",
    ("show", "acme/sine"): "Plugin 'acme' (pellucid-acme 1.0) is broken: ZeroDivisionError: division by zero.",
    ("new", "plugin"): "the following arguments are required: NAME",
    ("list", "layer", ""): "unrecognized arguments: . See: pellucid list --help.",
    ("doctor", " "): "unrecognized arguments: ",
    ("plugins", "--json=3"): "ignored explicit argument '3'",
}


@pytest.mark.parametrize("words", BAD, ids=" ".join)
def test_bad_input_is_one_message(pellucid: Command, site: Path, words: tuple[str, ...]):
    install(site, "acme", source="1 / 0")
    done = pellucid(*words, code=2)
    assert done.stdout == ""
    assert done.stderr.startswith("pellucid: ")
    assert BAD[words] in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_traceback(pellucid: Command):
    for words in (("--debug", "list", "lyer"), ("list", "lyer", "--debug")):
        shown = pellucid(*words, code=2).stderr
        assert shown.startswith("Traceback")
        assert "pellucid.basics.errors.ConfigError: There is no kind 'lyer'" in shown


def test_errors_are_json_too_if_asked(pellucid: Command):
    error = json.loads(pellucid("list", "lyer", "--json", code=2).stderr)["error"]
    assert error["type"] == "ConfigError"
    assert error["message"].startswith("There is no kind 'lyer'")


def test_a_warning_is_one_line(pellucid: Command):
    first, second, *_ = pellucid("list", "layer", PELLUCID_PLUGINS="acme").stderr.splitlines()
    assert first.startswith("pellucid: warning: PELLUCID_PLUGINS=acme allows 'acme', and no such plugin is installed.")
    assert second.startswith("Plugins that are not loaded: "), "no source line between the warning and the next remark"


@pytest.mark.parametrize("debug", [False, True])
def test_debug_shows_the_traceback_behind_a_warning(capsys: pytest.CaptureFixture[str], debug: bool):
    warning = PellucidWarning("it is switched off")
    try:
        1 / 0  # noqa: B018 (the hook of a plugin)
    except ZeroDivisionError as error:
        warning.__cause__ = error
    with warnings.catch_warnings(), warnings_as_messages(debug=debug):
        warnings.simplefilter("always")
        warnings.warn(warning, stacklevel=1)
    shown = capsys.readouterr().err
    assert shown.startswith("pellucid: warning: it is switched off\n")
    assert shown.endswith("ZeroDivisionError: division by zero\n" if debug else "off\n")


def test_strict_makes_a_broken_plugin_an_error(pellucid: Command, site: Path):
    install(site, "acme", source="1 / 0")
    assert "'acme'" in pellucid("list", code=2, PELLUCID_STRICT="1").stderr
    assert "acme" in pellucid("--help", PELLUCID_STRICT="1").stdout


def test_ctrl_c_ends_with_130_and_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupted(argv: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(pellucid.workbench.cli, "_dispatch", interrupted)
    assert pellucid.workbench.cli.main([]) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_a_mistake_of_ours_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def mistaken(argv: list[str]) -> int:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(pellucid.workbench.cli, "_dispatch", mistaken)
    message = "ZeroDivisionError: by zero. This is a mistake in pellucid or in a plugin. --debug shows where."
    assert pellucid.workbench.cli.main([]) == 1
    assert capsys.readouterr().err == f"pellucid: {message}\n"
    assert pellucid.workbench.cli.main(["--json"]) == 1
    assert json.loads(capsys.readouterr().err) == {"error": {"type": "ZeroDivisionError", "message": message}}
    assert pellucid.workbench.cli.main(["--debug"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback")
    assert "in mistaken" in shown


def test_too_little_memory_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def hungry(argv: list[str]) -> int:
        raise MemoryError("Unable to allocate 3 TiB.")

    monkeypatch.setattr(pellucid.workbench.cli, "_dispatch", hungry)
    assert pellucid.workbench.cli.main([]) == 2
    assert "There is not enough memory. Unable to allocate 3 TiB." in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("words", [["list"], ["list", "--json"]])
def test_a_full_disk_is_one_message(environment: dict[str, str], words: list[str]):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pellucid", *words], env=environment, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "The result could not be written to standard output: No space left on device. What the" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_version_as_json(pellucid_json: Callable[..., Any]):
    assert pellucid_json("--version") == {"pellucid": __version__}


TRAIN = ("train", "--model", "logistic_regression", "--dataset", "iris", "--out", "run")


@pytest.mark.parametrize(
    "words",
    [TRAIN, (*TRAIN, "--set", "train.backend=reference"), ("evaluate", "nowhere"), ("predict", "nowhere", "x.csv")],
)
def test_a_misspelt_backend_variable_is_refused(pellucid: Command, words: tuple[str, ...]):
    assert "Unknown backend 'cythn'" in pellucid(*words, code=2, PELLUCID_BACKEND="cythn").stderr


def test_the_doctor_tells_of_a_misspelt_backend_variable(pellucid: Command):
    told = pellucid("doctor", PELLUCID_BACKEND="cythn").stdout
    assert "Nothing can be trained or evaluated. Unknown backend 'cythn'. Did you mean 'cython'?" in told


def test_a_wrong_number_of_threads_is_refused(pellucid: Command):
    assert "PELLUCID_NUM_THREADS must be an integer" in pellucid(*TRAIN, code=2, PELLUCID_NUM_THREADS="x").stderr


def test_main_returns_the_exit_code(capsys: pytest.CaptureFixture[str]):
    assert pellucid.workbench.cli.main(["show", "densse"]) == 2
    assert capsys.readouterr().err.startswith("pellucid: Unknown")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_reader_that_has_seen_enough_is_no_error(environment: dict[str, str]):
    command = [sys.executable, "-m", "pellucid", "list"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait() in (0, -signal.SIGPIPE)
    assert errors == ""


def test_with_json_standard_error_of_a_failure_is_one_document(pellucid: Command, site: Path):
    """Whatever was said before, by Python, by a library in C, by a process that was started."""
    loud = "import os, subprocess, sys, warnings\nfrom pellucid import PellucidWarning\n"
    loud += "warnings.warn('take care', PellucidWarning)\nprint('a', file=sys.stderr)\nprint('b')\n"
    loud += "os.write(2, b'c\\n')\nos.write(1, b'd\\n')\nsubprocess.run('echo e >&2', shell=True)\n"
    install(site, "acme", source=f"{loud}1 / 0")
    for words in (["list", "lyer"], ["show", "acme/none"], ["train", "--model", "acme/none", "--dataset", "iris"]):
        done = pellucid(*words, "--json", code=2, PELLUCID_PLUGINS="acme")
        told = json.loads(done.stderr)
        assert told["error"]["message"] and not done.stdout
    assert {"pellucid: warning: take care", "a", "b", "c", "d", "e"} <= set(told["notes"])


def test_with_json_notes_of_a_success_are_on_standard_error(pellucid: Command, site: Path):
    install(site, "acme", source="import sys\nprint('note', file=sys.stderr)")
    done = pellucid("list", "layer", "--json", PELLUCID_PLUGINS="acme")
    assert "note\n" in done.stderr and json.loads(done.stdout)


def test_who_ends_a_command_is_told_in_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    said = {KeyboardInterrupt(): "Interrupted.", SystemExit("enough"): "The command was ended: enough."}
    for ended, message in said.items():

        def dispatch(argv: list[str], error: BaseException = ended) -> int:
            print("on the way", file=sys.stderr)
            raise error

        monkeypatch.setattr(pellucid.workbench.cli, "_dispatch", dispatch)
        assert pellucid.workbench.cli.main(["--json"]) != 0
        told = {"error": {"type": type(ended).__name__, "message": message}, "notes": ["on the way"]}
        assert json.loads(capsys.readouterr().err) == told
