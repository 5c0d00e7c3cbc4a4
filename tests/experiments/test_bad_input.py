"""Bad input: one clear message, exit code 2, no traceback, no run folder left behind."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pellucid.registry.registry import Registry

from tests.experiments.support import Shell

MISTAKES = """
[dat]
type = "iris"

[data]
type = "irs"
seed = -1

[model]
type = "ann"
hiden = [3]
dropout = "a lot"

[loss]
type = "softmax_cross_entrop"

[objective]
type = "supervised"

[optimizer]
type = "adam"
lr = -1.0
momentum = 0.9

[schedule]
final = 3.0

[train]
epochs = 0
batch_size = "many"
metrics = ["acuracy"]
callbacks = ["best_epok"]
seeed = 3
dtype = "float16"
clip_norm = 0.0
threads = 1000
backend = "cytho"
"""


def test_all_mistakes_at_once_each_with_its_path(pellucid: Shell) -> None:
    Path("bad.toml").write_text(MISTAKES)
    message = pellucid.refused("train", "bad.toml", "--out", "run")
    for expected in [
        "19 mistakes in the configuration:",
        "dat: an experiment has no such section. Did you mean 'data'? Allowed: data, model, loss,",
        "data.seed: expected an int of at least 0. Received: -1.",
        "data.type: Unknown dataset 'irs'. Did you mean 'iris'?",
        "model.hiden: ann/ann has no such argument. Did you mean 'hidden'? Allowed: outputs, hidden, activation,",
        "model.dropout: expected float. Received: 'a lot' (str).",
        "loss.type: Unknown loss 'softmax_cross_entrop'. Did you mean 'softmax_cross_entropy'?",
        "objective: give [loss] or [objective], not both",
        "objective.loss: missing.",
        "optimizer.momentum: core/adam has no such argument.",
        "schedule.type: missing.",
        "train.batch_size: expected int. Received: 'many' (str).",
        "train.metrics.0: Unknown metric 'acuracy'. Did you mean 'accuracy'?",
        "train.callbacks.0: Unknown callback 'best_epok'. Did you mean 'best_epoch'?",
        "train.seeed: [train] has no such argument. Did you mean 'seed'? Allowed: epochs, batch_size,",
        "train.dtype: expected one of 'float32', 'float64'. Received: 'float16' (str).",
        "train.epochs: The 'epochs' of TrainSettings must be an int in [1, inf). Received: 0.",
        "train.clip_norm: The 'clip_norm' of TrainSettings must be a float in (0, inf). Received: 0.0.",
        "train.threads: The 'threads' of TrainSettings must be an int in [1, 256]. Received: 1000.",
        "train.backend: Unknown backend 'cytho'. Did you mean 'cython'?",
    ]:
        assert expected in message
    assert not Path("run").exists()


def test_errors_as_json(pellucid: Shell) -> None:
    pellucid("train", "--model", "ann", "--dataset", "irs", "--json", code=2)
    told = json.loads(pellucid.err)
    assert told["error"]["type"] == "ConfigError"
    assert "Did you mean 'iris'" in told["error"]["message"]
    assert pellucid.out == ""


def test_debug_shows_where_it_comes_from(pellucid: Shell) -> None:
    pellucid("train", "--model", "ann", "--dataset", "irs", "--debug", code=2)
    assert "Traceback" in pellucid.err and "Did you mean 'iris'" in pellucid.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "needs an experiment: a file, pellucid train experiment.toml"),
        (["--model", "ann"], "needs an experiment"),
        (["none.toml"], "Cannot read the experiment none.toml: No such file or directory"),
        (["."], "Cannot read the experiment .: Is a directory"),
        (["picture.toml"], "picture.toml is no text in UTF-8"),
        (["torn.toml"], "torn.toml is not valid TOML: "),
        (["empty.toml"], "2 mistakes"),
        (["empty.toml"], "model: missing. It names the model"),
        (["iris.toml", "--datset", "iris"], "Did you mean '--dataset'?"),
        (["iris.toml", "--set", "epochs"], "expected SECTION.KEY=VALUE"),
        (["iris.toml", "--set", "train..epochs=3"], "expected SECTION.KEY=VALUE"),
        (["iris.toml", "--set", "model.hidden=[3"], "the value is not valid TOML"),
        (["iris.toml", "--set", "train.epochs=True"], "the value is not valid TOML"),
        (["iris.toml", "--set", "train.epochs.x=3"], "train.epochs is not a table with keys"),
        (["iris.toml", "--set", "model.hidden.5=3"], "model.hidden is a list of 1 items"),
        (["iris.toml", "--set", "train.epochs=2.5"], "train.epochs: expected int. Received: 2.5 (float)"),
        (["iris.toml", "--set", "train=3"], "train: expected a table. Received: 3"),
        (["iris.toml", "--set", "model=3"], "model: expected a model or layer"),
        (["iris.toml", "--set", "trane.epochs=3"], "trane: an experiment has no such section. Did you mean 'train'?"),
        (["iris.toml", "--loss", "mse", "--objective", "supervised"], "objective.loss: missing"),
        (["iris.toml", "--out", "full"], "The run folder full exists already and is not empty"),
        (["iris.toml", "--out", "iris.toml"], "Cannot make the run folder iris.toml"),
        (["iris.toml", "--set", "train.backend=cupy"], "cupy"),
        (["iris.toml", "--set", "model.input_shape=[5]"], "must have shape (N, 5), one sample a row. Received: (90,"),
        (["iris.toml", "--set", "model.outputs=2"], "class indices from 0 to 1"),
        (["iris.toml", "--set", "data.validation=200"], "leave none to train on"),
        (["layers.toml"], "layers.1"),
        (["iris.toml", "--set", "model.hidden=[1000000000, 1000000000]"], "numbers, with their gradients, would take"),
    ],
)
def test_train_refuses(pellucid: Shell, words: list[str], message: str) -> None:
    Path("full").mkdir()
    Path("full/thesis.txt").write_text("do not overwrite")
    Path("picture.toml").write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    Path("torn.toml").write_text('[data]\ntype = "ir')
    Path("empty.toml").write_text("")
    Path("layers.toml").write_text(
        '[data]\ntype = "iris"\n[model]\ntype = "sequential"\n'
        'layers = [{type = "dense", units = 4}, {type = "residual", layer = {type = "dense", units = 5}}]\n'
        '[loss]\ntype = "mse"\n'
    )
    out = () if "--out" in words else ("--out", "run")
    assert message in pellucid.refused("train", *words, *out)
    assert not Path("run").exists()
    assert sorted(p.name for p in Path("full").iterdir()) == ["thesis.txt"]


def test_shapes_that_do_not_fit_name_the_layer_and_the_shapes_so_far(pellucid: Shell) -> None:
    Path("layers.toml").write_text(
        '[data]\ntype = "iris"\n[model]\ntype = "sequential"\n'
        'layers = [{type = "dense", units = 4}, {type = "residual", layer = {type = "dense", units = 5}}]\n'
    )
    message = pellucid.refused("train", "layers.toml")
    assert "model: layers.1 (Residual)" in message
    assert "The shapes so far: input (4,) → Dense (4,)" in message


GOOD = {"x": np.arange(40, dtype=np.float32).reshape(20, 2), "y": np.arange(20) % 2}


def broken(**changes: object) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in (GOOD | changes).items()}


def with_nan() -> np.ndarray:
    x = GOOD["x"].copy()
    x[7, 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (broken(x=with_nan()), "row 7, column 1"),
        (broken(x=np.zeros((0, 2)), y=np.zeros(0, int)), "no samples"),
        (broken(y=np.arange(19.0)), "one row for each sample"),
        (broken(y=GOOD["y"] * 0), "all 20 samples are of the class '0'"),
        (broken(x=np.zeros(20)), "one sample a row"),
        (broken(x=np.array(["a"] * 20)), "must hold real numbers"),
        ({"images": np.zeros(3)}, "must hold an array 'x'"),
        ({"x": GOOD["x"]}, "The data has no targets, so the number of outputs is unknown"),
        (broken(y=np.array([{}] * 20, object)), "Python objects"),
    ],
)
def test_data_that_cannot_be_used(pellucid: Shell, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez("data.npz", **arrays)
    words = ("--model", "ann", "--dataset", "files", "--set", "data.train=data.npz", "--out", "run")
    assert message in pellucid.refused("train", *words)
    assert not Path("run").exists()


@pytest.mark.parametrize("words", [("train", "--model", "ann", "--dataset"), ("show-data",)])
def test_a_text_that_is_no_table_is_told_who_learns_from_it(
    pellucid: Shell, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("glass.txt").write_text("to see through\na network of glass\n" * 20)
    said = pellucid.refused(*words, "glass.txt")
    assert "running text, the data set transformer/running_text reads it" in said and "/language_model" in said
    monkeypatch.setattr(Registry, "entries", lambda self, kind=None: [])  # pellucid-transformer is not installed
    assert "pip install pellucid-transformer, then --model language_model" in pellucid.refused(*words, "glass.txt")
    Path("glass.csv").write_text(Path("glass.txt").read_text())
    assert "running text" not in pellucid.refused(*words, "glass.csv")


def test_values_for_a_model_of_classes_alone(pellucid: Shell) -> None:
    np.savez("data.npz", **broken(y=GOOD["y"] + 0.5))
    words = ("--model", "logistic_regression", "--dataset", "files", "--set", "data.train=data.npz", "--out", "run")
    assert "as mse (an architecture may call it task = 'regression')" in pellucid.refused("train", *words)


def test_labels_out_of_range_of_the_model(pellucid: Shell) -> None:
    np.savez("data.npz", x=GOOD["x"], y=np.arange(20) % 3)
    message = pellucid.refused(
        "train", "--model", "ann", "--dataset", "files", "--set", "data.train=data.npz", "--set", "model.outputs=2"
    )
    assert "In the training data" in message and "Received: 2 in row" in message


def test_no_numbers_where_numbers_are_needed(pellucid: Shell) -> None:
    Path("data.csv").write_text("a,b,y\n1,2,0\n1,x,1\n")
    message = pellucid.refused(
        "train", "--model", "ann", "--dataset", "files", "--set", "data.train=data.csv", "--set", "data.target=y"
    )
    assert "data.csv, line 3, column 'b': expected a number. Received: 'x'" in message


@pytest.mark.parametrize("line", [b"nonsense\n", b"\xff\n", b"[3]\n", b'{"epoch": "one"}\n'])
def test_a_foreign_line_in_the_metrics_is_named(pellucid: Shell, line: bytes) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet", "--set", "train.epochs=2")
    first, second = Path("run/metrics.jsonl").read_bytes().splitlines(keepends=True)
    Path("run/metrics.jsonl").write_bytes(first + line + second)
    message = pellucid.refused("train", "--resume", "--out", "run", "--quiet", "--set", "train.epochs=3")
    assert "run/metrics.jsonl, line 2: expected the figures of an epoch as JSON. Received: b" in message


def test_metrics_that_are_gone_are_told(pellucid: Shell) -> None:
    pellucid("train", "iris.toml", "--out", "run", "--quiet", "--set", "train.epochs=2")
    Path("run/metrics.jsonl").unlink()
    pellucid("train", "--resume", "--out", "run", "--quiet", "--set", "train.epochs=3")
    assert "run/metrics.jsonl holds 0 of the 2 epochs so far" in pellucid.err
    assert [json.loads(line)["epoch"] for line in Path("run/metrics.jsonl").read_text().splitlines()] == [3]
