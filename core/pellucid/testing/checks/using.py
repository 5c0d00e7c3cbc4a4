"""use: a component of each kind put to the use that it is made for, once, on the data of an example."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError, PellucidWarning
from pellucid.interfaces.context import Context
from pellucid.interfaces.samples import Split
from pellucid.interfaces.transform import Augmentation
from pellucid.model.build import initialize
from pellucid.standard.layers.dense import Dense
from pellucid.standard.losses.outputwise import MSE
from pellucid.standard.optimizers.sgd import SGD
from pellucid.testing.checks.layer_trial import LayerTrial
from pellucid.testing.checks.loss_trial import LossTrial
from pellucid.testing.checks.objective_trial import ObjectiveTrial
from pellucid.testing.checks.optimizer_trial import OptimizerTrial
from pellucid.testing.checks.views import use_view
from pellucid.testing.subject import Subject, draw_input
from pellucid.training.trainer import Trainer

SAMPLES = 12


def use(subject: Subject) -> Any:
    """Make it and use it; what comes of it is for other cases. Returns the component."""
    return _USES[subject.entry.kind](subject)


def small_run(subject: Subject, *callbacks: Any, optimizer: Any = None) -> Trainer:
    """A trainer of a small model, before its first step."""
    model = initialize(Dense(2), (3,), seed=0, dtype="float32", ops=subject.backends.reference)
    return Trainer(model, loss=MSE(), optimizer=optimizer or SGD(), callbacks=callbacks, seed=0)


def small_data() -> tuple[Any, Any]:
    """What it trains on."""
    rng = np.random.default_rng(16)
    return tuple(rng.normal(size=(SAMPLES, n)).astype("float32") for n in (3, 2))  # type: ignore[return-value]


class Rows(Split):
    """Samples that have lengths, (N,), as ``Sequences`` have: for samplers that ask for them."""

    @property
    def lengths(self) -> HostArray:
        return np.arange(len(self)) * 5 % 7 + 1


def small_samples() -> Split:
    """What a sampler orders: 12 samples of four numbers, with labels of three classes that are not equally frequent."""
    rng = np.random.default_rng(11)
    return Rows(rng.normal(size=(12, 4)), np.array([0, 1, 2, 0, 0, 1, 0, 0, 0, 0, 2, 0]))


def _layer(subject: Subject) -> Any:
    trial = LayerTrial(subject)
    trial.call()
    trial.call(training=False)
    return trial.component


def _loss(subject: Subject) -> Any:
    trial = LossTrial(subject)
    for given in trial.ways(trial.given):
        trial.call(*given)
    return trial.component


def _objective(subject: Subject) -> Any:
    trial = ObjectiveTrial(subject)
    trial.call()
    return trial.component


def _optimizer(subject: Subject) -> Any:
    trial = OptimizerTrial(subject)
    trial.run(2)
    return trial.optimizer


def _schedule(subject: Subject) -> Any:
    schedule = subject.create()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PellucidWarning)  # where there is no plan, it may ask for one
        for step, total in ((0, 10), (5, 10), (5, 0), (9, 10), (12, 10), (2_000, 10_000)):
            schedule(step, total)
    return schedule


def _initializer(subject: Subject) -> Any:
    initializer = subject.create()
    initializer(np.random.default_rng(0), (4, 3), 4, 3)
    return initializer


def _regularizer(subject: Subject) -> Any:
    regularizer, ops = subject.create(), subject.backends.reference
    data, grad = np.ones((4, 3)), np.zeros((4, 3))
    regularizer.penalty(ops, data)
    regularizer.add_gradient(ops, data, grad)
    return regularizer


def _metric(subject: Subject) -> Any:
    metric, rng = subject.create(), np.random.default_rng(12)
    prediction, target = subject.example.input_shapes
    metric.reset()
    given = draw_input(prediction, SAMPLES, rng, "float32"), draw_input(target, SAMPLES, rng, "float32", unit=True)
    metric.update(*given)
    metric.update(*given, rng.uniform(0.2, 2.0, SAMPLES))
    metric.result()
    return metric


def _transform(subject: Subject) -> Any:
    transform, ops = subject.create(), subject.backends.reference
    augments = isinstance(transform, Augmentation)
    x = draw_input(subject.example.input_shapes[0], SAMPLES, np.random.default_rng(13), "float64", unit=augments)
    transform.fit(x)
    y = transform.apply(x)
    if augments:
        ctx = Context(ops, training=True, seed=5, dtype=x.dtype)
        ctx.begin(0, 0)
        transform.augment(ctx, ops.asarray(x))
    else:
        with suppress(ConfigError):  # it cannot be undone
            transform.inverse(y)
    return transform


def _dataset(subject: Subject) -> Any:
    dataset = subject.create()
    dataset.splits(3)
    return dataset


def _feed(subject: Subject) -> Any:
    feed = subject.create()
    next(iter(feed.batches(np.random.default_rng([7, 0]), 0, 0, None)), None)
    return feed


def _sampler(subject: Subject) -> Any:
    sampler = subject.create()
    sampler.order(np.random.default_rng([7, 0]), small_samples(), epoch=0, batch_size=4)
    return sampler


@contextmanager
def quiet_folder() -> Iterator[Path]:
    """An empty folder to work in: a callback may write files there; and print, which nobody has asked for."""
    nowhere = StringIO()
    with TemporaryDirectory() as folder, chdir(folder), redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield Path(folder)


def _callback(subject: Subject) -> Any:
    callback, (x, y) = subject.create(), small_data()
    with quiet_folder():
        small_run(subject, callback).fit((x, y), validation=(x, y), epochs=2, batch_size=4, verbose=False)
    return callback


_USES: dict[str, Callable[[Subject], Any]] = {
    "layer": _layer, "model": _layer, "loss": _loss, "objective": _objective, "optimizer": _optimizer,
    "schedule": _schedule, "initializer": _initializer, "regularizer": _regularizer, "metric": _metric,
    "transform": _transform, "dataset": _dataset, "feed": _feed, "sampler": _sampler,
    "callback": _callback, "view": use_view,
}  # fmt: skip
