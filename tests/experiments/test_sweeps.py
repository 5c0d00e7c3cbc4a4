"""Sweeps are carried out: over processes, with the bits of each run alone, whatever becomes of one of them."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.sweeps import workers
from pellucid.workbench.sweeps.folder import SweepFolder, read_failure
from pellucid.workbench.sweeps.leading import Shares, shares
from pellucid.workbench.sweeps.ranking import Spread, ranking
from pellucid.workbench.sweeps.worker import work

from tests.experiments.support import IRIS, Shell, process

posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
BAD = "\n[sweep]\nseeds = [0, 1]\n[sweep.grid]\n'optimizer.lr' = [0.02, 1e30, -1.0, 0.01]\n"
KILLS = """
import os, signal, threading
import pellucid as pl

class Deadly(pl.Dense):
    '''Ends its process when it is built.'''

    def build(self, *shapes):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def here(words: dict[str, Any], note: Any = lambda text: None) -> dict[str, Any]:
    """A job, done in this process."""
    return work({"threads": 1, "pictures": False, **words}, note)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are done without processes, which take half a second to begin."""
    monkeypatch.setattr(workers.Workers, "_asked", lambda self, number, job, source: work(job, self._note))


def test_one_bad_setting_does_not_stop_the_others(pellucid: Shell, in_this_process: None) -> None:
    Path("sweep.toml").write_text(IRIS + BAD)
    shown = pellucid("sweep", "sweep.toml", code=1)
    lines = [line for line in pellucid.err.splitlines() if "/8  " in line]
    assert len(lines) == 8 and "8/8" in lines[-1]
    assert sum("failed: NumericalError" in line for line in lines) == 2
    assert sum("failed: ConfigError: optimizer.lr: The 'lr' of Adam must be" in line for line in lines) == 2
    assert "The run is saved" not in pellucid.err  # it will not go on
    assert "optimizer.lr = -1.0, seed 0, 1: ConfigError" in shown
    assert "Ranked by validation accuracy, higher is better; mean ± sd over seeds." in shown
    told = pellucid.json("compare", "runs/sweep")
    assert [group["rank"] for group in told["settings"]] == [1, 2, None, None]
    best = told["settings"][0]
    figures = [
        json.loads(Path(run, "summary.json").read_text())["validation"]["accuracy"] for run in best["runs"].values()
    ]
    assert best["figures"]["validation accuracy"] == vars(Spread.of(figures))
    assert best["runs"].keys() == {"0", "1"} and not best["failed"]
    assert told["settings"][3]["failed"]["0"]["type"] in ("NumericalError", "ConfigError")
    assert pellucid("compare", "runs/sweep", "--format", "markdown").startswith("| rank | optimizer.lr | n |")
    first = next(csv.DictReader(pellucid("compare", "runs/sweep", "--format", "csv").splitlines()))
    assert (first["rank"], first["n"]) == ("1", str(len(told["settings"][0]["runs"])))
    for name, spread in told["settings"][0]["figures"].items():
        assert (float(first[name]), float(first[f"{name} sd"])) == (spread["mean"], spread["sd"])
        assert first[f"{name} n"] == str(spread["n"])
    for alone in (["evaluate", "runs/sweep"], ["compare", "runs/sweep", "runs/sweep"]):
        assert "runs/sweep is the folder of a sweep, and no run. Expected: one of its runs" in pellucid.refused(*alone)
    head = pellucid("compare", "runs/sweep").splitlines()[0]
    assert head.split() == ["rank", "optimizer.lr", "n", "validation", "accuracy", "validation", "loss", "test", "loss",
                            "test", "accuracy", "parameters", "seconds", "failed"]  # fmt: skip


def test_a_run_of_a_sweep_is_a_run(pellucid: Shell, in_this_process: None) -> None:
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [3]\n[[sweep.list]]\nname = 'a b'\nmodel.dropout = 0.1")
    pellucid("sweep", "sweep.toml", "--out", "many", "--quiet")
    assert "1/1" not in pellucid.err
    (run,) = Path("many").glob("a-b-*/seed-3")
    pellucid("train", "iris.toml", "--out", "alone", "--quiet", "--set", "model.dropout=0.1", "--set", "train.seed=3",
             "--set", "train.threads=1")  # fmt: skip
    assert (run / "model.safetensors").read_bytes() == Path("alone/model.safetensors").read_bytes()
    assert sorted(file.name for file in run.iterdir()) == sorted(file.name for file in Path("alone").iterdir())
    assert pellucid("evaluate", run).replace(str(run), "alone") == pellucid("evaluate", "alone")
    assert "best epoch" in pellucid("train", "--resume", "--out", run, "--set", "train.epochs=7", "--quiet")


def test_what_is_finished_is_left_and_a_sweep_grows(pellucid: Shell, in_this_process: None) -> None:
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [0]\n[sweep.grid]\noptimizer.lr = [0.01]")
    pellucid("sweep", "sweep.toml")
    (summary,) = Path("runs/sweep").glob("*/*/summary.json")
    first = summary.stat()
    pellucid("sweep", "sweep.toml", "--set", "sweep.seeds=[0, 1]", "--set", "sweep.grid.optimizer.lr=[0.02, 0.01]")
    assert "1 of 4 runs have been trained already." in pellucid.err
    assert len([*Path("runs/sweep").glob("*/*/summary.json")]) == 4
    pellucid("sweep", "runs/sweep")
    assert "4 of 4 runs have been trained already." in pellucid.err
    assert (summary.stat().st_ino, summary.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    message = pellucid.refused("sweep", "sweep.toml")
    assert "runs/sweep holds another sweep: 3 of its 4 runs are none of this one" in message
    assert "pellucid sweep runs/sweep" in message
    Path("else").mkdir()
    Path("else/file").touch()
    assert "exists already and is not empty" in pellucid.refused("sweep", "sweep.toml", "--out", "else")
    assert "Leave out --out" in pellucid.refused("sweep", "runs/sweep", "--out", "other")


def test_what_is_found_out_of_the_data_is_told_once(pellucid: Shell, in_this_process: None) -> None:
    Path("table.csv").write_text("a,b,kind\n" + "".join(f"{i % 7},{i % 3},{'xy'[i % 2]}\n" for i in range(60)))
    data = IRIS.replace('type = "iris"', 'type = "files"\ntrain = "table.csv"\ntarget = "kind"')
    Path("sweep.toml").write_text(data + "\n[sweep]\nseeds = [0, 1, 2]")
    pellucid("sweep", "sweep.toml")
    assert "3/3" in pellucid.err
    assert pellucid.err.count("data: found out that header = true, classify = true; 2 classes: x, y.") == 1


def test_an_error_that_lasts_is_not_met_again_and_others_are_tried_again(
    pellucid: Shell, in_this_process: None
) -> None:
    Path("table.csv").write_text("a,b,y\n" + "".join(f"{i % 7},{i % 5},{'pq'[i % 2]}\n" for i in range(40)))
    text = IRIS.replace('type = "iris"', 'type = "files"\ntrain = "table.csv"\ntarget = "y"')
    Path("sweep.toml").write_text(text + "\n[sweep.grid]\noptimizer.lr = [0.02, 1e30]")
    content = Path("table.csv").read_text()
    Path("table.csv").unlink()
    pellucid("sweep", "sweep.toml", code=1)
    assert pellucid.err.count("failed: DataError") == 2
    assert "No run is finished." in pellucid.out
    Path("table.csv").write_text(content)
    pellucid("sweep", "sweep.toml", code=1)
    assert pellucid.err.count("failed: NumericalError") == 1 and "2/2" in pellucid.err
    good = ranking(Path("runs/sweep")).groups[0]
    assert not good.failures and read_failure(good.runs[0]) is None
    pellucid("sweep", "sweep.toml", code=1)
    assert "2 of 2 runs have been trained already." in pellucid.err


def test_the_figure_that_ranks(pellucid: Shell, in_this_process: None) -> None:
    Path("sweep.toml").write_text(
        IRIS + "\n[sweep]\nmetric = 'loss'\nsplit = 'test'\n[sweep.grid]\noptimizer.lr = [0.1, 0.01]"
    )
    assert "Ranked by test loss, lower is better" in pellucid("sweep", "sweep.toml")
    losses = [group.figures["test loss"].mean for group in ranking(Path("runs/sweep")).groups]
    assert losses == sorted(losses)
    pellucid("sweep", "runs/sweep", "--set", "sweep.mode='max'")
    assert [group.figures["test loss"].mean for group in ranking(Path("runs/sweep")).groups] == losses[::-1]
    pellucid("sweep", "runs/sweep", "--set", "sweep.metric='acuracy'", code=2)
    assert "cannot be ranked by 'acuracy': the figures of its runs on the test data are" in pellucid.err
    assert "Did you mean 'accuracy'?" in pellucid.err


def test_a_figure_that_some_runs_do_not_have_says_of_how_many_it_is(pellucid: Shell, in_this_process: None) -> None:
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [0, 1, 2]")
    pellucid("sweep", "sweep.toml")
    folder = RunFolder(ranking(Path("runs/sweep")).groups[0].runs[1])
    summary = folder.read_summary()
    folder.write_summary({**summary, "validation": {**summary["validation"], "accuracy": float("nan")}})
    head, row = ranking(Path("runs/sweep")).rows()
    cells = dict(zip(head, row, strict=True))
    assert cells["n"] == "3" and cells["validation accuracy"].endswith(" (of 2)")
    assert "(of" not in cells["validation loss"]


def test_losses_that_differ_are_no_measure(pellucid: Shell, in_this_process: None) -> None:
    loss = "\n[loss]\ntype = 'softmax_cross_entropy'\n"
    Path("sweep.toml").write_text(
        f"{IRIS}{loss}[sweep]\nmetric = 'loss'\n[sweep.grid]\nloss.label_smoothing = [0.0, 0.1]"
    )
    assert "The settings have different losses, whose values do not mean the same." in pellucid("sweep", "sweep.toml")
    assert "different losses" not in pellucid("sweep", "sweep.toml", "--set", "sweep.metric=accuracy")


def test_means_and_deviations() -> None:
    assert Spread.of([]) is None
    assert Spread.of([2.0]) == Spread(2.0, None, 1)
    assert Spread.of([1.0, 2.0, 6.0]) == Spread(3.0, 7.0**0.5, 3)
    assert str(Spread(0.98765, 0.0123, 3)) == "0.9877 ± 0.012"


def test_cores_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.workbench.sweeps.leading.usable_cores", lambda: 8)
    for asked, runs, expected in [
        (None, 100, (8, 1)), (None, 3, (3, 2)), (None, 1, (1, 8)), (2, 100, (2, 4)), (3, 9, (3, 2)), (20, 99, (20, 1)),
        (20, 4, (4, 2)),
    ]:  # fmt: skip
        assert shares(asked, runs) == Shares(*expected)


def test_a_run_that_was_broken_off_goes_on(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "whole", "--quiet", "--set", "train.seed=1")
    sections = tomllib.loads(IRIS.replace("epochs = 5", "epochs = 2").replace("seed = 0", "seed = 1"))
    assert here({"folder": "run", "sections": sections}) == {"end": "finished"}
    folder = RunFolder(Path("run"))
    folder.experiment.write_text(folder.experiment.read_text().replace("epochs = 2", "epochs = 5"))
    folder.summary.unlink()
    notes: list[str] = []
    assert here({"folder": "run", "sections": {}}, notes.append) == {"end": "finished"}
    assert Path("run/model.safetensors").read_bytes() == Path("whole/model.safetensors").read_bytes()
    assert len(folder.epochs()) == 5 and not notes


@posix
def test_a_run_that_another_process_trains_is_waited_for(pellucid: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.workbench.sweeps.worker.PATIENCE", 0.1)
    Path("run").mkdir()
    with RunFolder(Path("run")).lock():
        end = here({"folder": "run", "sections": {}})
    assert end["end"] == "failed" and "Another process is training in run" in end["message"]
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [0]")
    pellucid("sweep", "sweep.toml", "--plan")
    Path("runs/sweep").mkdir(parents=True)
    with RunFolder(Path("runs/sweep")).lock():
        assert "Another process is training in runs/sweep" in pellucid.refused("sweep", "sweep.toml")


@posix
def test_a_setting_that_kills_its_process_is_given_up_and_the_others_go_on(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """By SIGKILL, as the system does where memory is used up."""
    monkeypatch.setattr(workers, "MOST_DEATHS", 2)
    Path("deadly.py").write_text(KILLS)
    Path("sweep.toml").write_text("plugins = ['deadly.py']\n" + IRIS + (
        "\n[[sweep.list]]\nname = 'dies'\n[sweep.list.model]\ntype = 'deadly/deadly'\nunits = 3\n"
        "[[sweep.list]]\nname = 'lives'"))  # fmt: skip
    assert "add --trust" in pellucid.refused("sweep", "sweep.toml")
    pellucid("sweep", "sweep.toml", "--trust", "--workers", 1, code=1)
    dies, lives = SweepFolder(Path("runs/sweep")).plan().runs
    failure = read_failure(Path("runs/sweep", dies.folder))
    assert failure is not None and failure.type == "Killed"
    assert (
        "was killed by SIGKILL, 2 times without a step of progress. Most likely the memory was used up"
        in failure.message
    )
    assert Path("runs/sweep", lives.folder, "summary.json").exists()
    assert "dies, seed 0: failed: Killed" in pellucid.err


@posix
def test_ctrl_c_saves_the_runs_and_says_how_to_go_on(pellucid: Shell, tmp_path: Path, in_this_process: None) -> None:
    Path("sweep.toml").write_text(
        IRIS.replace("epochs = 5", "epochs = 100000")
        + "\n[sweep]\nseeds = [1]\n[sweep.grid]\ntrain.epochs = [5, 100000]"
    )
    leader = process("sweep", "sweep.toml", "--workers", 1, cwd=tmp_path)
    assert leader.stderr is not None and leader.stdout is not None
    assert "1/2  train.epochs = 5, seed 1: validation accuracy" in leader.stderr.readline()
    (run,) = [run for run in SweepFolder(Path("runs/sweep")).plan().runs if "100000" in run.label]
    metrics = Path("runs/sweep", run.folder, "metrics.jsonl")
    until = time.monotonic() + 60
    while not (metrics.exists() and metrics.stat().st_size) and time.monotonic() < until:
        time.sleep(0.01)
    leader.send_signal(signal.SIGINT)
    out, err = leader.communicate(timeout=60)
    assert leader.returncode == 130 and "Traceback" not in err
    assert (
        "Stopped: 1 of 2 runs are finished, and those under way are saved. Go on with:\n  pellucid sweep runs/sweep"
        in out
    )
    done = len(RunFolder(metrics.parent).epochs())
    assert done and Path("runs/sweep", run.folder, "model.safetensors").exists()
    experiment = Path("runs/sweep", run.folder, "experiment.toml")
    experiment.write_text(experiment.read_text().replace("epochs = 100000", f"epochs = {done + 2}"))
    pellucid("sweep", "runs/sweep")  # goes on, and does not begin anew
    assert len(RunFolder(metrics.parent).epochs()) == done + 2


def test_a_run_that_somebody_else_has_stopped_goes_on(pellucid: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def stopped_once(self: Any, number: int, job: dict[str, Any], source: workers.Source) -> dict[str, Any]:
        asked.append(job)
        return {"end": "stopped"} if len(asked) == 1 else work(job, self._note)

    monkeypatch.setattr(workers.Workers, "_asked", stopped_once)
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [1]")
    assert "1/1" not in pellucid("sweep", "sweep.toml", "--quiet")
    assert len(asked) == 2 and len(results("runs/sweep")) == 1


def results(sweep: str) -> dict[str, bytes]:
    return {str(m.relative_to(sweep)): m.read_bytes() for m in sorted(Path(sweep).glob("*/*/model.safetensors"))}


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["cython", "reference"])
def test_the_bits_do_not_depend_on_the_workers(pellucid: Shell, backend: str) -> None:
    text = IRIS.replace("hidden = [8]", "hidden = [256, 256]").replace("batch_size = 16", "batch_size = 100")
    Path("sweep.toml").write_text(text + "\n[sweep]\nseeds = [0, 1]\n[sweep.grid]\noptimizer.lr = [0.01, 0.001]")
    for count in (1, 2, 4):
        pellucid(
            "sweep", "sweep.toml", "--out", f"with-{count}", "--workers", count, "--set", f"train.backend={backend}"
        )
        assert ("4 workers share" in pellucid.err) == (count == 4 and len(os.sched_getaffinity(0)) < 4)
    assert len(results("with-1")) == 4
    assert results("with-1") == results("with-2") == results("with-4")


def test_workers_have_no_more_than_their_threads(pellucid: Shell) -> None:
    Path("sweep.toml").write_text(IRIS + "\n[sweep]\nseeds = [0, 1]")
    pellucid("sweep", "sweep.toml", "--workers", 2, "--set", "train.threads=1")
    pellucid("train", "iris.toml", "--out", "alone", "--quiet", "--set", "train.seed=1")
    (model,) = Path("runs/sweep").glob("*/seed-1/model.safetensors")
    assert model.read_bytes() == Path("alone/model.safetensors").read_bytes()
    (summary,) = Path("runs/sweep").glob("*/seed-1/summary.json")
    assert json.loads(summary.read_text())["machine"]["threads"] == 1
