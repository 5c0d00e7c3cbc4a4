"""Small networks and trainings drawn at random, for tests that look into their steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pellucid as pl

Made = tuple[Any, pl.Trainer]


class Gate(pl.Composite):
    """``y = tanh(x W + b) ⊙ σ(x V + c) · s``, without a backward of its own; the inner layer is used twice."""

    def __init__(self, units: int) -> None:
        self.units = units
        self.value, self.gate, self.after = pl.Dense(units), pl.Dense(units, "sigmoid"), pl.Dense(units, "tanh")

    def declare(self, *input_shapes: Any) -> None:
        self.scale = self.param("scale", (self.units,), init="ones")

    def call(self, ctx: Any, x: Any) -> Any:
        y = np.tanh(self.value(x)) * self.gate(x) * self.scale
        return self.after(y) + self.after(0.5 * y + ctx.normal((len(x), self.units)) * 0.01)


class Two(pl.Composite):
    """A model of two inputs, the second of which are classes."""

    integer_inputs = (1,)

    def __init__(self) -> None:
        self.inner, self.outer = pl.Dense(4, "tanh"), pl.Dense(3)

    def call(self, ctx: Any, x: Any, label: Any) -> Any:
        return self.outer(np.concatenate([self.inner(x), np.eye(3, dtype=x.dtype)[label.value]], axis=1))


def drawn(seed: int, **fixed: Any) -> tuple[Any, dict[str, Any], tuple[Any, ...]]:
    """The configuration of a model, the options of a Trainer, and a batch."""
    rng = np.random.default_rng([seed, 15])
    width = int(rng.integers(2, 6))
    layers: list[Any] = []
    for _ in range(rng.integers(1, 4)):
        kind = rng.choice(
            ["dense", "dense", "batch_norm", "layer_norm", "dropout", "residual", "parallel", "gelu", "gate"]
        )
        activation = str(rng.choice(["relu", "tanh", "sigmoid", "silu", "softplus", "elu"]))
        dense = {"type": "dense", "units": width, "activation": activation}
        if rng.random() < 0.3:
            dense["regularizer"] = {"type": "l2", "strength": 0.01}
        layers.append({
            "dense": dense, "dropout": {"type": "dropout", "rate": 0.4},
            "residual": {"type": "sequential", "layers": [dense, {"type": "residual", "layer": dense}]},
            "parallel": {"type": "parallel", "layers": [dense, {"type": "dense", "units": 2}]}, "gate": Gate(width),
        }.get(str(kind), {"type": str(kind)}))  # fmt: skip
    layers.append({"type": "dense", "units": 3})
    rows = int(rng.integers(2, 9))
    x = rng.normal(size=(rows, 4)).astype(np.float32)
    loss = str(rng.choice(["softmax_cross_entropy", "mse", "binary_cross_entropy"]))
    y: Any = rng.integers(0, 3, rows) if loss == "softmax_cross_entropy" else rng.uniform(size=(rows, 3)).round()
    weight = rng.uniform(0.5, 2.0, rows) if rng.random() < 0.3 else None
    optimizer = [
        {"type": "adam", "lr": 0.01}, {"type": "adamw", "lr": 0.01, "weight_decay": 0.1}, {"type": "sgd", "lr": 0.1},
        {"type": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
        {"type": "sgd", "lr": 0.1, "groups": [{"match": "*.bias", "lr": 0.02, "clip_norm": 0.1}]},
        {"*.bias": "sgd", "*": "adam"},
    ][int(rng.integers(6))]  # fmt: skip
    options = {
        "loss": loss, "optimizer": optimizer, "seed": seed,
        "clip_norm": [None, 0.05, 10.0][int(rng.integers(3))], **fixed,
    }  # fmt: skip
    return layers, options, (x, y, weight)


def made(seed: int, dtype: str = "float32", **fixed: Any) -> tuple[Any, pl.Trainer, tuple[Any, ...]]:
    """A model drawn at random, its trainer, and a batch; twice the same for the same seed."""
    layers, options, batch = drawn(seed, **fixed)
    read = [layer if isinstance(layer, pl.Layer) else pl.read("layer", layer) for layer in layers]
    model = pl.build(pl.Sequential(read), input_shape=(4,), seed=seed, dtype=dtype)
    return model, pl.Trainer(model, **options), batch


def bits(trainer: pl.Trainer) -> list[bytes]:
    """All that a step changes."""
    model = trainer.model
    own = [np.asarray(model.runtime.ops.to_host(a.data)) for a in (*model.parameters(), *model.states())]
    memory = [
        np.asarray(model.runtime.ops.to_host(trainer.slots.buffers[name])) for name in sorted(trainer.slots.buffers)
    ]
    return [array.tobytes() for array in (*own, *memory, trainer.slots.t)]
