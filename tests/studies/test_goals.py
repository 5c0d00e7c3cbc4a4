"""The goals: their files are read and trained, time decides how long, networks vote, a pool outlives mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest

from studies.goals import __main__ as command
from studies.goals.goal import goals, read_goal
from studies.goals.plan import planned
from studies.goals.pool import Pool
from studies.goals.training import drawn_once, moved, trained
from studies.goals.vote import votes

GOALS = goals()
ROOT = Path(__file__).resolve().parents[2]


def test_the_files_are_goals() -> None:
    assert len(GOALS) >= 7 and all(goal.seeds >= 5 for goal in GOALS.values())
    for goal in GOALS.values():
        assert goal.sections["data"]["validation"] == 0  # nothing is chosen, so nothing is set aside
        assert goal.fewest_epochs <= goal.epochs and bool(goal.codes) == (goal.figure == "log_likelihood")


def test_a_file_without_a_goal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    path.write_text('[data]\ntype = "iris"\n[goal]\naim = "high"\n')
    with pytest.raises(ValueError, match=r"needs a section \[goal\] with a title and some of: .*shifts"):
        read_goal(path)


@pytest.mark.parametrize("name", ["mnist_permuted", "vae_static"])
def test_a_goal_is_trained_in_its_short_form(name: str, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    log, probabilities = trained(GOALS[name], 3, epochs=1, short=True, facts={"commit": "abc"}, keep=str(file))
    assert sum(param.data.size for param in pl.load(file).parameters()) == log["parameters"]
    assert log["seed"] == 3 and log["commit"] == "abc" and log["short"] and log["samples"] == {"train": 64, "test": 64}
    json.dumps(log, allow_nan=False)
    if name == "vae_static":
        assert probabilities is None and log["figures"]["log_likelihood"] < -100
    else:
        assert probabilities is not None and probabilities.shape == (64, 10)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_pixels_that_are_drawn_once_follow_the_grey_levels() -> None:
    x = np.full((4000, 2), [0.25, 1.0], np.float32)
    splits = pl.Splits(*(pl.Split(x, np.zeros(len(x), np.int64)) for _ in range(3)))
    drawn = drawn_once(splits)
    assert set(np.unique(drawn.train.x)) == {0, 1} and drawn.train.x.mean(axis=0) == pytest.approx([0.25, 1], abs=0.03)
    np.testing.assert_array_equal(drawn.test.x, drawn_once(splits).test.x)
    assert (drawn.test.x != drawn.train.x).any()


def test_views_are_moved_by_whole_pixels() -> None:
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(moved(x, (1, 0))[0, ..., 0], [[0, 0, 0], [0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(moved(x, (0, -1))[0, ..., 0], [[1, 2, 0], [4, 5, 0], [7, 8, 0]])


def test_epochs_are_shortened_alike_and_no_further_than_allowed() -> None:
    some = {name: replace(GOALS[name], seeds=2) for name in ("mnist_mlp", "mnist_cnn")}
    full = {name: goal.epochs for name, goal in some.items()}
    measured = {"mnist_mlp": (1.0, 0.5), "mnist_cnn": (2.0, 0.5)}
    whole = 2 * sum(full[name] * measured[name][0] + 0.5 for name in some)
    assert planned(some, measured, whole) == full
    less = planned(some, measured, 0.8 * whole)
    assert all(0.7 * full[name] < less[name] < 0.85 * full[name] for name in some)
    assert planned(some, measured, 0.0) == {name: goal.fewest_epochs for name, goal in some.items()}


def test_a_vote_is_the_mean_of_the_probabilities() -> None:
    sure, wrong, half = np.array([[0.9, 0.1]]), np.array([[0.2, 0.8]]), np.array([[0.45, 0.55]])
    found = votes({0: sure, 1: wrong, 2: half}, [0], 3)
    assert found == {"size": 3, "mean": 1.0, "groups": {"0+1+2": 1.0}}
    assert votes({0: sure, 1: wrong, 2: half}, [0], 2)["groups"] == {"0+1": 1.0, "0+2": 1.0, "1+2": 0.0}


def test_a_pool_says_what_failed_and_ends_at_the_deadline() -> None:
    with Pool(2, on_card=False) as pool:
        found = dict(pool.results([(abs, (-3,), {}), (int, ("x",), {})]))
        late = [*pool.results([(time.sleep, (60,), {})], time.monotonic() + 0.05)]
    assert found[0] == 3 and "ValueError: invalid literal" in found[1] and not late


WITH_A_POOL = """
import multiprocessing, time
from studies.goals.pool import Pool
if __name__ == "__main__":
    with Pool(1, on_card=False) as pool:
        print(multiprocessing.active_children()[0].pid, flush=True)
        list(pool.results([(time.sleep, (60,), {})]))
"""


def _lives(process: Path) -> bool:
    try:
        return "Z" not in (process / "stat").read_text().rpartition(")")[2]
    except OSError:  # it has ended
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="whether a process lives is read in /proc")
def test_who_kills_a_program_ends_its_processes(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WITH_A_POOL)
    command = [sys.executable, str(tmp_path / "program.py")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        assert process.stdout is not None
        worker = Path("/proc") / process.stdout.readline().strip()
        assert _lives(worker)
        time.sleep(1.0)  # it has begun
        process.kill()
        end = time.monotonic() + 20
        while _lives(worker):
            assert time.monotonic() < end, "it works on for nobody"
            time.sleep(0.05)


def test_the_command_writes_results_as_they_come(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        command.main([str(tmp_path), "--only", "mnist_permuted", "--short", "--seeds", "2", "--keep", "mnist_permuted"])
        == 0
    )
    lines = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert [(line["goal"], line["seed"]) for line in lines] == [("mnist_permuted", 0), ("mnist_permuted", 1)]
    assert (tmp_path / "mnist_permuted.safetensors").exists() and "2 of 2 trainings" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="There is no goal 'mnist'"):
        command.main([str(tmp_path), "--only", "mnist"])
