"""Optimizers, schedules, clipping and averages of weights against PyTorch's, in float64 with random settings.

    benchmarks/.venv/bin/python benchmarks/oracles/optimizers.py

Muon of torch.optim computes in bfloat16: for the comparison that conversion is taken out of it. RMSprop of PyTorch with
momentum, OneCycleLR and ReduceLROnPlateau count in their own way, said where they are called. PyTorch has no Lion; that
is written here as in its paper. It prints a line for each and exits with 1 if a difference is above 1e-10.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]  # the references need no build

import pellucid as pl  # noqa: E402
from pellucid.interfaces.optimizer import Slots, make_segments  # noqa: E402
from pellucid.interfaces.parameters import Arena, Param  # noqa: E402
from pellucid.standard.initializers.fixed import Zeros  # noqa: E402
from pellucid.standard.ops.base import ReferenceOps  # noqa: E402

from benchmarks.oracles.held import Row, repeated, report, row  # noqa: E402

torch.set_default_dtype(torch.float64)
OPS, ROUNDS, STEPS = ReferenceOps(), 20, 15
Pairs = Iterator[tuple[Any, Any]]


def steps(rng: np.random.Generator, ours: pl.Optimizer, make: Callable[[Any], Any], *, clip: float = 0.0) -> Pairs:
    """Both on the same matrix with the same gradients."""
    shape = tuple(int(n) for n in rng.integers(1, 9, 2))
    param = Param("weight", shape, Zeros(), True, None, None, None)
    arena = Arena([param], "float64", OPS)
    start = rng.normal(size=shape)
    param.data[...] = start
    slots = Slots(arena)
    segments = make_segments(ours, slots)
    theirs = torch.nn.Parameter(torch.tensor(start))
    optimizer = make([theirs])
    for _ in range(STEPS):
        gradient = rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 2)
        param.grad += gradient
        slots.t += 1
        ours.step(segments)
        theirs.grad = torch.tensor(gradient)
        if clip:
            torch.nn.utils.clip_grad_value_([theirs], clip)
        optimizer.step()
        yield np.array(param.data), theirs.detach().numpy().copy()


def common(rng: np.random.Generator) -> dict[str, float]:
    return {"lr": float(10 ** rng.uniform(-3, -1)), "weight_decay": float(rng.choice([0.0, 0.1]))}


def nesterov(rng: np.random.Generator) -> Pairs:
    how = {**common(rng), "momentum": float(rng.uniform(0.1, 0.95)), "nesterov": bool(rng.integers(2))}
    yield from steps(rng, pl.SGD(**how), lambda p: torch.optim.SGD(p, **how))


def adam(ours: Any, theirs: Any) -> Callable[[np.random.Generator], Pairs]:
    """With L2; or adamw, whose decay PyTorch takes by itself as we do."""

    def pairs(rng: np.random.Generator) -> Pairs:
        how, betas = common(rng), (float(rng.uniform(0, 0.95)), float(rng.uniform(0.5, 0.999)))
        own = ours(**how, beta1=betas[0], beta2=betas[1], eps=1e-6)
        yield from steps(rng, own, lambda p: theirs(p, **how, betas=betas, eps=1e-6))

    return pairs


def lion(rng: np.random.Generator) -> Pairs:
    """As in algorithm 2 of Chen et al., 2023."""
    how, (first, second) = common(rng), (float(rng.uniform(0.5, 0.95)), float(rng.uniform(0.5, 0.999)))

    class Paper:
        def __init__(self, params: Any) -> None:
            self.theta, self.m = params[0], torch.zeros_like(params[0])

        def step(self) -> None:
            g = self.theta.grad
            update = torch.sign(first * self.m + (1 - first) * g) + how["weight_decay"] * self.theta.detach()
            self.theta.data -= how["lr"] * update
            self.m = second * self.m + (1 - second) * g

    yield from steps(rng, pl.Lion(**how, beta1=first, beta2=second), Paper)


def adagrad(rng: np.random.Generator) -> Pairs:
    how = {**common(rng), "eps": float(10 ** rng.uniform(-10, -3))}
    yield from steps(rng, pl.Adagrad(**how), lambda p: torch.optim.Adagrad(p, **how))


def rmsprop(rng: np.random.Generator) -> Pairs:
    how = {**common(rng), "eps": float(10 ** rng.uniform(-6, -2)), "momentum": float(rng.choice([0.0, 0.7])),
           "centered": bool(rng.integers(2))}  # fmt: skip
    rho = float(rng.uniform(0.5, 0.99))
    yield from steps(rng, pl.RMSprop(**how, rho=rho), lambda p: torch.optim.RMSprop(p, **how, alpha=rho))


def muon(rng: np.random.Generator) -> Pairs:
    """Its lr factor is by (rows, columns) of a layout (outputs, inputs): theirs is given the transposed matrix."""
    how = {**common(rng), "momentum": float(rng.uniform(0.1, 0.95)), "nesterov": bool(rng.integers(2))}

    class Transposed:
        def __init__(self, params: Any) -> None:
            self.given = params[0]
            self.inner = torch.nn.Parameter(self.given.detach().T.contiguous())
            self.optimizer = torch.optim.Muon([self.inner], **how, eps=2.0**-40)

        def step(self) -> None:
            self.inner.grad = self.given.grad.T.contiguous()
            with mock.patch.object(torch.Tensor, "bfloat16", lambda tensor: tensor.clone()):
                self.optimizer.step()
            self.given.data.copy_(self.inner.detach().T)

    # Theirs keeps (1 − μ) times our momentum, which is brought to norm 1.
    yield from steps(rng, pl.Muon(**how), Transposed)


def clip_value(rng: np.random.Generator) -> Pairs:
    how, bound = common(rng), float(10 ** rng.uniform(-2, 1))
    yield from steps(rng, pl.Clipped(pl.SGD(**how), bound), lambda p: torch.optim.SGD(p, **how), clip=bound)


def rates(make: Callable[[Any], Any], total: int) -> list[float]:
    """The factors of a scheduler of PyTorch's."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def schedules(rng: np.random.Generator) -> Iterator[tuple[str, Any, Any]]:
    """The name of each, our factors and theirs."""
    n = int(rng.integers(8, 60))
    final, every, w = float(rng.uniform(0, 0.5)), int(rng.integers(1, 9)), int(rng.integers(1, 6))
    at = sorted(float(part) for part in rng.uniform(0.05, 0.95, 3))
    cosine = lambda o: lr_scheduler.CosineAnnealingLR(o, n, eta_min=final)  # noqa: E731
    # A peak at the share r of S here is one at (rS + 1)/(S + 1) of S + 1 steps there, which begin to count at 1.
    rise = int(rng.integers(2, n - 2)) / n
    cycle = lambda o: lr_scheduler.OneCycleLR(  # noqa: E731
        o, 1.0, n + 1, pct_start=(rise * n + 1) / (n + 1), div_factor=25, final_div_factor=1e4, cycle_momentum=False
    )
    rising = lambda o: (  # noqa: E731
        lr_scheduler.LinearLR(o, 1 / w, 1.0, total_iters=w - 1) if w > 1 else lr_scheduler.ConstantLR(o, 1.0)
    )
    cases: list[tuple[pl.Schedule, Callable[[Any], Any]]] = [
        (pl.Constant(), lambda o: lr_scheduler.ConstantLR(o, 1.0)),
        (pl.Cosine(final=final), cosine),
        (pl.LinearRate(final=final), lambda o: lr_scheduler.LinearLR(o, 1.0, final, total_iters=n)),
        (pl.ExponentialRate(0.9, steps=1), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
        (pl.StepRate(0.3, every=every), lambda o: lr_scheduler.StepLR(o, every, 0.3)),
        (pl.StepRate(0.3, at=at), lambda o: lr_scheduler.MultiStepLR(o, [int(np.ceil(a * n)) for a in at], 0.3)),
        (pl.OneCycle(rise=rise, final=0.04e-4), cycle),
        (pl.InverseTime(0.3), lambda o: lr_scheduler.LambdaLR(o, lambda t: 1 / (1 + 0.3 * t))),
        (
            pl.Warmup(w, pl.ExponentialRate(0.9, steps=1)),
            lambda o: lr_scheduler.SequentialLR(o, [rising(o), lr_scheduler.ExponentialLR(o, 0.9)], [w]),
        ),
    ]  # fmt: skip
    for ours, theirs in cases:
        name = str(pl.to_config(ours)["type"])
        yield name, np.array([ours(step, n) for step in range(n)]), np.array(rates(theirs, n))


class Script(pl.Metric):
    """Figures that are told in advance."""

    higher_is_better = False

    def __init__(self, figures: list[float]) -> None:
        self.figures, self.told = figures, -1

    def reset(self) -> None:
        self.told += 1

    def update(self, prediction: Any, target: Any) -> None:
        pass

    def result(self) -> float:
        return self.figures[self.told]


def plateau(rng: np.random.Generator) -> Pairs:
    """PyTorch's patience is ours less 1: it waits for one more."""
    figures = np.round(np.minimum.accumulate(rng.normal(size=30).cumsum()) + rng.normal(size=30) * 0.3, 2).tolist()
    patience, cooldown, delta = int(rng.integers(1, 4)), int(rng.integers(0, 3)), float(rng.choice([0.0, 0.2]))
    ours = pl.create("callback", "reduce_on_plateau", monitor="validation_script", factor=0.5, patience=patience,
                     cooldown=cooldown, min_delta=delta)  # fmt: skip
    factors: list[float] = []

    class Look(pl.Callback):
        def on_epoch_end(self, run: Any) -> None:
            factors.append(1.0 if run.trainer.schedule is None else run.trainer.schedule(run.step, 30))

    data = (np.zeros((4, 2)), np.zeros((4, 1)))
    model = pl.build("dense", units=1, input_shape=(2,), seed=0, dtype="float64", backend="reference")
    trainer = pl.Trainer(model, loss="mse", metrics=[Script(figures)], callbacks=[ours, Look()], seed=0)
    trainer.fit(data, validation=data, epochs=30, batch_size=4, verbose=False)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience - 1, cooldown=cooldown, threshold=delta, threshold_mode="abs", eps=0.0
    )
    expected = []
    for figure in figures:
        theirs.step(figure)
        expected.append(optimizer.param_groups[0]["lr"])
    yield np.array(factors), np.array(expected)


def averages(rng: np.random.Generator, *wanted: str) -> Pairs:
    """ema behind its start, where d_n is the decay; swa, from the first epoch on: the arrays of AveragedModel."""
    layer, decay = torch.nn.Linear(3, 2), 0.5
    start = {"ema": get_ema_multi_avg_fn(decay), "swa": None}
    for name in wanted:
        rule = start[name]
        theirs = AveragedModel(layer, multi_avg_fn=rule) if rule else AveragedModel(layer)
        model = pl.build("dense", units=2, input_shape=(3,), seed=0, dtype="float64", backend="reference")
        averaged = (
            pl.create("callback", "ema", decay=decay) if name == "ema" else pl.create("callback", "swa", start=0.0)
        )
        weights = [rng.normal(size=(3, 2)) for _ in range(40)]

        class Set(pl.Callback):
            def on_run_start(self, run: Any, weights: Any = weights) -> None:
                run.on_step(lambda run: self.set(run, weights[run.step - 1]))

            def set(self, run: Any, value: Any) -> None:
                run.model.weight.data[...] = value

        trainer = pl.Trainer(
            model, loss="mse", optimizer={"type": "sgd", "lr": 0.0}, callbacks=[Set(), averaged], seed=0
        )
        data = (np.zeros((1, 3)), np.zeros((1, 2)))
        behind = [float(min(decay, k / (k + 9))) for k in range(1, 41)]
        expected = np.array(model.weight.data)
        trainer.fit(data, epochs=len(weights), batch_size=1, verbose=False)
        if name == "swa":
            for value in weights:
                layer.weight.data.copy_(torch.tensor(value.T))
                theirs.update_parameters(layer)
            expected = theirs.module.weight.detach().numpy().T
        else:  # the first steps by hand, up to where both have the same decay
            first = next(k for k, d in enumerate(behind) if d == decay)
            for d, value in zip(behind[:first], weights[:first], strict=True):
                expected = expected + (1 - d) * (value - expected)
            layer.weight.data.copy_(torch.tensor(expected.T))
            theirs.update_parameters(layer)
            for value in weights[first:]:
                layer.weight.data.copy_(torch.tensor(value.T))
                theirs.update_parameters(layer)
            expected = theirs.module.weight.detach().numpy().T
        yield np.array(model.weight.data), expected


def rows() -> Iterator[Row]:
    checks: dict[str, Callable[[np.random.Generator], Pairs]] = {
        "sgd": nesterov, "adam": adam(pl.Adam, torch.optim.Adam), "adamw": adam(pl.AdamW, torch.optim.AdamW),
        "adagrad": adagrad, "rmsprop": rmsprop, "muon": muon, "lion": lion, "clipped": clip_value,
    }  # fmt: skip
    with warnings.catch_warnings(action="ignore"):
        for name, check in checks.items():
            against = "its paper, in PyTorch" if name == "lion" else "PyTorch"
            yield row("optimizer", f"core/{name}", against, repeated(ROUNDS, check))
        found = [each for seed in range(ROUNDS) for each in schedules(np.random.default_rng(seed))]
        for name in dict.fromkeys(name for name, *_ in found):
            yield row("schedule", name, "PyTorch", [tuple(pair) for of, *pair in found if of == name])
        yield row("callback", "core/reduce_on_plateau", "PyTorch", repeated(ROUNDS, plateau))
        for name in ("ema", "swa"):
            pairs = repeated(ROUNDS, lambda rng, name=name: averages(rng, name))
            yield row("callback", f"core/{name}", "PyTorch", pairs)


if __name__ == "__main__":
    sys.exit(report(rows()))
