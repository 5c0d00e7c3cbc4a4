"""A trace speaks of what it was taken of: where that is another now, it says so and explains nothing wrongly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.standard.optimizers.sgd import SGD

ASKED: dict[str, Callable[[Any], Any]] = {
    "replay": lambda trace: trace.replay(),
    "certify": lambda trace: trace.certify(10),
    "what_if": lambda trace: trace.what_if("layers.0.weight", (0, 0), 0.1),
    "samples": lambda trace: trace.samples("layers.0.weight.grad"),
    "why": lambda trace: [trace.why(name, (0,) * trace[name].ndim) for name in trace.names()],
    "html": lambda trace: trace.html("never.html"),
    "save": lambda trace: trace.save("never.safetensors"),
}


def taken(**changed: Any) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    layers = [pl.Dense(4), pl.Dropout(0.3), pl.create("layer", "leaky_relu", alpha=0.1), pl.Dense(3)]
    model = pl.build(pl.Sequential(layers), input_shape=(4,), seed=1)
    trainer = pl.Trainer(model, **{"loss": "softmax_cross_entropy", "schedule": None, "seed": 2, **changed})
    return trainer, trainer.trace_step(rng.normal(size=(6, 4)), rng.integers(0, 3, 6))


def _other_layer(trainer: Any) -> None:
    trainer.model.layers = [*trainer.model.layers[:1], pl.Dropout(0.3), *trainer.model.layers[2:]]


CHANGES: dict[str, tuple[Callable[[Any], None], str]] = {
    "argument": (
        lambda t: setattr(t.model.layers[1], "rate", 0.5),
        r"'rate' of layers\.1 \(Dropout\) was 0.3 and is 0.5",
    ),
    "slope": (
        lambda t: setattr(t.model.layers[2], "alpha", 0.9),
        r"'alpha' of layers\.2 \(LeakyReLU\) was 0.1 and is 0.9",
    ),
    "layer": (_other_layer, r"'layers\.1' of model \(Sequential\) was Dropout"),
    "regularizer": (
        lambda t: setattr(t.model.layers[3].weight, "regularizer", pl.create("regularizer", "l2", strength=0.1)),
        r"'weight\.regularizer' of layers\.3 \(Dense\) was None",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("asked", ASKED)
def test_a_model_that_has_changed_is_told(change: str, asked: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    trainer, trace = taken()
    make, told = CHANGES[change]
    make(trainer)
    if (change, asked) == ("layer", "why"):  # the layer that was called is as it was
        ASKED[asked](trace)
        return
    with pytest.raises(pl.ConfigError, match=rf"changed since then: .*{told}.*Put it back, or trace a step again"):
        ASKED[asked](trace)
    assert not list(tmp_path.iterdir())


class Scaled(pl.Composite):
    """``s · exp(x W + b)``, of which no equation speaks: its code is run again."""

    def __init__(self, scale: float) -> None:
        self.scale, self.inner = scale, pl.Dense(2)

    def call(self, ctx: Any, x: Any) -> Any:
        return self.scale * np.exp(self.inner(x))


def test_code_that_would_be_run_again_with_another_argument_is_not() -> None:
    trainer = pl.Trainer(pl.build(Scaled(3.0), input_shape=(4,), seed=1), loss="mse", seed=2)
    x = np.random.default_rng(0).normal(size=(6, 4))
    trace, again = (trainer.trace_step(x, x[:, :2]) for _ in range(2))
    trainer.model.scale = 5.0  # type: ignore[attr-defined]
    for name in ("model.y", "inner.dy"):
        with pytest.raises(pl.ConfigError, match=r"'scale' of model \(Scaled\) was 3.0 and is 5.0"):
            trace.why(name, (1, 0))
    trainer.model.scale = 3.0  # type: ignore[attr-defined]
    assert again.why("model.y", (1, 0)).scalar == "y[1,0] = 3·exp(inner.y[1,0])"


def test_who_is_put_back_is_as_it_was() -> None:
    trainer, trace = taken()
    trainer.model.layers[1].rate = 0.5
    trainer.model.layers[1].rate = 0.3
    assert trace.replay().same and trace.certify(20).passed


def test_weights_are_in_the_trace() -> None:
    trainer, trace = taken()
    for param in trainer.model.parameters():
        param.data[...] = 7.0
    assert trace.replay().same


@pytest.mark.parametrize("name, argument, value", [("optimizer", "beta1", 0.5), ("optimizer", "lr", 0.5),
                                                   ("schedule", "warmup", 3)])  # fmt: skip
def test_training_is_made_as_it_was(name: str, argument: str, value: Any, tmp_path: Path) -> None:
    trainer, trace = taken(optimizer="adam", schedule={"type": "cosine", "warmup": 1, "steps": 9})
    setattr(getattr(trainer, name), argument, value)
    assert trace.replay().same
    assert trace.what_if("layers.0.weight", (0, 0), 0.1).before is not None
    trace.save(tmp_path / "step.safetensors")
    assert pl.load_trace(tmp_path / "step.safetensors").certify(20).passed


def test_an_equation_whose_argument_is_another_is_not_evaluated() -> None:
    trainer, trace = taken(optimizer="adam")
    trainer.optimizer.lr = 0.5  # the trace holds the rate that it had
    assert trace.why("layers.0.weight.new", (0, 0)).total
    trainer.optimizer.beta1 = 0.5
    for ask in (lambda: trace.certify(10), lambda: trace.why("optimizer.m.layers.3.weight.new", (0, 0))):
        with pytest.raises(pl.ConfigError, match=r"'beta1' of optimizer \(Adam\) was 0.9 and is 0.5"):
            ask()


def test_training_that_no_name_makes_is_told() -> None:
    class Mine(SGD):
        pass

    trainer, trace = taken(optimizer=Mine(0.1))
    trainer.optimizer.momentum = 0.5
    with pytest.raises(pl.ConfigError, match=r"'momentum' of optimizer \(Mine\) was 0.0 and is 0.5"):
        trace.replay()


def test_a_model_that_was_changed_before_is_saved_as_it_is(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    model = pl.build("ann", input_shape=(4,), hidden=[5], outputs=3, dropout=0.2, seed=0)
    dropout = next(layer for _, layer in model.walk() if isinstance(layer, pl.Dropout))
    dropout.rate = 0.6
    trace = pl.Trainer(model, loss="softmax_cross_entropy", seed=0).trace_step(
        rng.normal(size=(6, 4)), np.arange(6) % 3
    )
    trace.save(tmp_path / "step.safetensors")
    loaded = pl.load_trace(tmp_path / "step.safetensors")
    dropout.rate = 0.2
    assert loaded.replay().same and loaded.certify(20).passed


def test_a_prediction_tells_it_too() -> None:
    trainer, _ = taken()
    trace = trainer.model.trace(np.ones((2, 4)))
    trainer.model.layers[2].alpha = 0.9
    with pytest.raises(pl.ConfigError, match="'alpha'"):
        trace.what_if("layers.0.weight", (0, 0), 0.1)
