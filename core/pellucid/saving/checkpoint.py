"""save_checkpoint and restore_checkpoint: a training run stopped at any step goes on with the same bits."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from math import isfinite
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import CheckpointError, ConfigError, NumericalError, PellucidError
from pellucid.interfaces.optimizer import Slots
from pellucid.registry.config import read
from pellucid.registry.writer import to_config
from pellucid.saving.container import Header, as_path, damaged, write
from pellucid.saving.documents import as_json, parse, to_text
from pellucid.saving.files import shown
from pellucid.saving.model import (
    below,
    check_facts,
    check_tensors,
    differences,
    model_document,
    model_tensors,
    prepare,
    reason,
    refused,
)  # fmt: skip
from pellucid.saving.reading import opened
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
    for callback, number in _numbered([*trainer.callbacks, *trainer.keepers]):
        arrays, others = _memory(callback)
        if arrays or others:
            tensors |= {f"callbacks/{len(callbacks)}/{name}": array for name, array in arrays.items()}
            callbacks.append({"class": type(callback).__name__, "number": number, "state": others})
    document["settings"] = as_json(settings(trainer), "settings", 2)
    document["progress"] = {
        "steps": trainer.steps, "epochs": trainer.epochs, "position": trainer.position,
        "totals": {name: ops.to_host(sums).tolist() for name, sums in trainer.totals.items()},
        "optimizer_steps": int(trainer.slots.t), "plan": trainer.plan,
    }  # fmt: skip
    records = as_json(trainer.history.records, "history")
    tensors[_HISTORY] = np.frombuffer(to_text(records).encode(), np.uint8)  # too long for a header
    document["callbacks"] = callbacks
    place = as_path(path)
    check_facts(place, document, "cannot be saved")
    wrong = _wrong_progress(document["progress"]) or _wrong_history(records)
    if wrong is not None:
        raise CheckpointError(f"{shown(place)} cannot be saved, because it could not be read again: {wrong}.")
    _keep_what_is_finite(place, tensors, trainer)
    write(place, "checkpoint", document, tensors)


def _memory(callback: Callback) -> tuple[dict[str, HostArray], dict[str, Any]]:
    """What a callback remembers: arrays, and the rest as JSON."""
    name, state = type(callback).__name__, callback.state()
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise CheckpointError(f"{name}.state() must return a table with texts as keys. Received: {state!r:.80}.")
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    others = {key: value for key, value in state.items() if key not in arrays}
    return arrays, as_json(others, f"{name}.state()", 4)


def _numbered(callbacks: list[Callback]) -> Iterator[tuple[Callback, int]]:
    """Each callback with its number among those of its class: what tells two of one class apart."""
    names = [type(callback).__name__ for callback in callbacks]
    for i, callback in enumerate(callbacks):
        yield callback, names[:i].count(names[i])


def require_whole(slots: Slots) -> None:
    """Raise PellucidError if a step was broken off while it was changing weights: no state of a run, and none that one
    could go on from."""
    if slots.broken_off:
        raise PellucidError(
            f"Step {int(slots.t)} was broken off while it was changing weights: some are of this step, some of the one "
            "before; or the restoring of a checkpoint was. Go back to a checkpoint (restore_checkpoint), or begin anew "
            "with a new model and a new Trainer."
        )


def restore_checkpoint(trainer: Training, path: str | os.PathLike[str]) -> None:
    """Put a new trainer where the saved one stood; ``fit`` with the same data then continues.

    The trainer must have been made with the same model and settings. Nothing is changed unless everything fits: where
    a callback refuses its memory, those that were asked before it are put back.

    Raises:
        CheckpointError: the file cannot be read, or belongs to another run; the message names the differences.

    Example::

        trainer = Trainer(build("ann", input_shape=(4,), outputs=3, seed=0), optimizer="adam", seed=0)
        restore_checkpoint(trainer, "checkpoint.safetensors")
        trainer.fit("iris", epochs=20 - trainer.epochs)
    """
    ops = trainer.runtime.ops
    with opened(path, "checkpoint") as file:
        header = file.header
        check_facts(header.path, header.document)
        progress = header.document["progress"]
        wrong = _wrong_progress(progress)
        if wrong is not None:
            raise damaged(header.path, wrong)
        _check_same(header, trainer)
        check_tensors(header, trainer.model, _OURS)
        slots = _slots(header, trainer)
        callbacks = _callbacks(header, trainer)
        tensors = file.tensors()
        history = _history(header, tensors)
    place = prepare(trainer.model, header, tensors)
    memory = {name: ops.asarray(tensors[f"optimizer/{name}"]) for name in slots}
    totals = {name: ops.asarray(np.array(sums, np.float64)) for name, sums in _totals(progress).items()}
    with read("callback", "undisturbed").held():  # half of what follows would be the state of no run
        _restore_callbacks(header, callbacks, tensors)
        # From here on nothing is left that could be refused.
        trainer.slots.broken_off = True
        place()
        for name, values in memory.items():
            trainer.slots.buffer(name)[...] = values
        trainer.epochs, trainer.position, trainer.plan = progress["epochs"], progress["position"], progress["plan"]
        trainer.totals.clear()
        trainer.totals.update(totals)
        trainer.history.records[:] = history
        trainer.slots.t[()], trainer.slots.broken_off = progress["optimizer_steps"], False


def _keep_what_is_finite(path: str | os.PathLike[str], tensors: Mapping[str, HostArray], trainer: Training) -> None:
    bad = not_finite(tensors)
    if not bad:
        return
    why = "holds finite numbers only"
    try:
        with opened(path, "checkpoint") as file:
            if not_finite(file.tensors()):
                return
    except CheckpointError as error:
        if isinstance(error.__cause__, FileNotFoundError):  # there is nothing to lose
            return
        why = f"cannot be looked at ({error})"
    raise NumericalError(
        f"After step {trainer.steps} '{bad}' holds infinity or NaN, so no checkpoint was written: what is in "
        f"{shown(path)} {why}, and stays. Go on from the last good one with a lower learning rate or clip_norm=1.0; to "
        "keep the present state as well, save it under another name."
    )


def not_finite(
    arrays: Mapping[str, Any], adds_up: Callable[[Any], bool] | None = None, to_host: Callable[[Any], Any] = np.asarray
) -> str:
    """The first array with a number that is not finite, by its name; empty if there is none.

    Args:
        adds_up: whether the squares of an array have a finite sum: then all of it is finite, and nobody looks closer.
        to_host: an array that lies elsewhere as one of NumPy's.
    """
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not (adds_up or _adds_up)(array) and not np.isfinite(to_host(array)).all():
            return name
    return ""


def _adds_up(array: HostArray) -> bool:
    with np.errstate(all="ignore"):  # finite squares may add up to more than the type holds
        return bool(np.isfinite(np.vdot(array, array)))


def settings(trainer: Training) -> dict[str, Any]:
    """All that decides how a run goes on, beside the data and the number of epochs, and what callbacks keep."""
    schedule = getattr(trainer.schedule, "instead_of", trainer.schedule)
    try:
        return {
            "seed": trainer.seed,
            "objective": to_config(trainer.objective),
            "optimizer": to_config(trainer.optimizer),
            "schedule": None if schedule is None else to_config(schedule),
            "clip_norm": trainer.clip_norm,
            "accumulate": trainer.accumulate,
            "sampler": None if trainer.sampler is None else to_config(trainer.sampler),
        }
    except ConfigError as error:
        raise CheckpointError(
            f"This run cannot be saved, because no registered name makes all of it again. {error} "
            "Register the class in a plugin: pellucid new plugin NAME."
        ) from error


_HISTORY = "history"
"""The tensor that holds the epochs' figures, as the bytes of a JSON text."""


_OURS = ("optimizer/", "callbacks/", _HISTORY)
"""What the names of a checkpoint's tensors begin with that are not the model's."""
_MOST = (1 << 63) - 1
_PLAN = {"rows", "batch_size", "epochs", "steps"}  # the first two alone before a plan said where it ends


def _wrong_progress(progress: Mapping[str, Any]) -> str | None:
    """What is no progress of a run, as a sentence; None where all is well."""
    for name in ("steps", "epochs", "position", "optimizer_steps"):
        if not _is_count(progress[name]):
            return f"its 'progress.{name}' must be an int of at least 0, and is {progress[name]!r:.80}"
    plan = progress["plan"]
    for name, sums in _totals(progress).items():
        numbers = isinstance(sums, list) and [type(total) for total in sums] == [float, float]
        if not numbers or not all(map(isfinite, sums)) or sums[1] < 0:
            return f"its 'progress.totals', {name}, must be a sum of losses and what they count, and is {sums!r:.80}"
    counts = {"rows", "batch_size"} <= set(plan) <= _PLAN and all(map(_is_count, plan.values()))
    if plan and not counts:
        return f"its 'progress.plan' must hold {', '.join(sorted(_PLAN))} as counts, and is {plan!r:.160}"
    if progress["position"] > (plan.get("rows", 0) or (_MOST if plan else 0)):  # 0: only the data's end tells
        return f"its place in the epoch, {progress['position']}, lies behind the end of {plan.get('rows', 0)} rows"
    return None


def _totals(progress: Mapping[str, Any]) -> dict[str, Any]:
    """The sums by their names; files of before parts were summed up hold those of the loss alone."""
    totals = progress["totals"]
    return {"loss": totals} if isinstance(totals, list) else dict(totals)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST


def _wrong_history(records: Any) -> str | None:
    """What is no history of a run, as a sentence; None where all is well."""
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return "its history is no list of epochs"
    for i, record in enumerate(records):
        if not _is_count(record.get("epoch")) or type(record.get("loss")) not in (int, float):
            return f"its history lacks the number or the loss of epoch {i + 1}: {record!r:.80}"
    return None


def _check_same(header: Header, trainer: Training) -> None:
    now = {
        "model": model_document(trainer.model)["model"],
        "settings": as_json(settings(trainer), "settings", 2),
    }
    different = [
        f"{path}: {before!r} in the checkpoint, {after!r} now"
        for path, before, after in differences(_as_today(header), now)
    ]
    if different:
        raise CheckpointError(
            f"{shown(header.path)} is of another run, so it cannot be continued with these settings. Different are:\n  "
            + "\n  ".join(different) + "\nGive the same settings again, or begin a new run."
        )  # fmt: skip


def _as_today(header: Header) -> dict[str, dict[str, Any]]:
    """The saved model and settings, as the components of today write them: an argument that a component was given since
    then has its default, and what was written by an older version of it is migrated."""
    saved = {section: dict(header.document[section]) for section in ("model", "settings")}
    saved["settings"].setdefault("sampler", None)
    for section, name, kinds in _COMPONENTS:
        config = saved[section].get(name)
        if config is not None:
            try:
                saved[section][name] = to_config(read(kinds, config, path=f"{section}.{name}", saved=True))
            except Exception as error:  # a file may bring a stranger's component into any state
                raise refused(header, error, "continued") from error
    return saved


_COMPONENTS = (
    ("model", "config", ("model", "layer")),
    ("settings", "objective", "objective"),
    ("settings", "optimizer", "optimizer"),
    ("settings", "schedule", "schedule"),
    ("settings", "sampler", "sampler"),
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
    if _HISTORY not in tensors or header.tensors[_HISTORY][0] != np.uint8:
        raise damaged(header.path, "its history is missing")
    try:
        records = parse(tensors[_HISTORY].tobytes())
    except ValueError as error:
        raise damaged(header.path, f"its history is not JSON: {error}") from error
    wrong = _wrong_history(records)
    if wrong is not None:
        raise damaged(header.path, wrong)
    return list(records)


_Pair = tuple[Callback, str, dict[str, Any]]


def _callbacks(header: Header, trainer: Training) -> list[_Pair]:
    """The callbacks that had something to remember, each with where its arrays lie and what else it was."""
    waiting = list(_numbered([*trainer.callbacks, *trainer.keepers]))
    pairs: list[_Pair] = []
    for i, saved in enumerate(header.document["callbacks"]):
        if not isinstance(saved, dict) or not isinstance(saved.get("state"), dict):
            raise damaged(header.path, "its description of the callbacks is incomplete")
        name, number = saved.get("class"), saved.get("number")
        if number is not None and not _is_count(number):
            raise damaged(header.path, f"the 'number' of a callback must be a count, and is {number!r:.80}")
        # Files of before callbacks were numbered hold those of one class in their order.
        found = next((w for w in waiting if type(w[0]).__name__ == name and number in (None, w[1])), None)
        if found is None:
            which = f" (number {number + 1} of them)" if number else ""
            raise CheckpointError(
                f"{shown(header.path)} holds the memory of a callback {name!r:.80}{which}, and this trainer has none. "
                "Give the trainer the same callbacks as before."
            )
        waiting.remove(found)
        pairs.append((found[0], f"callbacks/{i}/", saved["state"]))
    stray = next((n for n in below("callbacks/", header.tensors) if _place(n) >= len(pairs)), None)
    if stray is not None:
        raise damaged(header.path, f"no callback is there for its tensor 'callbacks/{stray:.80}'")
    return pairs


def _place(name: str) -> float:
    number, slash, _ = name.partition("/")
    return int(number) if slash and number.isdecimal() and len(number) < 10 else float("inf")


def _restore_callbacks(header: Header, pairs: list[_Pair], tensors: Mapping[str, HostArray]) -> None:
    """Let the callbacks take back their memory: all of them, or none."""
    before = [(callback, _attributes(callback)) for callback, _, _ in pairs]
    for callback, prefix, state in pairs:
        try:
            callback.restore(state | below(prefix, tensors))
        except BaseException as error:  # a stranger's callback may raise anything
            for undone, attributes in before:
                vars(undone).clear()
                vars(undone).update(attributes)
            if not isinstance(error, Exception):
                raise
            raise CheckpointError(
                f"{shown(header.path)} cannot be continued: {type(callback).__name__} does not take back its memory. "
                f"{reason(error)} The file was written by another version of this callback, or is damaged."
            ) from error


def _attributes(callback: Callback) -> dict[str, Any]:
    """What stands on a callback, so that it can be put back, also where it is changed in place."""
    return {name: _copied(value) for name, value in vars(callback).items()}


def _copied(value: Any) -> Any:
    """Arrays, lists and tables, and those in them, as copies; all else may be shared with others and stays."""
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_copied, value))
    return copy(value) if isinstance(value, np.ndarray | dict | list | set) else value
