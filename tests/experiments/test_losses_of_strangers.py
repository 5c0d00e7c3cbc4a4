"""A loss that the core has never heard of: how many outputs it asks for, which probabilities it reads from them, which
metrics it names; and a callback that chooses an epoch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.testing.registries import use_registry
from pellucid.workbench.experiments.inference import outputs_of
from pellucid.workbench.experiments.predictions import interpret

from tests.experiments.support import Shell
from tests.fake_plugins import install

REGISTER = """
registry.loss("stages", "{module}.losses:Stages", summary="classes in order, one question after the other")
registry.loss("named", "{module}.losses:Named", summary="the same, which names its metric")
registry.metric("rank", "{module}.losses:Rank", summary="how far from the true class, in classes")
registry.callback("first", "{module}.losses:First", summary="the weights of the first epoch")
registry.objective("doubled", "{module}.losses:Doubled", summary="twice a loss")
"""
LOSSES = '''
"""Classes in an order, asked for one after the other: is it the first? If not, is it the second? …"""
import numpy as np
from pellucid import Callback, Loss, Metric, Objective


def sigma(z):
    return 1 / (1 + np.exp(-z))


class Stages(Loss):
    """``p(k) = σ(zₖ) Πⱼ₍ⱼ<ₖ₎ (1 − σ(zⱼ))`` with K − 1 logits for K classes; the loss is ``−log p(t)``."""

    def forward(self, ctx, prediction, target, weight=None):
        k = np.arange(prediction.shape[1])
        asked, yes = k <= target[:, None], k == target[:, None]
        ctx.count = float(len(prediction))
        ctx.gradient = (asked * (sigma(prediction) - yes) / ctx.count).astype(prediction.dtype)
        surprise = asked * np.log1p(np.exp(np.where(yes, -prediction, prediction)))
        return surprise.sum(dtype="float64") / ctx.count

    def backward(self, ctx):
        return ctx.gradient

    def probabilities(self, outputs):
        no = 1 - sigma(outputs.astype(np.float64))
        reached = np.concatenate([np.ones((len(no), 1)), no.cumprod(axis=1)], axis=1)
        return reached * np.concatenate([1 - no, np.ones((len(no), 1))], axis=1)

    def outputs_for(self, targets):
        return int(targets.max())


class Named(Stages):
    """It knows which metric reads K − 1 logits."""

    def default_metrics(self, *, labels):
        return ("acme/rank",) if labels else ()


class Rank(Metric):
    """The mean distance between the class that is meant and the true one."""

    def reset(self):
        self.distances = []

    def update(self, prediction, target, weight=None):
        stop = np.append(prediction, np.full((len(prediction), 1), np.inf), axis=1) > 0
        self.distances += abs(stop.argmax(axis=1) - target).tolist()

    def result(self):
        return float(np.mean(self.distances))


class First(Callback):
    """The model ends with the weights of the first epoch."""

    def __init__(self):
        self.weights = None

    def on_epoch_end(self, run):
        if self.weights is None:
            self.weights = run.model.runtime.arena.data.copy()

    def on_run_end(self, run):
        run.model.runtime.arena.data[...] = self.weights

    def choice(self, trainer):
        return (None if self.weights is None else 1), "loss"


class Doubled(Objective):
    """Twice a loss."""

    needs_target = True

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def forward(self, ctx, model, batch):
        value = self.loss.forward(ctx.child("loss"), model.forward(ctx.child("model"), *batch.inputs), batch.y)
        ctx.count = ctx.child("loss").count
        return 2 * value

    def backward(self, ctx, model):
        model.backward(ctx.child("model"), 2 * self.loss.backward(ctx.child("loss")))

    def probabilities(self, outputs):
        return self.loss.probabilities(outputs)

    def outputs_for(self, targets):
        return self.loss.outputs_for(targets)
'''
SAMPLES = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]], np.float32)
CHOSEN = {
    "loss": ["--loss", "acme/stages"],
    "objective": ["--objective", "acme/doubled", "--set", "objective.loss=acme/stages"],
}


@pytest.fixture(autouse=True)
def plugin(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin ``acme`` beside the installed ones."""
    site = tmp_path_factory.mktemp("site")
    install(site, "acme", REGISTER, module="plugin_stages", modules={"losses": LOSSES})
    monkeypatch.syspath_prepend(str(site))
    with use_registry(Registry(Plugins())):
        yield
    for module in [name for name in sys.modules if name.startswith("plugin_stages")]:
        del sys.modules[module]


@pytest.mark.parametrize("section", CHOSEN)
def test_it_sizes_the_model_and_gives_probabilities(pellucid: Shell, section: str) -> None:
    Path("iris.toml").write_text(Path("iris.toml").read_text() + "metrics = []\n")
    pellucid("train", "iris.toml", "--out", "run", "--quiet", *CHOSEN[section], "--set", "train.epochs=60")
    np.save("two.npy", SAMPLES)

    told = pellucid.json("predict", "run", "two.npy", "--probabilities")

    model = pl.load("run/model.safetensors")
    assert model.runtime.config["outputs"] == 2  # for three classes
    first, second = 1 / (1 + np.exp(-model.predict(SAMPLES).astype(float).T))
    expected = np.stack([first, (1 - first) * second, (1 - first) * (1 - second)], axis=1)
    np.testing.assert_allclose([list(sample["probabilities"].values()) for sample in told], expected, rtol=1e-6)
    assert [sample["class"] for sample in told] == ["setosa", "virginica"]


@pytest.mark.parametrize(("loss", "figures"), [("acme/stages", {"loss"}), ("acme/named", {"loss", "rank"})])
def test_the_figures_are_those_that_read_its_outputs(pellucid: Shell, loss: str, figures: set[str]) -> None:
    """Accuracy would take the largest of K - 1 logits for the class."""
    summary = pellucid.json("train", "iris.toml", "--out", "run", "--quiet", "--loss", loss)
    assert set(summary["test"]) == figures
    assert set(pellucid.json("evaluate", "run")) >= figures


def test_a_callback_that_chooses_an_epoch_is_believed(pellucid: Shell) -> None:
    setting = 'train.callbacks=["acme/first"]'
    summary = pellucid.json("train", "iris.toml", "--out", "run", "--quiet", "--set", setting)
    assert (summary["best_epoch"], summary["chosen_by"], summary["epochs"]) == (1, "loss", 5)
    lines = [json.loads(line) for line in Path("run/metrics.jsonl").read_text().splitlines()]
    assert summary["validation"]["loss"] == lines[0]["validation_loss"]
    assert "best_epoch" not in Path("run/experiment.toml").read_text()


def test_an_objective_that_needs_targets_says_which_are_missing(pellucid: Shell) -> None:
    pellucid(
        "train", "iris.toml", "--out", "run", "--quiet", *CHOSEN["objective"], "--set", "train.metrics=[]",
        "--set", "train.epochs=1",
    )  # fmt: skip
    np.savez("two.npz", x=SAMPLES)
    assert "two.npz has no targets, so there is nothing to compare with" in pellucid.refused(
        "evaluate", "run", "--data", "two.npz"
    )


def test_a_loss_that_says_nothing_leaves_the_outputs_as_they_are() -> None:
    splits = pl.load_dataset("iris")
    assert outputs_of(splits, pl.create("loss", "mse")) == 3
    model = pl.build("ann", input_shape=(4,), outputs=3, seed=0)
    pl.Trainer(model, loss="mse", seed=0).fit((splits.train.x, np.eye(3)[splits.train.y]), verbose=False)
    assert interpret(model, model.predict(SAMPLES)).probabilities is None
