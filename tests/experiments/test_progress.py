"""The live line: at most ten redraws a second, with the time left; plain lines where there is no terminal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pellucid as pl
import pytest
from pellucid.standard import progress
from pellucid.training import run

from tests.saving.support import small_data, small_trainer

SECONDS_PER_STEP = 0.01


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock that a step moves on by a hundredth of a second."""
    time = {"now": 100.0}
    for module in (progress, run):
        monkeypatch.setattr(module, "perf_counter", lambda: time["now"])
    monkeypatch.setattr("tqdm.std.time", lambda: time["now"])
    return time


class Ticking(pl.Callback):
    def __init__(self, clock: dict[str, float]) -> None:
        self.clock = clock

    def on_run_start(self, run: pl.Run) -> None:
        run.on_step(self._tick)

    def _tick(self, run: pl.Run) -> None:
        self.clock["now"] += SECONDS_PER_STEP


def train(clock: dict[str, float], epochs: int) -> None:
    small_trainer(callbacks=[Ticking(clock)]).fit(small_data(1000), epochs=epochs, batch_size=10, verbose=True)


def test_ten_redraws_a_second_on_a_terminal(
    clock: dict[str, float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    train(clock, epochs=5)  # 500 steps, 5 seconds
    err = capsys.readouterr().err
    left = [int(minutes) * 60 + int(seconds) for minutes, seconds in re.findall(r"(\d\d):(\d\d) left", err)]
    assert 40 <= len(left) <= 55, "ten a second, and one after each line of an epoch"
    assert left[1] in (4, 5) and left[-1] == 0
    assert all(later <= sooner + 1 for sooner, later in pairwise(left[1:]))
    assert re.search(r"epoch 3/5 .+ 50 %  loss 0\.\d{4}  00:0[23] left", err)
    assert re.search(r"epoch 5/5  loss 0\.\d{4}  \(5\.0 s\)\n", err)
    assert err.endswith("\r"), "the live line is gone"


def test_the_line_of_a_second_call_on_less_data_goes_from_start_to_end(
    clock: dict[str, float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stayed at 0 %: all planned steps, counted in steps of the present data, seemed to be taken already."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    trainer = small_trainer(callbacks=[Ticking(clock)])
    trainer.fit(small_data(1000), epochs=2, batch_size=10, verbose=False)
    trainer.fit(small_data(300), epochs=2, batch_size=10, verbose=True)
    percent = [int(number) for number in re.findall(r"(\d+) %", capsys.readouterr().err)]
    assert percent[0] == 0 and percent[-1] >= 80 and percent == sorted(percent)


def test_plain_lines_elsewhere(clock: dict[str, float], capsys: pytest.CaptureFixture[str]) -> None:
    train(clock, epochs=3)
    err = capsys.readouterr().err
    assert [line.split("  ")[0] for line in err.splitlines()] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert "\r" not in err and "\x1b" not in err


def test_short_epochs_do_not_flood_and_the_last_one_is_shown(
    clock: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    small_trainer(callbacks=[Ticking(clock)]).fit(small_data(10), epochs=100, batch_size=10, verbose=True)
    lines = capsys.readouterr().err.splitlines()
    assert 10 <= len(lines) <= 11  # a second
    assert lines[0].startswith("epoch 1/100 ") and lines[-1].startswith("epoch 100/100 ")


class Kernel:
    """What the shell of a notebook has, and that of a terminal has not."""

    kernel = object()


@pytest.mark.parametrize(("shell", "shown"), [(Kernel(), True), (object(), False), (None, False)])
def test_a_notebook_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shell: object, shown: bool
) -> None:
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    small_trainer(callbacks=[]).fit(small_data(), epochs=1)
    assert ("epoch 1/1  loss" in capsys.readouterr().err) == shown


@pytest.mark.parametrize("verbose", [None, True, False])
def test_nowhere_to_show_it(monkeypatch: pytest.MonkeyPatch, verbose: bool | None) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    small_trainer(callbacks=[]).fit(small_data(), epochs=1, verbose=verbose)


def test_silent_unless_asked_or_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    small_trainer(callbacks=[]).fit(small_data(), epochs=1)
    assert capsys.readouterr().err == ""


class Broken:
    """Standard error without a reader."""

    def __init__(self, error: Exception, after: int, terminal: bool) -> None:
        self.error, self.after, self.terminal = error, after, terminal

    def write(self, text: str) -> int:
        self.after -= 1
        if self.after < 0:
            raise self.error
        return len(text)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(
    "error", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device"), ValueError("closed file")]
)
def test_what_cannot_be_shown_ends_no_run(
    monkeypatch: pytest.MonkeyPatch, error: Exception, after: int, terminal: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken(error, after, terminal))
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    trainer = small_trainer(callbacks=[])
    with pytest.warns(pl.PellucidWarning, match="Progress is not shown any more, .* Training goes on"):
        trainer.fit(small_data(), epochs=3, batch_size=16, verbose=True)
    assert trainer.epochs == 3


def test_standard_error_that_goes_away_during_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Close(pl.Callback):
        def on_run_start(self, run: pl.Run) -> None:
            monkeypatch.setattr(sys, "stderr", None)

    small_trainer(callbacks=[Close()]).fit(small_data(), epochs=2, verbose=True)
    assert capsys.readouterr().out == "", "there it would stand among results"


@pytest.mark.parametrize(("name", "value"), [("TQDM_DISABLE", "1"), ("TQDM_MININTERVAL", "x"), ("TQDM_TOTAL", "abc")])
def test_the_environment_of_the_bar_ends_no_run(name: str, value: str) -> None:
    """tqdm reads it when it is imported."""
    code = (
        "import sys; sys.stderr.isatty = lambda: True\n"
        "from pellucid.standard import progress; progress.INTERVAL = 0.0\n"
        "from tests.saving.support import small_data, small_trainer\n"
        "print(small_trainer(callbacks=[]).fit(small_data(), epochs=3, verbose=True).records[-1]['epoch'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {name: value}, capture_output=True, text=True, check=False
    )
    assert done.stdout == "3\n", done.stderr
    assert re.search(r"^epoch 3/3  loss", done.stderr, re.MULTILINE)
    assert ("The live line cannot be shown" in done.stderr) == (name != "TQDM_DISABLE")


class Closed:
    """A standard error that was closed."""

    def write(self, text: str) -> int:
        raise ValueError("I/O operation on closed file.")


def test_what_is_told_of_a_checkpoint_ends_no_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Gone(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            shutil.rmtree(tmp_path / "there", ignore_errors=True)

        def on_run_end(self, run: pl.Run) -> None:
            (tmp_path / "there").mkdir()

    (tmp_path / "there").mkdir()
    checkpoint = {"type": "checkpoint", "path": str(tmp_path / "there" / "c"), "seconds": 0.0}
    trainer = small_trainer(callbacks=[checkpoint, Gone()])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *message, **place: Closed().write("")  # type: ignore[assignment,misc]
        trainer.fit(small_data(), epochs=3, verbose=True)
    assert trainer.epochs == 3


def test_a_summary_that_cannot_be_shown_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Closed())
    assert small_trainer(callbacks=["summary"]).fit(small_data(), epochs=1, verbose=False).records


def test_the_last_epoch_of_a_run_that_is_stopped_is_shown(
    clock: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    class Stop(pl.Callback):
        def on_epoch_end(self, run: pl.Run) -> None:
            if run.history[-1]["epoch"] == 5:
                run.stop("enough")

    small_trainer(callbacks=[Ticking(clock), Stop()]).fit(small_data(10), epochs=100, batch_size=10, verbose=True)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/100", "epoch 5/100"]
