"""What stands on the command line reaches the function that it is for: of evaluate, compare, predict and the shows."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.dataset import Splits
from pellucid.interfaces.samples import Split
from pellucid.registry.manifest import KINDS
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands import show
from pellucid.workbench.evaluation.evaluation import Evaluation, How
from pellucid.workbench.evaluation.table import RunTable
from pellucid.workbench.experiments.callbacks import SIGNALS, StopOnSignal
from pellucid.workbench.experiments.predictions import Predictions
from pellucid.workbench.sweeps.ranking import Ranking

EVALUATION = "pellucid.workbench.evaluation"
EXPERIMENTS = "pellucid.workbench.experiments"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def keeps(asked: list[Any], answer: Any = None) -> Any:
    """A function that keeps what it was given, and answers so."""

    def keep(*given: Any, **how: Any) -> Any:
        asked.append((*given, *how.values()))
        return answer

    return keep


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(words) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "run", "how"),
    [
        ([], ("opened", None, "test", None), How()),
        (["--data", "iris", "--split", "train", "--target", "y", "--worst", "3", "--tolerance", "0.5", "--seed", "4"],
         ("opened", "iris", "train", "y"), How(3, 0.5, 4)),
    ],
)  # fmt: skip
def test_evaluate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], run: Any, how: How
) -> None:
    asked: list[Any] = []

    def evaluate(*given: Any, how: How) -> Evaluation:
        asked.extend([given, how])
        return Evaluation("r", None, "test", 2, {"loss": 0.5})

    monkeypatch.setattr(f"{EXPERIMENTS}.finished.open_run", keeps(asked, "opened"))
    monkeypatch.setattr(f"{EVALUATION}.evaluation.evaluate_run", evaluate)
    Path("r").mkdir()
    assert main(["evaluate", "r", "--backend", "reference", *words]) == 0
    assert asked == [(Path("r"), "reference"), run, how]
    text = "loss  0.5000\n2 samples\n"
    assert capsys.readouterr().out == f"{text}\nWritten to r/evaluation.json and .md beside it.\n"
    Path("m.safetensors").touch()
    assert main(["evaluate", "m.safetensors", *words]) == 0
    assert capsys.readouterr().out == text
    assert main(["evaluate", "m.safetensors", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is None
    whole = refused(capsys, "evaluate", "r", "--data", "a.csv", "--split", "test")
    assert "--split chooses a part of a data set; the file a.csv is taken whole. Leave it out." in whole


def test_compare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    asked: list[Any] = []
    table = RunTable(("a",), ({"parameters": 3},), ({},), {}, ())
    monkeypatch.setattr(f"{EVALUATION}.table.table_of", keeps(asked, table))
    monkeypatch.setattr("pellucid.workbench.figures.of_runs.draw_runs", keeps(asked))
    assert main(["compare", "a", "b", "--plot", "x.png"]) == 0
    shown = capsys.readouterr()
    assert asked == [([Path("a"), Path("b")],), ([Path("a"), Path("b")], Path("x.png"))]
    assert shown.err == "Drawn: x.png\n" and shown.out.startswith("run  best epoch")
    formats = {"markdown": "| run |", "csv": "run,best_epoch", "json": '{\n  "runs"', "text": "run  best"}
    for name, begin in formats.items():
        assert main(["compare", "a", "--format", name]) == 0
        shown_as = capsys.readouterr().out
        assert shown_as.startswith(begin) and not shown_as.endswith("\n\n")
    pairs: list[Any] = []
    monkeypatch.setattr(f"{EVALUATION}.compared.compare_paired", keeps(pairs, []))
    for words, expected in ([], ("test", 0)), (["--split", "train", "--seed", "5"], ("train", 5)):
        assert main(["compare", "a", "b", "--paired", "--json", *words]) == 0
        assert pairs.pop() == ([Path("a"), Path("b")], *expected)
        assert json.loads(capsys.readouterr().out)["pairs"] == []
    assert main(["compare", "a", "--json"]) == 0 and "pairs" not in json.loads(capsys.readouterr().out)


def test_compare_of_a_sweep(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("pellucid.workbench.sweeps.ranking.is_sweep", lambda path: True)
    monkeypatch.setattr("pellucid.workbench.sweeps.ranking.ranking", lambda path: Ranking(None, (), ()))
    formats = {
        "markdown": "| rank | n | parameters | seconds |\n| --- | --- | --- | --- |\n",
        "csv": "rank,n,parameters,seconds,seconds sd,seconds n\n",
        "text": "rank  n  parameters  seconds\n\nNo run is finished.\n",
    }  # fmt: skip
    for name, expected in formats.items():
        assert main(["compare", "many", "--format", name]) == 0
        assert capsys.readouterr().out == expected
    for words in (["--json"], ["--format", "json"]):
        assert main(["compare", "many", *words]) == 0
        assert json.loads(capsys.readouterr().out)["sweep"] == "many"
    said = refused(capsys, "compare", "many", "--paired")
    assert "--paired holds runs against each other, and many is a sweep. Name two runs in it." in said


def test_predict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[Any] = []
    opened = SimpleNamespace(model="model", target="price")

    def outputs(run: Any, file: Path, target: Any) -> Any:
        asked.append((run, file, target))
        return np.full((2 if file.name == "a.csv" else 1, 1), float(len(file.name)))

    monkeypatch.setattr(f"{EXPERIMENTS}.finished.open_run", keeps(asked, opened))
    monkeypatch.setattr(f"{EXPERIMENTS}.predictions.outputs_for_file", outputs)

    def interpret(model: Any, numbers: Any, target: Any) -> Predictions:
        asked.append((model, target))
        return Predictions(numbers)

    monkeypatch.setattr(f"{EXPERIMENTS}.predictions.interpret", interpret)
    assert main(["predict", "r", "a.csv", "bb.csv", "--target", "y", "--backend", "reference"]) == 0
    assert asked == [
        (Path("r"), "reference"), (opened, Path("a.csv"), "y"), (opened, Path("bb.csv"), "y"), ("model", "price"),
    ]  # fmt: skip
    assert capsys.readouterr().out == (
        "file    row  output 0\na.csv   0    5.0000\na.csv   1    5.0000\nbb.csv  0    6.0000\n"
    )
    assert main(["predict", "r", "a.csv"]) == 0
    assert capsys.readouterr().out == "row  output 0\n0    5.0000\n1    5.0000\n"
    assert main(["predict", "r", "a.csv", "--output", "p.csv"]) == 0
    assert capsys.readouterr().out == "2 predictions written to p.csv.\n"
    assert Path("p.csv").read_text().splitlines() == ["file,row,output 0", "a.csv,0,5.0", "a.csv,1,5.0"]
    assert main(["predict", "r", "a.csv", "--output", "q.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"samples": 2, "output": "q.csv"}
    assert "exists already" in refused(capsys, "predict", "r", "a.csv", "--output", "p.csv")


def test_show_data(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    asked: list[Any] = []
    part = Split(np.zeros((2, 1)))
    splits = Splits(part, part, part)
    plain = SimpleNamespace(splits=lambda: splits, decided=dict)
    tells = SimpleNamespace(splits=lambda: splits, report=lambda: {"rows": 9})
    found = [plain, tells, tells]

    def read(kind: str, config: Any, *, path: str) -> Any:
        asked.append((kind, config, path))
        return found.pop(0)

    monkeypatch.setattr("pellucid.registry.config.read", read)
    draw = "pellucid.workbench.data_pictures.drawing.draw_data"
    monkeypatch.setattr(draw, keeps(asked))
    assert main(["show-data", "iris", "--target", "a", "--set", "sep=tab", "--set", "n=3"]) == 0
    assert asked.pop() == ("dataset", {"type": "iris", "target": "a", "sep": "tab", "n": 3}, "data")
    assert capsys.readouterr().out.startswith("iris\n\n6 rows, 2 train, 2 validation, 2 test")
    assert main(["show-data", "iris", "--target", "a", "--target", "b"]) == 0
    assert asked.pop()[1]["target"] == ["a", "b"] and capsys.readouterr().out == "iris\n\n9 rows\n"
    assert main(["show-data", "iris", "--picture", "a.png"]) == 0
    assert asked.pop() == ("iris", tells, splits, {"rows": 9}, Path("a.png"))
    assert capsys.readouterr().out == "iris\n\n9 rows\n\npicture: a.png\n"


def test_signals_that_are_ignored_stay_so_and_others_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    stopped: list[str] = []
    run: Any = SimpleNamespace(stop=stopped.append)
    try:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        stopper = StopOnSignal()
        stopper.on_run_start(run)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        signal.raise_signal(signal.SIGINT)
        assert stopped == ["SIGINT"] and stopper.received is signal.SIGINT
        assert capsys.readouterr().err == (
            "\nStopping after this step; the run will be saved. Ctrl-C again: stop at once.\n"
        )
        stopper.on_run_end(run)
        assert signal.getsignal(signal.SIGINT) is before[signal.SIGINT] and not stopper._before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_of_a_name_every_kind_that_has_it_is_found() -> None:
    for i, one in enumerate(KINDS):
        for other in KINDS[i + 1 :]:

            def find(kind: Any, name: str, has: tuple[str, str] = (one, other)) -> Any:
                asked = [each for each in ([kind] if isinstance(kind, str) else kind) if each in has]
                if not asked:
                    raise ConfigError("unknown")
                return SimpleNamespace(kind=asked[0], name="vendor/name")

            registry: Any = SimpleNamespace(find=find)
            assert [entry.kind for entry in show._entries(registry, "name", None)] == [one, other]
