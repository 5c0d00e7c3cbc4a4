"""What promises capture is recorded between other kernels, as between two layers, for several numbers of rows, and
replayed on other numbers at later steps and epochs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import SkipTest

import numpy as np

from pellucid.glassbox.failure import ConformanceError, require, require_all_close, require_close
from pellucid.interfaces.context import Context
from pellucid.interfaces.transform import Augmentation
from pellucid.registry.registry import default_registry
from pellucid.standard.ops.base import Ops
from pellucid.testing.check import checks, promises_capture
from pellucid.testing.checks.calls import trial_of
from pellucid.testing.checks.kernels import has_kernels, variants
from pellucid.testing.kept import recorded_with_memory
from pellucid.testing.subject import NO_PLAN, Subject, draw_inputs
from pellucid.testing.trial import Arrays, CallTrial

ROWS = (1, 7, 8, 9, 64, 65, 257)
OF_MODELS = (1, 9, 65)
"""Whose layers are tried at all of these."""
MOMENTS = ((1, 0), (2, 1), (1000, 40))
"""Steps and epochs of the replays; the recording is of step 0 in epoch 0."""
AT_ONCE = 32
"""Predictions of more rows are not recorded."""
REMEDY = (
    "capturable = True promises calls of ctx.ops and of ops that remember themselves, on ctx.scratch, parameters and "
    "states, and that which calls they are depends on shapes alone. Remove the promise, or what breaks it."
)


def recorded_plan(subject: Subject) -> None:
    """A recorded call, replayed on other numbers at other steps and epochs, gives the bits of a call that is run."""
    for training in (True, False):
        for rows in OF_MODELS if subject.entry.kind == "model" else ROWS:
            recording = _Call(subject, rows, training)
            if training in recording.trial.modes and (training or rows <= AT_ONCE):
                recording.check()
    _Call(subject, 9, True, "float64").check()
    for variant, what in list(variants(subject))[1:] if has_kernels(subject) else ():
        _Call(variant, 9, True, what=what).check()


class _Call:
    """A forward and a backward between kernels that bring what they are given, and take what they give."""

    def __init__(self, subject: Subject, rows: int, training: bool, dtype: str = "float32", what: str = "") -> None:
        self.trial, self.eager = (trial_of(subject, ops=subject.fast, dtype=dtype, rows=rows) for _ in range(2))
        self.ops, self.rows, self.training = subject.fast, rows, training
        mode = "training" if training else "evaluation"
        self.where = f"({mode}, {rows} row{'s' if rows > 1 else ''}, {what or dtype})"
        self.brought = self._drawn(0)
        self.given = tuple(None if array is None else self._like(array) for array in self.brought)
        self.index = np.arange(rows, dtype=np.int64)
        self.ctx = self._begun(self.trial.context(training=training), 0, 0)
        self.taken: list[Any] = []
        objective = getattr(self.trial, "objective", None)
        self.turns = len(objective.turns) if objective is not None else 0

    def check(self) -> None:
        parts = [layer for _, layer in self.trial.model.walk()] if self.trial.model is not None else []
        if not all(part.capturable for part in parts):
            raise SkipTest("the example's model is not capturable")
        self.trial.zero_gradients()
        plan = recorded(self.ops, self._step, self.where, needed=self.trial.dtype == np.float32)
        if plan is None:
            return
        self._asks_for_nothing(self.ctx)
        for number, (step, epoch) in enumerate(MOMENTS, 1):
            moment = step * (self.turns or 1), epoch  # of the same player, whose plan it is
            self._renew(number)
            self._begun(self.ctx, *moment)
            self.trial.zero_gradients()
            plan.run()
            when = f"of a plan replayed at step {moment[0]} of epoch {moment[1]} {self.where}"
            fresh = self._begun(self.eager.context(training=self.training), *moment)
            self.eager.zero_gradients()
            ran = self._results(self.eager, fresh, self.brought)
            fresh.commit()
            for k, (array, wanted) in enumerate(zip(self.taken, ran, strict=True)):
                require_close(f"Result {k} {when}", self.ops.to_host(array), self.ops.to_host(wanted), 0, REMEDY)
            require_all_close(f"(its gradient) {when}", self.trial.gradients(), self.eager.gradients(), REMEDY)
            require_all_close(when, self.trial.values(), self.eager.values(), REMEDY)

    def _step(self) -> None:
        for brought, array in zip(self.brought, self.given, strict=True):
            if array is not None:
                self.ops.copy(brought, array)
        results = self._results(self.trial, self.ctx, self.given)
        if not self.taken:
            self.taken = list(map(self._like, results))
        for array, taken in zip(results, self.taken, strict=True):
            self.ops.copy(array, taken)
        self.ctx.commit()

    def _results(self, trial: CallTrial, ctx: Context, given: Arrays) -> list[Any]:
        """The outputs, and the gradients of inputs that have one."""
        y = list(trial.forward(ctx, *given))
        return [*y, *(dx for dx in trial.backward(ctx, *given) if dx is not None)]

    def _like(self, array: Any) -> Any:
        return self.ops.empty(array.shape, array.dtype)

    def _drawn(self, number: int) -> Arrays:
        """What it is given at a replay; at the last of them the first of it is thirty times as large."""
        first, *others = self.trial.ways(self.trial.draw(self.rows, number))[0]
        if number == len(MOMENTS) and first.dtype.kind == "f":
            self.ops.scale(first, 30.0)
        return (first, *others)

    def _renew(self, number: int) -> None:
        """Other numbers in the same memory, other parameters; the same parameters and states for both."""
        for array, new in zip(self.brought, self._drawn(number), strict=True):
            if array is not None:
                array[...] = new
        self.index += 5
        for param, twin in zip(self.trial.parameters(), self.eager.parameters(), strict=True):
            self.ops.scale(param.data, 0.9)
            twin.data = param.data
        for owned, own in zip(self.trial.owned(), self.eager.owned(), strict=True):
            own.data[...] = owned.data

    def _begun(self, ctx: Context, step: int, epoch: int) -> Context:
        index = None if self.training else self.index
        ctx.begin(step, epoch, row_offset=3 + step, index=index, share=self.trial.share)
        return ctx

    def _asks_for_nothing(self, ctx: Context) -> None:
        asked = {path: what for path, what in ctx.asked_of_step.items() if self.training or what == "ctx.rng"}
        if self.turns:  # whose turn it is may be asked
            asked.pop("", None)
        for path, what in asked.items():
            raise ConformanceError(
                f"It asks for {what} at '{path}' {self.where}, which is another at every step.",
                expected="arrays that are rewritten in place, such as ctx.stream's", received=what, remedy=REMEDY,
            )  # fmt: skip


def recorded(ops: Ops, step: Callable[[], Any], where: str, *, needed: bool = True) -> Any:
    """The plan of a function that promises one; a skip where its ops say by ``spoil`` that they have no kernel. None
    where it is not ``needed``, as in float64, which the compiled kernels leave to the reference."""
    for _ in range(ops.warm_up):
        step()
    with _listening(ops) as said:
        plan, loose = recorded_with_memory(lambda: ops.record(step))
    find = default_registry().find
    declined = [name for name in said if name and ops.name in find("op", name).backends]
    if plan is None and not needed:
        return None
    if plan is None and said and not declined:
        raise SkipTest(f"no plan on '{ops.name}': an op without a kernel there, or array code, says so by ops.spoil")
    received = f"the kernel of {declined[0]} does not take these arrays" if declined else NO_PLAN
    require(plan is not None, f"It promises capture, and no plan comes of it {where}.", expected="a plan",
            received=received, remedy=REMEDY)  # fmt: skip
    require(not loose, f"A recorded kernel points to memory that the plan does not keep {where}.",
            expected="every array in the tuple that remember() is given, scratch memory too", received=loose,
            remedy="Name it there: what nobody holds is gone when the plan is replayed; static memory is everybody's.",
    )  # fmt: skip
    return plan


@contextmanager
def _listening(ops: Ops) -> Iterator[list[str]]:
    """Within: the names of the ops of plugins that spoil a plan, or nothing for who does so outside of them."""
    said, running = list[str](), [""]

    def spoil() -> None:
        said.append(running[-1])
        type(ops).spoil(ops)

    def op(name: str) -> Callable[..., Any]:
        kernel = type(ops).op(ops, name)

        def called(*arguments: Any, **named: Any) -> Any:
            running.append(name)
            try:
                return kernel(*arguments, **named)
            finally:
                running.pop()

        return called

    ops.__dict__.update(spoil=spoil, op=op)
    try:
        yield said
    finally:
        del ops.__dict__["spoil"], ops.__dict__["op"]


def recorded_gradient(subject: Subject) -> None:
    """A recorded add_gradient, replayed on other parameters, gives the bits of one that is run."""
    ops, regularizer = subject.fast, subject.create()
    for shape in ((1,), (4, 3), (5, 7, 3), (130, 17)):
        drawn = [np.random.default_rng(number).normal(size=shape).astype("float32") for number in range(4)]
        brought, data, grad, wanted = (ops.asarray(drawn[0].copy()) for _ in range(4))

        def step(brought: Any = brought, data: Any = data, grad: Any = grad) -> None:
            ops.copy(brought, data)
            ops.fill(grad, 1.0)
            regularizer.add_gradient(ops, data, grad)

        plan = recorded(ops, step, f"for parameters of shape {shape}")
        for number, values in enumerate(drawn[1:], 1):
            brought[...] = ops.asarray(values)
            plan.run()
            ops.fill(wanted, 1.0)
            regularizer.add_gradient(ops, brought, wanted)
            when = f"The gradient of replay {number} for shape {shape}"
            require_close(when, ops.to_host(grad), ops.to_host(wanted), 0, REMEDY)


def recorded_augmentation(subject: Subject) -> None:
    """A recorded augment, replayed on other batches, gives the bits of one that is run."""
    ops, augmentation = subject.fast, subject.create()
    for rows in ROWS:
        specs = subject.example.input_shapes[:1]
        batches = [draw_inputs(specs, rows, np.random.default_rng(n), "float32", ops)[0] for n in range(4)]
        brought, x, y = (ops.asarray(np.array(ops.to_host(batches[0]))) for _ in range(3))
        ctx = Context(ops, training=True, seed=5)

        def step(brought: Any = brought, x: Any = x, y: Any = y, ctx: Context = ctx) -> None:
            ops.copy(brought, x)
            ops.copy(augmentation.augment(ctx, x), y)

        plan = recorded(ops, step, f"({rows} rows)")
        for batch, moment in zip(batches[1:], MOMENTS, strict=True):
            brought[...] = batch
            ctx.begin(*moment)
            plan.run()
            fresh = Context(ops, training=True, seed=5)
            fresh.begin(*moment)
            where = f"The batch of a plan replayed at step {moment[0]} of epoch {moment[1]} ({rows} rows)"
            wanted = augmentation.augment(fresh, ops.asarray(np.array(ops.to_host(batch))))
            require_close(where, ops.to_host(y), ops.to_host(wanted), 0, REMEDY)
        asked = sorted(ctx.asked_of_step.values())
        require(not asked, "It asks for what is another at every step.", expected="ctx.stream, ctx.uniform, …",
                received=asked, remedy=REMEDY)  # fmt: skip


CALLS = checks(recorded_plan, applies=promises_capture)
GRADIENT = checks(recorded_gradient, applies=promises_capture)
AUGMENTATION = checks(
    recorded_augmentation,
    applies=lambda s: isinstance(s.target, type) and issubclass(s.target, Augmentation) and promises_capture(s),
)
