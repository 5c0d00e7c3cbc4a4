"""tensorboard: the figures of a run in event files, as TensorBoard reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.checks import check_int
from pellucid.basics.component import Component, Example
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.layer import require_runtime
from pellucid.registry.config import config_or_none
from pellucid.standard.callbacks.event_files import EventFile, require_tensorboardx
from pellucid.standard.streams import tell
from pellucid.training.run import Callback, Run, Training

FOLDER = "tensorboard"
"""Where the files stand in a run folder."""
_PREFIX = "validation_"


class TensorBoard(Callback):
    """Writes event files: ``tensorboard --logdir runs`` shows all runs below a folder beside each other.

    ::

        trainer = pl.Trainer(model, loss="mse", callbacks=[{"type": "tensorboard", "path": "events"}])

    After each epoch ``loss/training``, ``loss/validation``, each metric in the same way, ``learning_rate``; at the
    beginning, as a text, what the run is made of. The axis is that of the steps, so that runs with batches of several
    sizes can be compared, and what a resumed run takes again replaces what was written behind its checkpoint. The
    files are written by tensorboardX: ``pip install "pellucid[tensorboard]"``. Where they cannot be written, as on a
    full disk, a warning says so and the run goes on without them.

    Args:
        path: the folder of the files; None takes ``tensorboard/`` in that of the run.
        every: of every how-many-th step the loss and the learning rate are written, too, as ``step/loss`` and
            ``step/learning_rate``; 0: of none.
        histograms: after every how-many-th epoch the distribution of each parameter's finite numbers; 0: never.

    Raises:
        ConfigError: when a run begins: tensorboardX is not installed, or there is neither a path nor a run folder.
    """

    examples = (Example({"path": "events"}), Example({"path": "events", "every": 2, "histograms": 1}))

    def __init__(self, path: str | Path | None = None, every: int = 0, histograms: int = 0) -> None:
        check_int(self, "every", every, "[0, inf)")
        check_int(self, "histograms", histograms, "[0, inf)")
        self.path, self.every, self.histograms = path, every, histograms
        self._folder: Path | None = None
        self._file: EventFile | None = None
        self._before = 0

    def on_run_start(self, run: Run) -> None:
        folder = self.path if self.path is not None else None if run.directory is None else run.directory / FOLDER
        if folder is None:
            raise ConfigError(
                "The callback tensorboard needs a folder for its files: this training has none of its own. "
                'Give one: {"type": "tensorboard", "path": "events"}.'
            )
        require_tensorboardx()
        self._folder, self._file, self._before = Path(folder), None, run.step
        if self.every:
            run.on_step(self._of_step, self.every)

    def _of_step(self, run: Run) -> None:
        self._scalars(run, {"step/loss": run.loss, "step/learning_rate": _rate(run.trainer, run.total_steps)})

    def on_epoch_end(self, run: Run) -> None:
        figures = {_tag(n): float(v) for n, v in run.history[-1].items() if n != "epoch" and isinstance(v, float)}
        self._scalars(run, figures | {"learning_rate": _rate(run.trainer, run.total_steps)})
        if self.histograms and run.epoch % self.histograms == 0:
            for param in run.model.parameters():
                self._histogram(run, param.path, param.data)
            self._try(run, lambda file: file.flush())

    def on_run_end(self, run: Run) -> None:
        if self._file is not None:
            self._try(run, lambda file: file.close())
        self._folder = self._file = None

    def _scalars(self, run: Run, figures: dict[str, float]) -> None:
        def write(file: EventFile) -> None:
            for tag, value in figures.items():
                file.scalar(tag, value, run.step)
            file.flush()  # whoever looks on sees it now

        self._try(run, write)

    def _histogram(self, run: Run, path: str, array: Any) -> None:
        values = np.asarray(require_runtime(run.model).ops.to_host(array)).ravel()
        values = values[np.isfinite(values)]
        if values.size:
            self._try(run, lambda file: file.histogram(path.replace(".", "/"), values, run.step))

    def _try(self, run: Run, write: Callable[[EventFile], None]) -> None:
        """Write, to a file that is made for the first figure: until then the run may still be refused."""
        if self._folder is None:
            return
        try:
            if self._file is None:
                self._file = EventFile(self._folder, self._before + 1)
                self._file.text("experiment", _made_of(run), self._before)
            write(self._file)
        except OSError as error:
            with suppress(OSError):
                if self._file is not None:
                    self._file.close()
            self._folder = self._file = None
            tell(f"tensorboard: event files cannot be written: {error}. The run goes on without them.")


def _rate(trainer: Training, total_steps: int) -> float:
    """The learning rate of the last step."""
    schedule, step = trainer.schedule, max(trainer.steps - 1, 0)
    return float(trainer.optimizer.lr * (1.0 if schedule is None else schedule(step, total_steps)))


def _tag(figure: str) -> str:
    """``validation_accuracy`` as ``accuracy/validation``: what begins alike is shown side by side."""
    return f"{figure.removeprefix(_PREFIX)}/{'validation' if figure.startswith(_PREFIX) else 'training'}"


def _made_of(run: Run) -> str:
    """Components and settings of a run, as a block of code in Markdown."""
    trainer = run.trainer
    parts: dict[str, Component | None] = {
        "model": trainer.model, "objective": trainer.objective, "optimizer": trainer.optimizer,
        "schedule": trainer.schedule, "sampler": trainer.sampler,
    }  # fmt: skip
    made = {name: config_or_none(part) or repr(part) for name, part in parts.items() if part is not None}
    settings = {
        "seed": trainer.seed, "batch_size": trainer.plan.get("batch_size"), "accumulate": trainer.accumulate,
        "clip_norm": trainer.clip_norm, "dtype": trainer.runtime.dtype.name, "backend": trainer.runtime.ops.name,
        "parameters": sum(int(param.data.size) for param in run.model.parameters()),
    }  # fmt: skip
    text = json.dumps(made | {"settings": settings}, indent=2, default=str, ensure_ascii=False)
    return "\n".join(f"    {line}" for line in text.splitlines())
