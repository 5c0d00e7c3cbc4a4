"""What holds for a callback: it can be told of a run, and its state can be carried over."""

from __future__ import annotations

from contextlib import chdir
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from pellucid.glassbox.failure import require
from pellucid.model.build import initialize
from pellucid.standard.layers.dense import Dense
from pellucid.standard.losses.outputwise import MSE
from pellucid.standard.optimizers import SGD
from pellucid.testing.check import checks
from pellucid.testing.subject import Subject
from pellucid.training.trainer import Trainer


def _train(subject: Subject, *callbacks: Any) -> Any:
    model = initialize(Dense(2), (3,), seed=0, dtype="float32", ops=subject.backends.reference)
    rng = np.random.default_rng(16)
    x, y = rng.normal(size=(12, 3)).astype("float32"), rng.normal(size=(12, 2)).astype("float32")
    trainer = Trainer(model, loss=MSE(), optimizer=SGD(), callbacks=callbacks, seed=0)
    with TemporaryDirectory() as folder, chdir(folder):  # a callback may write files
        trainer.fit((x, y), validation=(x, y), epochs=2, batch_size=4, verbose=False)
    return trainer


def trains_along(subject: Subject) -> None:
    """A small model trains with it, through the start, the epochs and the end of a run."""
    trainer = _train(subject, subject.create())
    require(
        trainer.epochs >= 1 and all(np.isfinite(param.data).all() for param in trainer.model.parameters()),
        "A run with this callback does not finish an epoch.", expected="at least one epoch",
        received=trainer.epochs, remedy="Let hooks return; stop a run by run.stop(reason).",
    )  # fmt: skip


def state_carried(subject: Subject) -> None:
    """restore takes back what state gave."""
    callback = subject.create()
    _train(subject, callback)
    state = callback.state()
    again = subject.create()
    again.restore(state)
    got = again.state()
    same = set(got) == set(state) and all(np.array_equal(got[key], value) for key, value in state.items())
    require(same, "The state that was restored differs.", expected=state, received=got,
            remedy="Put into state all that a continued run needs, and take all of it back.")  # fmt: skip


CHECKS = checks(trains_along, state_carried)
