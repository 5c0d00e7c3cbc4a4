"""save_checkpoint and restore_checkpoint: a training run stopped at any step goes on with the same bits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError, ConfigError, NumericalError, PellucidError
from pellucid.interfaces.optimizer import Slots
from pellucid.registry.config import read
from pellucid.registry.writer import to_config
from pellucid.saving.container import Header, damaged, read_header, read_tensors, to_text, write
from pellucid.saving.model import below, check_tensors, differences, model_document, model_tensors, refused, restore
from pellucid.training.run import Callback, Training


def save_checkpoint(trainer: Training, path: str | os.PathLike[str]) -> None:
    """Save the state of a trainer and its model.

    What a continuation needs: parameters and states, the optimizer's memory and its number of steps, the place in the
    run and in the epoch, the sums of the epoch under way, the history, and what callbacks keep. Random numbers need no
    state: each is a function of (seed, step, place), and the order of the samples one of (seed, epoch).

    Raises:
        CheckpointError: something in the run is not registered, or the file cannot be written.
        NumericalError: a number is not finite, and there is a checkpoint at this path where all are: it stays.
        PellucidError: a step was broken off while it was changing weights.
    """
    require_whole(trainer.slots)
    document = model_document(trainer.model)
    tensors = model_tensors(trainer.model)
    ops = trainer.runtime.ops
    tensors |= {f"optimizer/{name}": ops.to_host(a) for name, a in trainer.slots.buffers.items()}
    callbacks: list[dict[str, Any]] = []
    for callback in trainer.callbacks:
        state = callback.state()
        arrays = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        if state:
            tensors |= {f"callbacks/{len(callbacks)}/{name}": array for name, array in arrays.items()}
            others = {name: value for name, value in state.items() if name not in arrays}
            callbacks.append({"class": type(callback).__name__, "state": others})
    document["settings"] = settings(trainer)
    document["progress"] = {
        "steps": trainer.steps, "epochs": trainer.epochs, "position": trainer.position,
        "totals": ops.to_host(trainer.totals).tolist(), "optimizer_steps": int(trainer.slots.t),
        "plan": trainer.plan,
    }  # fmt: skip
    tensors[_HISTORY] = np.frombuffer(to_text(trainer.history.records).encode(), np.uint8)  # too long for a header
    document["callbacks"] = callbacks
    _keep_what_is_finite(path, tensors, trainer)
    write(path, "checkpoint", document, tensors)


def require_whole(slots: Slots) -> None:
    """Raise PellucidError if a step was broken off while it was changing weights: no state of a run, and none that one
    could go on from."""
    if slots.broken_off:
        raise PellucidError(
            f"Step {int(slots.t)} was broken off while it was changing weights: some are of this step, some of the one "
            "before. Go back to a checkpoint (restore_checkpoint), or begin anew with a new model and a new Trainer."
        )


def restore_checkpoint(trainer: Training, path: str | os.PathLike[str]) -> None:
    """Put a new trainer where the saved one stood; ``fit`` with the same data then continues.

    The trainer must have been made with the same model and settings. Nothing is changed unless everything fits.

    Raises:
        CheckpointError: the file cannot be read, or belongs to another run; the message names the differences.

    Example::

        trainer = Trainer(build("ann", input_shape=(4,), outputs=3, seed=0), optimizer="adam", seed=0)
        restore_checkpoint(trainer, "checkpoint.safetensors")
        trainer.fit("iris", epochs=20 - trainer.epochs)
    """
    header = read_header(path, "checkpoint")
    _check_same(header, trainer)
    check_tensors(header, trainer.model)
    slots = _slots(header, trainer)
    callbacks = _callbacks(header, trainer)
    tensors = read_tensors(header)
    history = _history(header, tensors)
    progress = header.document["progress"]
    restore(trainer.model, header, tensors)
    for name in slots:
        trainer.slots.buffer(name)[...] = trainer.runtime.ops.asarray(tensors[f"optimizer/{name}"])
    trainer.slots.t[()], trainer.slots.broken_off = progress["optimizer_steps"], False
    trainer.epochs, trainer.position, trainer.plan = progress["epochs"], progress["position"], progress["plan"]
    trainer.totals[...] = trainer.runtime.ops.asarray(np.array(progress["totals"], np.float64))
    trainer.history.records[:] = history
    for i, (callback, state) in enumerate(callbacks):
        callback.restore(state | below(f"callbacks/{i}/", tensors))


def _keep_what_is_finite(path: str | os.PathLike[str], tensors: Mapping[str, HostArray], trainer: Training) -> None:
    bad = _not_finite(tensors)
    if not bad or not Path(path).exists():
        return
    try:
        before = _not_finite(read_tensors(read_header(path, "checkpoint")))
    except CheckpointError:  # what is there cannot be read, so there is nothing to lose
        return
    if not before:
        raise NumericalError(
            f"After step {trainer.steps} '{bad}' holds infinity or NaN, so no checkpoint was written: the one in "
            f"{os.fspath(path)!s} holds finite numbers only, and stays. Go on from it with a lower learning rate or "
            "clip_norm=1.0; to keep the present state as well, save it under another name."
        )


def _not_finite(tensors: Mapping[str, HostArray]) -> str:
    """The first array with a number that is not finite, by its name; empty if there is none."""
    for name, array in tensors.items():
        if array.dtype.kind == "f":
            with np.errstate(all="ignore"):  # finite squares may add up to more than the type holds
                if not np.isfinite(np.vdot(array, array)) and not np.isfinite(array).all():
                    return name
    return ""


def settings(trainer: Training) -> dict[str, Any]:
    """All that decides how a run goes on, beside the data and the number of epochs."""
    try:
        return {
            "seed": trainer.seed,
            "objective": to_config(trainer.objective),
            "optimizer": to_config(trainer.optimizer),
            "schedule": None if trainer.schedule is None else to_config(trainer.schedule),
            "clip_norm": trainer.clip_norm,
            "accumulate": trainer.accumulate,
        }
    except ConfigError as error:
        raise CheckpointError(
            f"This run cannot be saved, because no registered name makes all of it again. {error} "
            "Register the class in a plugin: pellucid new plugin NAME."
        ) from error


_HISTORY = "history"
"""The tensor that holds the epochs' figures, as the bytes of a JSON text."""


def _check_same(header: Header, trainer: Training) -> None:
    totals = header.document["progress"]["totals"]
    if list(map(type, totals)) != [float, float] or _HISTORY not in header.tensors:
        raise damaged(header.path, "its description of the run is incomplete")
    now = {"model": model_document(trainer.model)["model"], "settings": settings(trainer)}
    different = [
        f"{path}: {before!r} in the checkpoint, {after!r} now"
        for path, before, after in differences(_as_today(header), now)
    ]
    if different:
        raise CheckpointError(
            f"{header.path} is of another run, so it cannot be continued with these settings. Different are:\n  "
            + "\n  ".join(different) + "\nGive the same settings again, or begin a new run."
        )  # fmt: skip


def _as_today(header: Header) -> dict[str, dict[str, Any]]:
    """The saved model and settings, as the components of today write them: an argument that a component was given since
    then has its default, and what was written by an older version of it is migrated."""
    saved = {section: dict(header.document[section]) for section in ("model", "settings")}
    for section, name, kinds in _COMPONENTS:
        config = saved[section].get(name)
        if config is not None:
            try:
                saved[section][name] = to_config(read(kinds, config, path=f"{section}.{name}", saved=True))
            except PellucidError as error:
                raise refused(header, error, "continued") from error
    return saved


_COMPONENTS = (
    ("model", "config", ("model", "layer")),
    ("settings", "objective", "objective"),
    ("settings", "optimizer", "optimizer"),
    ("settings", "schedule", "schedule"),
)


def _slots(header: Header, trainer: Training) -> list[str]:
    """Names of the optimizer's buffers, after a check of their sizes."""
    arena = trainer.slots.arena
    held = below("optimizer/", header.tensors)
    for name, what in held.items():
        if what != (arena.dtype, (arena.size,)):
            raise damaged(header.path, f"the optimizer's '{name}' must hold {arena.size} values of type {arena.dtype}")
    return list(held)


def _history(header: Header, tensors: Mapping[str, HostArray]) -> list[dict[str, Any]]:
    try:
        records = json.loads(tensors[_HISTORY].tobytes())
    except ValueError as error:
        raise damaged(header.path, f"its history is not JSON: {error}") from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise damaged(header.path, "its history is no list of epochs")
    return records


def _callbacks(header: Header, trainer: Training) -> list[tuple[Callback, dict[str, Any]]]:
    """The callbacks that had something to remember, each with what it was."""
    waiting = list(trainer.callbacks)
    pairs = []
    for saved in header.document["callbacks"]:
        if not isinstance(saved, dict) or not isinstance(saved.get("state"), dict):
            raise damaged(header.path, "its description of the callbacks is incomplete")
        callback = next((c for c in waiting if type(c).__name__ == saved.get("class")), None)
        if callback is None:
            raise CheckpointError(
                f"{header.path} holds the memory of a callback {saved.get('class')!r}, and this trainer has none. "
                "Give the trainer the same callbacks as before."
            )
        waiting.remove(callback)
        pairs.append((callback, saved["state"]))
    return pairs
