"""The words of pellucid train become the sections of an experiment; whose files are run, and who must trust them."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pellucid.basics.errors import ConfigError, DataError
from pellucid.workbench.cli import main
from pellucid.workbench.cli.commands import train, why
from pellucid.workbench.cli.console import Output
from pellucid.workbench.experiments.folder import RunFolder
from pellucid.workbench.experiments.proposals import completed

WORDS: dict[str, Any] = {
    "experiment": None, "model": None, "dataset": None, "target": None, "loss": None, "objective": None,
    "optimizer": None, "schedule": None, "sampler": None, "settings": [], "out": None, "resume": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text('model = "ann"\n[data]\ntype = "iris"\n[loss]\ntype = "mse"\n')


def sections(**words: Any) -> dict[str, Any]:
    return train._sections(Namespace(**{**WORDS, **words}))


def test_words_change_the_sections_of_the_file() -> None:
    file = Path("a.toml")
    assert sections(experiment=file) == {"model": "ann", "data": {"type": "iris"}, "loss": {"type": "mse"}}
    changed = sections(
        experiment=file, model="cnn", optimizer="sgd", schedule="cosine", sampler="balanced", objective="x",
        settings=["optimizer.lr=0.5", "train.epochs=3"],
    )  # fmt: skip
    assert changed == {
        "model": {"type": "cnn"}, "data": {"type": "iris"}, "objective": {"type": "x"}, "schedule": {"type": "cosine"},
        "optimizer": {"type": "sgd", "lr": 0.5}, "sampler": {"type": "balanced"}, "train": {"epochs": 3},
    }  # fmt: skip
    assert sections(experiment=file, loss="mae")["loss"] == {"type": "mae"}
    assert sections(model="ann", dataset="digits") == {"model": {"type": "ann"}, "data": {"type": "digits"}}
    assert sections(dataset="digits") == {"data": {"type": "digits"}}


def test_a_file_is_read_as_the_model_reads_it() -> None:
    text = {"type": "transformer/running_text", "train": "a.txt"}
    assert sections(model="language_model", dataset="a.txt")["data"] == text
    assert sections(model="language_model", dataset="a.csv")["data"] == {"type": "table", "train": "a.csv"}
    assert sections(model="ann", dataset="a.csv")["data"] == {"type": "table", "train": "a.csv"}


def test_columns_of_targets_belong_to_the_data() -> None:
    Path("b.toml").write_text('data = "iris"\n')
    assert sections(experiment=Path("b.toml"), target=["a"])["data"] == {"type": "iris", "target": "a"}
    assert sections(experiment=Path("a.toml"), target=["a", "b"])["data"] == {"type": "iris", "target": ["a", "b"]}
    Path("c.toml").write_text('model = "ann"\n')
    assert sections(experiment=Path("c.toml"), target=["a"])["data"] == {"target": "a"}


def test_a_run_goes_on_with_its_own_experiment() -> None:
    folder = RunFolder(Path("run"))
    folder.create()
    folder.write_experiment('model = "own"\n')
    folder.checkpoint.touch()
    assert sections(out=Path("run"), resume=True) == {"model": "own"}
    assert sections(out=Path("run"), resume=True, experiment=Path("a.toml"))["model"] == "ann"
    assert sections(out=Path("run"), dataset="iris") == {"data": {"type": "iris"}}
    for words in ({}, {"model": "ann"}, {"out": Path("run")}):
        with pytest.raises(ConfigError, match="pellucid train needs an experiment"):
            sections(**words)
    with pytest.raises(ConfigError, match="holds no run that can be continued"):
        sections(out=Path("none"), resume=True)
    with Output(as_json=False) as output, pytest.raises(ConfigError, match="--resume needs the folder of the run"):
        train.run(Namespace(**{**WORDS, "resume": True}), output)


def test_files_of_an_experiment_are_run_where_somebody_trusts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Path("deep/a.toml")
    named: dict[str, Any] = {"plugins": ["x.py", "sub/y.py"], "model": "ann"}
    files = [tmp_path / "deep" / "x.py", tmp_path / "deep" / "sub" / "y.py"]
    assert train.trusted(named, source, True) == files and named == {"model": "ann"}
    assert train.trusted({}, source, False) == [] and train.trusted({"plugins": []}, source, False) == []
    with pytest.raises(ConfigError) as error:
        train.trusted({"plugins": ["x.py", "sub/y.py"]}, source, False)
    assert f"run as programs: {files[0]}, {files[1]}. Look into them, and if you trust" in str(error.value)
    monkeypatch.setattr(train, "ACTIVE", {"x": files[0]})  # given with --plugins-dir
    assert train.trusted({"plugins": ["x.py"]}, source, False) == files[:1]
    with pytest.raises(ConfigError, match=r"run as programs: \S+y\.py\. Look"):
        train.trusted({"plugins": ["x.py", "sub/y.py"]}, source, False)
    for wrong in ("x.py", [1], {"a": 1}):
        with pytest.raises(ConfigError, match="plugins: expected a list of files"):
            train.trusted({"plugins": wrong}, source, True)


@pytest.mark.parametrize(
    ("test", "validation", "split"),
    [({"loss": 1}, {"loss": 1}, "test"), (None, {"loss": 1}, "validation"), (None, None, "train"), ({}, {}, "train")],
)
def test_figures_are_drawn_of_the_last_part_that_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], test: Any, validation: Any, split: str
) -> None:
    drawn: list[Any] = []
    figures = "pellucid.workbench.figures.of_run.draw_run"
    monkeypatch.setattr("pellucid.workbench.experiments.finished.open_run", lambda path: f"run {path}")
    monkeypatch.setattr("pellucid.workbench.evaluation.evaluation.evaluate_run", lambda run, split: f"{run}, {split}")
    monkeypatch.setattr(figures, lambda run, found, *, split: drawn.append((run, found, split)))
    summary = {"test": test, "validation": validation}
    with Output(as_json=False) as output:
        train._draw(RunFolder(Path("r")), summary, output)
        assert drawn == [("run r", f"run r, {split}", split)]

        def fails(*words: Any, **more: Any) -> None:
            raise DataError("There is nothing.")

        monkeypatch.setattr(figures, fails)
        assert train._draw(RunFolder(Path("r")), summary, output) is None
    said = "No figures are drawn: There is nothing. The run is complete without them.\n"
    assert capsys.readouterr() == ("", said)


@pytest.mark.parametrize("words", [[], ["--figures"]])
def test_figures_are_drawn_where_they_are_asked_for(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[Path] = []

    class Drawn:
        def as_json(self) -> Any:
            return {"files": ["a.png"]}

        def __str__(self) -> str:
            return "drawn: a.png"

    def draw(folder: RunFolder, summary: dict[str, Any], output: Any) -> Any:
        drawn.append(folder.path)
        return Drawn()

    needed: list[str] = []
    monkeypatch.setattr("pellucid.workbench.figures.of_run.require_matplotlib", needed.append)
    monkeypatch.setattr(train, "_draw", draw)
    own = ["train", "--model", "ann", "--dataset", "iris", "--set", "train.epochs=1", "--quiet", *words]
    assert main([*own, "--out", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.get("figures") == ({"files": ["a.png"]} if words else None)
    assert told["run"] == "run" and told["epochs"] == 1
    assert main([*own, "--out", "again"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (lines[-1] == "drawn: a.png") is bool(words) and lines[-1] != "None"
    assert needed == 2 * words and drawn == ([Path("run"), Path("again")] if words else [])


def test_a_proposal_is_taken_section_by_section() -> None:
    proposed = {"model": {"a": 1}, "loss": {"type": "mse"}, "optimizer": {"lr": 1}, "train": {"epochs": 2}}
    whole, taken = completed({"model": "ann", "objective": "x", "optimizer": {"lr": 5}}, proposed, "Here")
    assert whole == {"model": "ann", "objective": "x", "optimizer": {"lr": 5}, "train": {"epochs": 2}}
    assert taken == {"optimizer": {"lr": 5}, "train": {"epochs": 2}}


@pytest.mark.parametrize(
    ("depth", "parents", "place", "end"),
    [
        (2, True, (3, 7), "It goes on: pellucid why run 'w.grad[3,7]', or --depth 4."),
        (2, True, (), "It goes on: pellucid why run 'w.grad', or --depth 4."), (3, True, (1,), ""),
        (2, False, (1,), ""),
    ],
)  # fmt: skip
def test_why_says_where_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], depth: int, parents: bool, place: Any, end: str
) -> None:
    class Reason(SimpleNamespace):
        def __str__(self) -> str:
            return str(self.text)

    reasons = [Reason(text="one", parents=[1]), Reason(text="two", parents=[1] if parents else [])]
    asked: list[Any] = []
    monkeypatch.setattr(why, "opened", lambda args, output: SimpleNamespace(setting=SimpleNamespace(step=4)))

    def chain(trace: Any, *words: Any) -> list[Any]:
        asked.append(words)
        return reasons

    monkeypatch.setattr("pellucid.glassbox.why.asking.chain", chain)
    monkeypatch.setattr("pellucid.glassbox.why.asking.onward", lambda trace, last: ("w.grad", place))
    monkeypatch.setattr(why, "as_data", lambda reason: reason.text)
    with Output(as_json=False) as output:
        why.run(Namespace(cell="loss[1, 2]", depth=depth, run=Path("run")), output)
    assert capsys.readouterr().out == "one\n\ntwo" + (f"\n\n{end}" if end else "") + "\n"
    assert asked == [("loss", (1, 2), depth)]
    with Output(as_json=True) as output:
        why.run(Namespace(cell="loss", depth=depth, run=Path("run")), output)
    assert '"step": 5' in capsys.readouterr().out
    with Output(as_json=False) as output, pytest.raises(ConfigError, match=r"--depth must be at least 1\. Received: 0"):
        why.run(Namespace(cell="loss", depth=0, run=Path("run")), output)


@pytest.mark.parametrize("cell", ["", "a[x]", "a[1,]", "a[1.5]", "a[1234567890123456789]", "a[--1]"])
def test_cells_that_are_none(cell: str) -> None:
    with pytest.raises(ConfigError, match="A number of a step is named by its quantity and its place"):
        why.parse_cell(cell)


def test_cells() -> None:
    cells = {
        "loss": ("loss", ()), "a.b[3, -7]": ("a.b", (3, -7)), " a[0] ": ("a", (0,)), "a[]": ("a", ()),
        "a[123456789012345678]": ("a", (123456789012345678,)),
    }  # fmt: skip
    assert {text: why.parse_cell(text) for text in cells} == cells
