"""What holds for an objective: parameter gradients, micro-batches that add up, repeatable evaluation, calls apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.basics.component import CHANGES
from pellucid.glassbox.failure import ConformanceError, require, require_close, require_same
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.objective import Batch, Objective
from pellucid.model.build import initialize
from pellucid.ops.base import Ops
from pellucid.registry.config import read
from pellucid.testing.check import Check
from pellucid.testing.checks.layer_backends import ROUNDING, fast_backend
from pellucid.testing.checks.layer_calls import ON_CTX
from pellucid.testing.fingerprint import difference, fingerprint
from pellucid.testing.gradients import check_gradients
from pellucid.testing.subject import Subject, declared_shape, draw_input


class ObjectiveTrial:
    """An objective, the model of its example, and a batch."""

    def __init__(self, subject: Subject, *, dtype: str = "float64", ops: Ops | None = None, rows: int = 6) -> None:
        example = subject.example
        if example.model is None:
            raise ConformanceError(
                "The example of an objective must name a model.", expected="Example({…}, ((5,),), model={…}, target=…)",
                received="model=None", remedy="Give the configuration of a small model that the objective can train.",
            )  # fmt: skip
        self.ops = subject.backends.reference if ops is None else ops
        self.dtype = np.dtype(dtype)
        self.objective: Objective = subject.create()
        self.model: Layer = read(("model", "layer"), example.model)
        shapes = map(declared_shape, example.input_shapes)
        initialize(self.model, *shapes, *self.model.made_inputs, seed=0, dtype=dtype, ops=self.ops)
        rng = np.random.default_rng(8)
        inputs = tuple(self.ops.asarray(draw_input(spec, rows, rng, dtype)) for spec in example.input_shapes)
        y = None
        if example.target is not None:
            y = self.ops.asarray(draw_input(example.target, rows, rng, dtype, unit=True))
        self.batch = Batch(inputs if len(inputs) > 1 else inputs[0], y, None, np.arange(rows, dtype=np.int64))

    def context(self, *, training: bool = True, row_offset: int = 0, index: Any = None) -> Context:
        ctx = Context(self.ops, training=training, dtype=self.dtype)
        ctx.begin(0, 0, row_offset=row_offset, index=index)
        return ctx

    def call(self, batch: Batch, *, ctx: Context | None = None) -> tuple[float, dict[str, Any], float]:
        """(objective, parameter gradients, count) of one forward and backward."""
        ctx = self.context() if ctx is None else ctx
        for param in self.model.parameters():
            self.ops.fill(param.grad, 0.0)
        loss = float(self.objective.forward(ctx, self.model, batch))
        self.objective.backward(ctx, self.model)
        return loss, {p.path: np.array(self.ops.to_host(p.grad)) for p in self.model.parameters()}, float(ctx.count)

    def rows(self, start: int, stop: int) -> Batch:
        """A part of the batch."""
        taken = [None if a is None else a[start:stop] for a in (*self.batch.inputs, self.batch.y, self.batch.index)]
        *inputs, y, index = taken
        return Batch(tuple(inputs) if isinstance(self.batch.x, tuple) else inputs[0], y, None, index)


def gradients(subject: Subject) -> None:
    """The parameter gradients are the derivatives of the objective."""
    trial = ObjectiveTrial(subject)
    check_gradients(trial.objective, trial.model, trial.batch, ops=trial.ops)


def splits_add_up(subject: Subject) -> None:
    """Micro-batches weighted by ctx.count give the objective and the gradients of the whole batch."""
    trial = ObjectiveTrial(subject)
    loss, grads, count = trial.call(trial.batch)
    parts = [
        trial.call(trial.rows(start, stop), ctx=trial.context(row_offset=start)) for start, stop in ((0, 2), (2, 6))
    ]
    total = sum(part[2] for part in parts)
    remedy = "Set ctx.count to what the mean divides by, and draw random numbers by ctx.normal or ctx.uniform."
    require_close("ctx.count, summed over micro-batches,", total, count, 1e-12, remedy)
    summed = sum(part[2] / total * part[0] for part in parts)
    require_close("The objective of micro-batches", summed, loss, 1e-10, remedy)
    for path, grad in grads.items():
        summed = sum(part[2] / total * part[1][path] for part in parts)
        require_close(f"The gradient of '{path}' of micro-batches", summed, grad, 1e-10, remedy)


def evaluation_repeats(subject: Subject) -> None:
    """In evaluation the same samples give the same bits, wherever in the data they stand."""
    trial = ObjectiveTrial(subject)
    values = []
    for _ in range(2):
        ctx = trial.context(training=False, index=trial.batch.index)
        values.append(float(trial.objective.forward(ctx, trial.model, trial.batch)))
    require(values[0] == values[1], "Two evaluations differ.", expected=values[0], received=values[1],
            remedy="Draw random numbers from ctx only.")  # fmt: skip


def nothing_kept(subject: Subject) -> None:
    """A call changes nothing on the objective and on the model but gradients."""
    trial = ObjectiveTrial(subject)
    trial.call(trial.batch)
    before, changes = (fingerprint(trial.objective), fingerprint(trial.model)), CHANGES.count
    held: list[Any] = [*trial.model.parameters(), *trial.model.states()]
    values = [part.data.copy() for part in held]
    trial.call(trial.batch)
    for kept, component in zip(before, (trial.objective, trial.model), strict=True):
        place = difference(kept, fingerprint(component))
        require(not place and CHANGES.count == changes, f"A call changes {type(component).__name__}.{place}.",
                expected="the same attributes", received=place or "an attribute was set", remedy=ON_CTX)  # fmt: skip
    for part, value in zip(held, values, strict=True):
        require_same(f"'{part.path}' after a call", part.data, value, "Weights change in the optimizer.")


def inputs_untouched(subject: Subject) -> None:
    """The batch is never written."""
    trial = ObjectiveTrial(subject)
    arrays = [a for a in (*trial.batch.inputs, trial.batch.y) if isinstance(a, np.ndarray)]
    for array in arrays:
        array.flags.writeable = False
    try:
        trial.call(trial.batch)
    except ValueError as error:
        raise ConformanceError(
            "It writes into the batch, which is read-only.", expected="no writing", received=str(error),
            remedy="Write into ctx.scratch(name, shape).",
        ) from error  # fmt: skip


def parts_reported(subject: Subject) -> None:
    """The objective is finite, and so are the parts that it reports."""
    trial = ObjectiveTrial(subject)
    ctx = trial.context()
    loss = trial.objective.forward(ctx, trial.model, trial.batch)
    figures = {"objective": loss, **ctx.parts}
    for name, figure in figures.items():
        require(np.ndim(figure) == 0 and np.isfinite(float(figure)), f"The {name} is no finite number.",
                expected="a 0-d array", received=repr(figure), remedy="Sum or average to one number.")  # fmt: skip


def parity(subject: Subject) -> None:
    """All backends give the same objective and gradients."""
    fast = fast_backend(subject)
    one, other = (ObjectiveTrial(subject, dtype="float32", ops=ops) for ops in (subject.backends.reference, fast))
    expected, received = one.call(one.batch), other.call(other.batch)
    remedy = "The reference in ops/ is the specification: hold the kernel against it."
    require_close(f"The objective on backend '{fast.name}'", received[0], expected[0], ROUNDING, remedy)
    for path, grad in expected[1].items():
        require_close(f"The gradient of '{path}' on '{fast.name}'", received[1][path], grad, ROUNDING, remedy)


CHECKS = (
    Check(parts_reported), Check(gradients), Check(splits_add_up), Check(evaluation_repeats), Check(nothing_kept),
    Check(inputs_untouched), Check(parity),
)  # fmt: skip
