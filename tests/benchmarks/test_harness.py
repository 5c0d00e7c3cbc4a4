"""The benchmark harness runs from end to end and reports what it measured. Nothing here depends on how fast."""

import json

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.cases import CASES, select
from benchmarks.environment import child_environment, steering_variables
from benchmarks.peers.with_numpy import NumPy
from benchmarks.peers.with_pellucid import Pellucid
from benchmarks.process import ContestantError
from benchmarks.report import merge
from benchmarks.rounds import _check_same_work
from benchmarks.statistics import ratio_to_best


def test_numpy_and_pellucid_compete_on_the_tiny_network(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    arguments = ["--quick", "--cases", "3", "--threads", "1", "--peers", "pellucid,numpy", "--no-beside"]
    files = ["--json", str(tmp_path / "a.json"), "--markdown", str(tmp_path / "a.md")]
    assert main([*arguments, *files]) == 0
    printed = capsys.readouterr()
    assert "OPENBLAS_CORETYPE=Prescott" in printed.err
    document = json.loads((tmp_path / "a.json").read_text())
    (entry,) = document["training"]
    assert set(entry["us_per_step"]) == {"pellucid", "numpy"}
    assert all(time > 0 for rounds in entry["rounds"].values() for time in rounds)
    assert entry["to_best_peer"]["best"] == "numpy"
    assert np.isclose(entry["first_epoch_loss"]["pellucid"], entry["first_epoch_loss"]["numpy"], rtol=1e-5)
    assert "| 3/16 | 1 |" in (tmp_path / "a.md").read_text()
    assert "3/16" in printed.out and "goal" in printed.out


def test_the_contestants_start_without_steering_variables(monkeypatch):
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "1024")
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    assert steering_variables()["OPENBLAS_L2_SIZE"] == "1024"
    environment = child_environment(2)
    assert "OPENBLAS_L2_SIZE" not in environment
    assert environment["MKL_NUM_THREADS"] == environment["PELLUCID_NUM_THREADS"] == "2"


def test_a_contestant_that_trains_differently_is_refused():
    with pytest.raises(ContestantError, match=r"2\.1.* from lazy.*train differently"):
        _check_same_work({"pellucid": 2.0, "numpy": 2.0001, "lazy": 2.1}, 1e-3)


def test_the_baseline_computes_the_gradient():
    """NumPy by hand against central differences, so that the reference of all comparisons is right itself."""
    peer = NumPy(CASES["4/256"], 1)
    peer.adam = lambda: None
    index = peer.case.order(0)[:256]
    peer.step(index)
    gradient = peer.grad.copy()
    for k in np.argsort(-np.abs(gradient))[:5]:
        kept, losses = peer.theta[k], []
        for shift in (1e-2, -1e-2):
            peer.theta[k] = kept + np.float32(shift)
            losses.append(peer.step(index))
        peer.theta[k] = kept
        assert np.isclose((losses[0] - losses[1]) / 2e-2, gradient[k], rtol=2e-2)


def test_the_denoiser_is_the_one_that_the_case_describes():
    """PyTorch's is held to the same list as it loads its weights; benchmarks/oracles/denoiser.py compares gradients."""
    case = CASES["7/32"]
    params = Pellucid(case, 1).model.parameters()
    assert {param.path.replace(".layers.", "."): param.shape for param in params} == case.parameters()
    assert sum(param.data.size for param in params) == 213_283


def test_steps_are_equal():
    assert all(case.rows % case.batch == 0 for case in CASES.values())
    assert [case.name for case in select("3,1/32")] == ["3/16", "1/32"]
    with pytest.raises(ValueError, match="no case '9'"):
        select("9")


def test_the_ratio_knows_how_uncertain_the_best_peer_is():
    rng = np.random.default_rng(0)
    ours = 10 + rng.random(30)
    ratio = ratio_to_best(ours, {"slow": 30 + rng.random(30), "fast": 20 + rng.random(30)})
    assert ratio.best == "fast"
    assert 1.8 < ratio.low < ratio.value < ratio.high < 2.1
    assert ratio_to_best(ours, {"same": ours}).value == 1.0


def test_of_several_runs_the_least_disturbed_row_is_kept():
    def document(ours: float, theirs: float) -> dict:
        row = {"case": "3/16", "threads": 1, "us_per_step": {"pellucid": ours, "numpy": theirs}}
        return {"training": [row], "beside": {}}

    disturbed, quiet = document(3.0, 90.0), document(4.0, 50.0)
    for documents in ([disturbed, quiet], [quiet, disturbed]):
        merged = merge(documents)
        assert merged["training"] == quiet["training"]  # though the other flatters us
        assert merged["runs"] == 2
