"""pellucid train: the run folder, choice of the epoch, reproducibility, continuation."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.workbench.experiments.inference import input_shape_of

from tests.experiments.support import Shell


@pytest.mark.parametrize("draws", [True])
def test_run_folder_holds_everything(pellucid: Shell) -> None:
    summary = pellucid.json("train", "iris.toml", "--out", "run")

    assert {p.name for p in Path("run").iterdir()} == {
        "experiment.toml", "metrics.jsonl", "model.safetensors", "checkpoint.safetensors", "summary.json", "curves.png",
    }  # fmt: skip
    epochs = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3, 4, 5]
    assert {"step", "loss", "validation_loss", "validation_accuracy", "lr", "seconds"} < set(epochs[0])
    assert summary == {"run": "run", **json.loads(Path("run/summary.json").read_text())}
    assert Path("run/curves.png").read_bytes().startswith(b"\x89PNG")


def test_summary_tells_what_happened(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run")
    summary = json.loads(Path("run/summary.json").read_text())
    epochs = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]

    best = max(epochs, key=lambda epoch: (epoch["validation_accuracy"], -epoch["validation_loss"]))
    assert summary["best_epoch"] == best["epoch"]
    assert summary["validation"]["accuracy"] == best["validation_accuracy"]
    assert summary["samples"] == {"train": 90, "validation": 30, "test": 30}
    assert summary["parameters"] == 4 * 8 + 8 + 8 * 3 + 3
    assert (summary["epochs"], summary["steps"], summary["seed"]) == (5, 5 * 6, 0)
    assert summary["training_seconds"] > 0
    assert summary["versions"]["pellucid"] == pl.__version__
    assert "pellucid-ann" in summary["versions"]
    assert summary["machine"]["dtype"] == "float32"


def test_text_for_people_and_plain_progress_lines(pellucid: Shell) -> None:
    out = pellucid("train", "iris.toml", "--out", "run", "--set", "train.epochs=2")
    assert "best epoch" in out and "chosen by validation_accuracy" in out and "run folder  run" in out
    lines = pellucid.err.splitlines()
    assert lines[-1].startswith("epoch 2/2  loss 0.")
    assert "\r" not in pellucid.err and "\x1b" not in pellucid.err


def test_quiet(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    assert pellucid.err == ""


def test_resolved_experiment_trains_the_same_model_again(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "a", "--quiet", "--set", "model.dropout=0.2")
    resolved = tomllib.loads(Path("a/experiment.toml").read_text())
    assert resolved["model"]["type"] == "ann/ann"
    assert resolved["model"]["outputs"] == 3
    assert resolved["model"]["input_shape"] == [4]
    assert resolved["objective"]["loss"]["type"] == "core/softmax_cross_entropy"
    assert resolved["data"]["seed"] == resolved["train"]["seed"] == 0

    pellucid("train", "a/experiment.toml", "--out", "b", "--quiet")
    assert Path("a/model.safetensors").read_bytes() == Path("b/model.safetensors").read_bytes()
    assert Path("a/experiment.toml").read_bytes() == Path("b/experiment.toml").read_bytes()
    one, two = (json.loads(Path(run, "summary.json").read_text()) for run in "ab")
    assert one["test"] == two["test"]


def test_drawn_seed_is_recorded_and_gives_the_same_bits_again(pellucid: Shell) -> None:
    words = ("train", "--model", "ann", "--dataset", "half_moons", "--set", "data.n=200", "--set", "train.epochs=2")
    first = pellucid.json(*words, "--out", "a", "--quiet")
    again = pellucid.json(*words, "--out", "b", "--quiet", "--set", f"train.seed={first['seed']}")
    other = pellucid.json(*words, "--out", "c", "--quiet")
    assert first["test"] == again["test"]
    assert first["seed"] != other["seed"]
    assert Path("a/model.safetensors").read_bytes() == Path("b/model.safetensors").read_bytes()
    assert Path("a/model.safetensors").read_bytes() != Path("c/model.safetensors").read_bytes()


def test_default_folder_has_a_telling_name_and_never_clashes(pellucid: Shell) -> None:
    words = ("train", "--model", "logistic_regression", "--dataset", "iris", "--set", "train.epochs=1", "--quiet")
    runs = {pellucid.json(*words)["run"] for _ in range(3)}
    assert len(runs) == 3
    assert all(run.startswith("runs/logistic_regression-iris-") for run in runs)


def test_options_override_the_file(pellucid: Shell) -> None:
    pellucid(
        "train", "iris.toml", "--out", "run", "--quiet", "--model", "logistic_regression", "--dataset", "half_moons",
        "--optimizer", "sgd", "--schedule", "cosine", "--loss", "softmax_cross_entropy", "--sampler", "balanced",
        "--set", "optimizer.momentum=0.9", "--set", "train.epochs=2", "--set", "data.n=100",
    )  # fmt: skip
    resolved = tomllib.loads(Path("run/experiment.toml").read_text())
    assert resolved["model"] == {"type": "ann/logistic_regression", "outputs": 2, "input_shape": [2]}
    assert resolved["data"]["n"] == 100
    assert resolved["optimizer"]["momentum"] == 0.9
    assert resolved["schedule"]["type"] == "core/cosine"
    assert resolved["loss"]["type"] == "core/softmax_cross_entropy"
    assert resolved["sampler"] == {"type": "core/balanced"}


@pytest.mark.parametrize(
    ("setting", "section", "key", "value"),
    [
        ("model.hidden=[4, 4]", "model", "hidden", [4, 4]),
        ("model.activation=tanh", "model", "activation", "tanh"),
        ('model.activation="tanh"', "model", "activation", "tanh"),
        ("optimizer.lr=1e-3", "optimizer", "lr", 1e-3),
        ("train.clip_norm=1", "train", "clip_norm", 1.0),
        ("train.accumulate=2", "train", "accumulate", 2),
        ("train.dtype=float64", "train", "dtype", "float64"),
        ("data.validation=12", "data", "validation", 12),
    ],
)
def test_set(pellucid: Shell, setting: str, section: str, key: str, value: object) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet", "--set", setting, "--set", "train.epochs=1")
    assert tomllib.loads(Path("run/experiment.toml").read_text())[section][key] == value


def test_components_may_be_given_by_bare_names(pellucid: Shell) -> None:
    Path("short.toml").write_text(
        'data = "iris"\nmodel = "ann"\noptimizer = "sgd"\nschedule = "cosine"\n[train]\nepochs = 1\nseed = 1\n'
    )
    pellucid("train", "short.toml", "--out", "run", "--quiet", "--set", "optimizer.lr=0.1", "--set", "model.hidden=[3]")
    resolved = tomllib.loads(Path("run/experiment.toml").read_text())
    assert (resolved["optimizer"]["type"], resolved["optimizer"]["lr"]) == ("core/sgd", 0.1)
    assert resolved["model"]["hidden"] == [3]


def test_layers_written_out(pellucid: Shell) -> None:
    Path("layers.toml").write_text(
        """
        [data]
        type = "iris"
        [model]
        type = "sequential"
        layers = [{type = "dense", units = 4, activation = "tanh"}, {ref = "layers.0", transpose = true},
                  {type = "dense", units = 3}]
        [loss]
        type = "softmax_cross_entropy"
        [train]
        epochs = 2
        seed = 0
        """
    )
    pellucid("train", "layers.toml", "--out", "a", "--quiet", "--set", "model.layers.0.units=6")
    resolved = tomllib.loads(Path("a/experiment.toml").read_text())
    assert resolved["model"]["layers"][0]["units"] == 6
    pellucid("train", "a/experiment.toml", "--out", "b", "--quiet")
    assert Path("a/model.safetensors").read_bytes() == Path("b/model.safetensors").read_bytes()


def test_epoch_is_chosen_on_validation_data_and_the_test_set_is_read_once(
    pellucid: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pellucid.training import evaluation, trainer

    seen: list[int] = []

    def spy(model, objective, metrics, batches, **options):
        batches = list(batches)
        seen.append(sum(rows.stop - rows.start for rows, _ in batches))
        return evaluation.evaluate(model, objective, metrics, batches, **options)

    monkeypatch.setattr(trainer, "evaluate", spy)
    pellucid("train", "iris.toml", "--out", "run", "--quiet", "--set", "data.validation=20", "--set", "data.test=31")
    assert seen == [20] * 5 + [31]


def test_without_validation_data_the_last_epoch_is_taken(pellucid: Shell) -> None:
    summary = pellucid.json("train", "iris.toml", "--out", "run", "--quiet", "--set", "data.validation=0")
    assert (summary["best_epoch"], summary["chosen_by"], summary["validation"]) == (5, None, {})


def test_without_test_data_there_are_no_test_figures(pellucid: Shell) -> None:
    summary = pellucid.json("train", "iris.toml", "--out", "run", "--quiet", "--set", "data.test=0")
    assert summary["test"] is None
    assert "test        none" in pellucid("train", "iris.toml", "--out", "b", "--quiet", "--set", "data.test=0")


def test_monitor_of_ones_own(pellucid: Shell) -> None:
    setting = 'train.callbacks=[{type = "best_epoch", monitor = "validation_loss"}]'
    summary = pellucid.json("train", "iris.toml", "--out", "run", "--quiet", "--set", setting)
    assert summary["chosen_by"] == "validation_loss"


def test_regression_from_files(pellucid: Shell) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3)).astype(np.float32)
    np.savez("data.npz", x=x, y=x @ np.array([1.0, -2.0, 0.5], np.float32) + 0.25)
    Path("r.toml").write_text(
        """
        [data]
        type = "files"
        train = "data.npz"
        [model]
        type = "ann"
        hidden = []
        [optimizer]
        type = "adam"
        lr = 0.1
        [train]
        epochs = 60
        seed = 0
        """
    )
    summary = pellucid.json("train", "r.toml", "--out", "run", "--quiet")
    assert summary["chosen_by"] == "validation_rmse"
    assert summary["test"]["loss"] < 1e-3 and summary["test"]["rmse"] < 0.1 and summary["test"]["r2"] > 0.999
    assert "accuracy" not in summary["test"]


def test_values_of_any_size_are_learned_and_predicted_in_their_own_unit(pellucid: Shell) -> None:
    """Left as they are, these prices would be out of reach for any number of small steps."""
    rng = np.random.default_rng(0)
    area, age = rng.uniform(40, 130, 80), rng.uniform(0, 50, 80)
    price = 3000.5 * area - 1000 * age + 1e6
    rows = "".join(f"{a!r},{b!r},{p!r}\n" for a, b, p in zip(area.tolist(), age.tolist(), price.tolist(), strict=True))
    Path("houses.csv").write_text("area,age,price\n" + rows)
    summary = pellucid.json(
        "train", "--model", "ann", "--dataset", "files", "--set", "data.train='houses.csv'",
        "--set", "data.target=price", "--set", "model.hidden=[]", "--set", "optimizer.lr=0.05",
        "--set", "train.epochs=60", "--set", "train.seed=0", "--out", "run", "--quiet",
    )  # fmt: skip
    assert summary["test"]["r2"] > 0.999 and summary["test"]["rmse"] < 3000
    assert pellucid.json("evaluate", "run")["rmse"] == summary["test"]["rmse"]
    predicted = [record["outputs"]["price"] for record in pellucid.json("predict", "run", "houses.csv")]
    assert np.sqrt(np.mean((np.array(predicted) - price) ** 2)) < 3000
    assert "target_transforms = [" in Path("run/experiment.toml").read_text()
    plain = pellucid.json(
        "train", "run/experiment.toml", "--set", "data.target_transforms=[]", "--out", "plain", "--quiet"
    )
    assert plain["test"]["r2"] < 0


@pytest.mark.parametrize("draws", [True])
def test_curves_without_matplotlib(pellucid: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pellucid.workbench.experiments.curves", None)  # importing it fails, as it would
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    assert "curves.png is not drawn, because matplotlib is not installed: pip install 'pellucid[plot]'" in pellucid.err
    assert not Path("run/curves.png").exists()
    assert Path("run/summary.json").exists()


# -- continuing ------------------------------------------------------------------------------------------------------


def test_resume_gives_the_bits_of_an_uninterrupted_run(pellucid: Shell) -> None:
    words = ("--quiet", "--set", "model.dropout=0.3")
    pellucid("train", "iris.toml", "--out", "whole", *words, "--set", "train.epochs=8")
    pellucid("train", "iris.toml", "--out", "part", *words, "--set", "train.epochs=3")
    pellucid("train", "--resume", "--out", "part", "--quiet", "--set", "train.epochs=8")
    assert Path("whole/model.safetensors").read_bytes() == Path("part/model.safetensors").read_bytes()
    one, two = (json.loads(Path(run, "summary.json").read_text()) for run in ("whole", "part"))
    assert one["test"] == two["test"]
    lines = {run: Path(run, "metrics.jsonl").read_text().splitlines() for run in ("whole", "part")}
    epochs = {run: [json.loads(line) | {"seconds": 0} for line in texts] for run, texts in lines.items()}
    assert epochs["whole"] == epochs["part"]


def test_resume_of_a_finished_run_gives_its_summary_again(pellucid: Shell) -> None:
    first = pellucid.json("train", "iris.toml", "--out", "run", "--quiet")
    again = pellucid.json("train", "--resume", "--out", "run", "--quiet")
    assert again["test"] == first["test"]
    assert len(Path("run/metrics.jsonl").read_text().splitlines()) == 5


def test_resume_drops_lines_after_the_checkpoint_and_leftovers(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    before = Path("run/metrics.jsonl").read_text()
    Path("run/metrics.jsonl").write_text(before + '{"epoch": 6, "step": 36, "loss": 0.1}\n{"epoch": 7, "st')
    Path("run/.pellucid-0123456789abcdef.partial").write_bytes(b"left by a kill")
    pellucid("train", "--resume", "--out", "run", "--quiet")
    assert Path("run/metrics.jsonl").read_text() == before
    assert not list(Path("run").glob(".*"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--resume"], "--resume needs the folder"),
        (["--resume", "--out", "nowhere"], "nowhere holds no run that can be continued: experiment.toml is missing"),
        (["--resume", "--out", "run", "--set", "train.epochs=2"], "has had 5 epochs, and train.epochs = 2"),
        (["--resume", "--out", "run", "--set", "optimizer.lr=0.5"], r"optimizer.lr: 0.02 in the checkpoint, 0.5 now"),
        (["--resume", "--out", "run", "--set", "model.hidden=[9]"], r"model.config.hidden"),
        (["iris.toml", "--out", "run"], "exists already and is not empty. Choose another --out, or continue"),
    ],
)
def test_what_cannot_be_continued(pellucid: Shell, words: list[str], message: str) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet")
    before = {path: path.read_bytes() for path in Path("run").iterdir()}
    assert message in pellucid.refused("train", *words)
    assert {path: path.read_bytes() for path in Path("run").iterdir()} == before


def test_inputs_that_the_objective_makes_come_after_those_of_the_data() -> None:
    splits = pl.load_dataset("iris")
    assert input_shape_of(splits) == [4]
    assert input_shape_of(splits, ((), (3,))) == [[4], [], [3]]
    image = pl.Split(np.zeros((5, 2, 3)))
    assert input_shape_of(pl.Splits(image, image, image), transforms=["flatten"]) == [6]
