"""Ctrl-C, SIGTERM, kill -9 and numbers that are not finite: what is left can be continued."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pellucid as pl
import pytest

from tests.experiments.support import Shell, process

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
ENDLESS = ("--quiet", "--set", "train.epochs=1000000", "--set", "model.dropout=0.2")


def wait_for_epochs(running: subprocess.Popen[str], folder: Path, number: int) -> None:
    until = time.monotonic() + 60
    metrics = folder / "metrics.jsonl"
    while time.monotonic() < until:
        assert running.poll() is None, running.communicate()
        if metrics.exists() and metrics.read_bytes().count(b"\n") >= number:
            return
        time.sleep(0.02)
    raise AssertionError("the run did not get going within a minute")


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)], ids=["SIGINT", "SIGTERM", "SIGHUP"])
def test_signal_saves_and_leaves_cleanly(pellucid: Shell, tmp_path: Path, number: int, code: int) -> None:
    # What the tests were started with may ignore it (nohup), and children inherit that.
    heard = {"preexec_fn": lambda: signal.signal(number, signal.SIG_DFL)}
    running = process("train", "iris.toml", "--out", "run", *ENDLESS, cwd=tmp_path, **heard)
    wait_for_epochs(running, tmp_path / "run", 3)
    running.send_signal(number)
    out, err = running.communicate(timeout=60)

    assert running.returncode == code, err
    assert "Traceback" not in err
    assert "Stopping after this step" in err
    assert "Continue with:\n  pellucid train --resume --out run" in out
    assert {p.name for p in Path("run").iterdir()} == {
        "experiment.toml", "metrics.jsonl", "model.safetensors", "checkpoint.safetensors",
    }  # fmt: skip

    epochs = len(Path("run/metrics.jsonl").read_text().splitlines()) + 2
    pellucid("train", "--resume", "--out", "run", "--quiet", "--set", f"train.epochs={epochs}")
    pellucid("train", "run/experiment.toml", "--out", "whole", "--quiet")
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()


def test_json_of_an_interrupted_run(tmp_path: Path, pellucid: Shell) -> None:
    running = process("train", "iris.toml", "--out", "run", "--json", *ENDLESS, cwd=tmp_path)
    wait_for_epochs(running, tmp_path / "run", 1)
    running.send_signal(signal.SIGTERM)
    out, _ = running.communicate(timeout=60)
    told = json.loads(out)
    assert told["stopped_by"] == "SIGTERM"
    assert told["resume"] == "pellucid train --resume --out run"
    assert told["steps"] >= 6


def test_kill_between_checkpoints_can_be_continued(pellucid: Shell, tmp_path: Path) -> None:
    settings = (*ENDLESS, "--set", "train.checkpoint_seconds=0.0")
    running = process("train", "iris.toml", "--out", "run", *settings, cwd=tmp_path)
    wait_for_epochs(running, tmp_path / "run", 3)
    running.kill()
    running.communicate(timeout=60)

    epochs = len(Path("run/metrics.jsonl").read_text().splitlines()) + 3
    pellucid("train", "--resume", "--out", "run", "--quiet", "--set", f"train.epochs={epochs}")
    pellucid("train", "run/experiment.toml", "--out", "whole", "--quiet")
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()


def test_killed_before_the_first_checkpoint_was_due(pellucid: Shell, tmp_path: Path) -> None:
    running = process("train", "iris.toml", "--out", "run", *ENDLESS, cwd=tmp_path)
    wait_for_epochs(running, tmp_path / "run", 1)
    running.kill()
    running.communicate(timeout=60)

    pellucid("train", "--resume", "--out", "run", "--quiet", "--set", "train.epochs=4")
    pellucid("train", "run/experiment.toml", "--out", "whole", "--quiet")
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert len(Path("run/metrics.jsonl").read_text().splitlines()) == 4


def test_signals_are_left_alone_outside_the_main_thread() -> None:
    import threading

    from pellucid.workbench.experiments.callbacks import StopOnSignal

    from tests.saving.support import small_data, small_trainer

    before = signal.getsignal(signal.SIGTERM)
    trainer = small_trainer(callbacks=[StopOnSignal()])
    thread = threading.Thread(target=trainer.fit, args=(small_data(),))
    thread.start()
    thread.join()
    assert trainer.epochs == 1
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_process_at_a_time_trains_in_a_folder(pellucid: Shell, tmp_path: Path) -> None:
    settings = (*ENDLESS, "--set", "train.checkpoint_seconds=0.0")
    running = process("train", "iris.toml", "--out", "run", *settings, cwd=tmp_path)
    wait_for_epochs(running, tmp_path / "run", 2)
    try:
        message = pellucid.refused("train", "--resume", "--out", "run")
        assert "Another process is training in run. Wait for it, stop it, or choose another --out" in message
        assert running.poll() is None
    finally:
        running.kill()
        running.communicate(timeout=60)


def test_first_signal_stops_after_the_step_and_a_second_one_at_once() -> None:
    from pellucid.workbench.experiments.callbacks import StopOnSignal

    from tests.saving.support import small_data, small_trainer

    before = signal.getsignal(signal.SIGINT)
    stopper = StopOnSignal()
    trainer = small_trainer(callbacks=[stopper])
    trainer.fit(small_data(), epochs=1)  # nothing happens
    assert stopper.received is None
    assert signal.getsignal(signal.SIGINT) is before

    class Press(pl.Callback):
        def __init__(self, times: int) -> None:
            self.times = times

        def on_run_start(self, run):
            run.on_step(lambda run: [signal.raise_signal(signal.SIGINT) for _ in range(self.times)])

    trainer = small_trainer(callbacks=[stopper, Press(1)])
    trainer.fit(small_data(), epochs=1)
    assert trainer.steps == 1
    assert stopper.received == signal.SIGINT

    stopper = StopOnSignal()
    with pytest.raises(KeyboardInterrupt):
        small_trainer(callbacks=[stopper, Press(2)]).fit(small_data(), epochs=1)
    assert signal.getsignal(signal.SIGINT) is before


def test_numbers_that_are_not_finite_end_the_run_with_what_was_good(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--optimizer", "sgd", "--set", "optimizer.lr=1e30", code=2)
    err = pellucid.err
    assert ": run/checkpoint.safetensors. When the cause is mended, it goes on from there: pellucid train --res" in err
    assert "was not applied, the weights are those of the step before" in err
    assert "Traceback" not in err
    from pellucid.saving.reading import read_header

    progress = read_header("run/checkpoint.safetensors", "checkpoint").document["progress"]
    assert 1 <= progress["steps"] < 10
    assert f"The run is saved up to step {progress['steps']}: run" in err
    assert not Path("run/summary.json").exists()
