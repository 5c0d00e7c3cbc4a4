"""Which number of a step that was refused was the first that is not finite, and what made it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.record.quantity import Quantity
from pellucid.glassbox.trace import Cell, Setting, Trace
from pellucid.glassbox.tracing import step_recorder
from pellucid.glassbox.why.reason import Why
from pellucid.training.run import Callback, Training
from pellucid.training.stepper import Step

_DATA = re.compile(r"(micro\.\d+\.)?(x|y|sample_weight)(\..*|~\d+)?")
MOST = 2**30
"""Bytes. A step that needs more is not made again, and the error says what it can without."""


class FirstNotFinite(Callback):
    """Looks for it by making the gradients of the step once more, recorded; nothing of the trainer changes by that."""

    def told(self, training: Training, step: Step) -> str:
        """A sentence for the error; empty where nothing was found, or the step cannot be made again as it was."""
        try:
            with np.errstate(all="ignore"):
                trace = self._again(training, step)
                found = None if trace is None else first_not_finite(trace)
                return "" if trace is None or found is None else f"{explained(trace, *found)} "
        except Exception:  # whatever it is, the step was refused, and that is what has to be said
            return ""

    def _again(self, training: Training, step: Step) -> Trace | None:
        """The same gradients; None if they are others than before."""
        run, source, update = training.run, step.batches[0].source, step.update
        arena, ops = update.arena, step.ops
        rows = sum(len(batch.batch) for batch in step.batches)
        before = float(step.figures["loss"]), _host(ops, arena.grad)
        with _kept(step):
            source.cursor[()] = int(source.cursor) - rows
            ops.fill(arena.grad, 0.0)
            epoch = training.epochs if run is not None and run.last_epoch else None
            total = 0 if run is None else run.total_steps
            setting = Setting.of_step(training, step, training.steps, epoch, total)
            step.ctx.discard()
            step.ctx.begin(training.steps, epoch, share=len(step.batches[0].batch) / source.full)
            recorder, updates, watching = step_recorder(training, step, limit=MOST)
            with watching:
                step._add_gradients()
                step.ctx.requested_updates[:] = step.requests
                updates.complete(step.ctx)
            for param in update.frozen:
                ops.fill(param.grad, 0.0)
            for param, regularizer in update.regularized:
                regularizer.add_gradient(ops, param.data, param.grad)
            after = float(step.figures["loss"]), _host(ops, arena.grad)
        observed = run is not None and bool(run.gradient_observers)  # they may have changed it
        if not _same(before[0], after[0]) or not (observed or _same(before[1], after[1])):
            return None
        return Trace(recorder.quantities, recorder.calls, setting)


@contextmanager
def _kept(step: Step) -> Iterator[None]:
    """Within: the step may be made again; behind it, what plans write to is where it was."""
    source = step.batches[0].source
    kept = step.figures, step.count, step.requests, int(source.cursor)
    try:
        yield
    finally:
        step.figures, step.count, step.requests, source.cursor[()] = kept
        step.ctx.discard()


def _host(ops: Any, array: Any) -> HostArray:
    return np.array(ops.to_host(array))


def _same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


def first_not_finite(trace: Trace) -> tuple[Quantity, Cell] | None:
    """The first quantity, in order of computation, that holds infinity or NaN, and its first such cell.

    What only an equation gives comes first where what the code made of it is not finite either: ``z`` before ``y``.
    What code keeps for its backward is passed over: its memory may hold anything where nothing was written.
    """
    names = trace.names()
    for place, name in enumerate(names):
        quantity = trace.quantity(name)
        if quantity.origin == "equation" or quantity.kept:
            continue
        cell = _bad_cell(quantity.array)
        if cell is None:
            continue
        for earlier in names[:place]:
            before = trace.quantity(earlier)
            if before.origin == "equation" and before.array is None and before.call is quantity.call is not None:
                inside = _bad_cell(_computed(trace, before, quantity))
                if inside is not None:
                    return before, inside
        return quantity, cell
    return None


def _bad_cell(array: HostArray | None) -> Cell | None:
    if array is None or array.dtype.kind not in "fc" or np.isfinite(array).all():
        return None
    return tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])


def _computed(trace: Trace, quantity: Quantity, made: Quantity) -> HostArray | None:
    """What an equation gives, in the type that the code computes in; None where it gives nothing."""
    try:
        array = np.asarray(trace[quantity.name])
        return array.astype(made.array.dtype) if array.dtype.kind == "f" and made.array is not None else array
    except Exception:  # equations may be a stranger's
        return None


def explained(trace: Trace, quantity: Quantity, cell: Cell) -> str:
    """``The first number that is not finite is layers.2.z[12, 5] = inf: …`` with the terms that made it."""
    value = trace[quantity.name][cell]
    if quantity.origin == "equation" and value.dtype.kind == "f":  # which is in float64, and the code is not
        with np.errstate(over="ignore"):
            value = value.astype(trace.setting.told["dtype"])
    said = f"The first number that is not finite is {_place(quantity.name, cell)} = {value:g}"
    call = quantity.call
    if call is None:
        where = "of the data" if _DATA.fullmatch(quantity.name) else "which was there before the step"
        return f"{said}, {where}: look at where it comes from."
    why = trace.why(_summand(trace, quantity, cell).name, cell)
    if why.equation is not None and not why.measured:
        return f"{said}: {_worked(why, value)}."
    did = "given to" if quantity.name in call.given.values() else "made by"
    who = "the trainer" if call.component is None else type(call.component).__name__
    return f"{said}, {did} {who} at '{call.path or 'model'}'."


def _worked(why: Why, value: Any) -> str:
    """The equation for the cell, with the numbers put in."""
    worked = f"{why.scalar:.200} = {why.numbers:.300}"
    total = why.total
    if not np.isfinite(total):
        return worked
    if abs(total) > float(np.finfo(value.dtype).max):
        return f"{worked} = {total:.4g}, more than {value.dtype} holds"
    return f"{worked}, which is {total:.4g} in float64: look at its code, or at numbers in between that are too large"


def _summand(trace: Trace, quantity: Quantity, cell: Cell) -> Quantity:
    """Of a gradient that is the sum of what several calls gave, the first part that is not finite."""
    call = quantity.call
    if call is None or quantity.of != "grad":
        return quantity
    parts = [trace.quantity(name) for name in call.given.values() if name in trace]
    bad = [part for part in parts if not np.isfinite(trace[part.name][cell])]
    return (bad or parts or [quantity])[0]


def _place(name: str, cell: Cell) -> str:
    return f"{name}[{', '.join(map(str, cell))}]" if cell else name
