"""what_if: another weight, learning rate or batch: what the gradient foretells beside what happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.basics.checks import check_float, check_int
from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.suggest import did_you_mean, listed
from pellucid.glassbox.prove.differences import STEP
from pellucid.glassbox.prove.samples import samples
from pellucid.glassbox.prove.threads import one_blas_thread
from pellucid.glassbox.prove.twin import Opened, Twin
from pellucid.glassbox.record.cell import check_cell

SHOWN = 5
"""So many outputs of a prediction are shown: those that change most."""
Change = dict[str, HostArray]
"""What a step adds to each parameter."""


@dataclass(frozen=True)
class Step:
    """What a step makes of the loss and of the weights.

    Attributes:
        loss: of this batch before the step; after: the same when the step was taken, with the same random numbers.
        predicted: by how much the step changes the loss to first order, ``Σ gᵢ Δθᵢ``.
        update: ``‖Δθ‖``, the size of what the step adds to the weights.
        own: what it adds to the weight that is asked about, or None.
    """

    loss: float
    after: float
    predicted: float
    update: float
    own: float | None = None


@dataclass(frozen=True)
class WhatIf:
    """What would have been.

    Attributes:
        what: what is supposed, in words.
        before, then: the step as it was and as it would have been; None of a prediction.
        predicted: the change of the loss that the recorded gradients foretell, to first order.
        actual: the change that the loss then has.
        after: whether these are of the loss after the step, as before it nothing has changed.
        difference: ``‖Δθ' − Δθ‖``, by how much the steps differ.
        outputs: of a prediction, those that change most: cell, value as it was, predicted, and actual change.
    """

    what: str
    before: Step | None = None
    then: Step | None = None
    predicted: float = 0.0
    actual: float = 0.0
    after: bool = False
    difference: float = 0.0
    outputs: tuple[tuple[str, float, float, float], ...] = ()

    def __str__(self) -> str:
        lines = [f"What if {self.what}?"]
        if self.before is None or self.then is None:
            lines.append("  output: as it was, change predicted to first order, actual change")
            lines += [f"  {cell}: {was:.6g}, {foretold:+.3g}, {now:+.3g}" for cell, was, foretold, now in self.outputs]
            return "\n".join(lines)
        before, then = self.before, self.then
        which, was, is_now = "of this batch", before.loss, then.loss
        if self.after:
            which, was, is_now = "after the step", before.after, then.after
        lines.append(f"  The loss {which}: {was:.6g} -> {is_now:.6g}.")
        lines.append(f"  Predicted change, to first order: {self.predicted:+.6g}. Actual: {self.actual:+.6g}.")
        changes = f"{before.predicted:+.4g} predicted, {before.after - before.loss:+.4g} in fact"
        changed = f"{then.predicted:+.4g} predicted, {then.after - then.loss:+.4g} in fact"
        lines += [
            f"  The step changes the loss by {changes}; then by {changed}.",
            f"  It moves the weights by {before.update:.4g}; then by {then.update:.4g}. The two differ by "
            f"{self.difference:.4g}.",
        ]
        if before.own is not None and then.own is not None:
            lines.append(f"  It changes this weight by {before.own:+.4g}; then by {then.own:+.4g}.")
        return "\n".join(lines)


@one_blas_thread()
def what_if(
    trace: Opened, name: str | None, cell: Any, by: float | None, *, lr: float | None, without_sample: int | None
) -> WhatIf:  # fmt: skip
    """See :meth:`pellucid.Trace.what_if`."""
    asked = [name is not None, lr is not None, without_sample is not None]
    if sum(asked) != 1 or (name is not None) != (by is not None):
        raise ConfigError(
            "what_if supposes one thing: what_if('layers.0.weight', (3, 7), +0.1), a weight and by how much it is "
            f"another; or lr=0.1; or without_sample=12. Received: {name!r}, {cell!r}, {by!r}, lr={lr!r}, "
            f"without_sample={without_sample!r}."
        )
    twin = Twin(trace, exact=True)
    if name is not None:
        assert by is not None
        place = _weight(twin, name, cell, by)
        return _of_step(twin, name, place, float(by)) if twin.is_step else _of_prediction(twin, name, place, float(by))
    if not twin.is_step:
        raise DataError("A prediction has no learning rate, and leaves no sample out of a loss. Trace a step.")
    return _other_rate(twin, lr) if lr is not None else _without(twin, without_sample)


def _weight(twin: Twin, name: str, cell: Any, by: Any) -> tuple[int, ...]:
    """The cell of a parameter, both checked."""
    if name not in twin.params:
        own = name.rpartition(".")[0]
        meant = f" Did you mean {own!r}?" if own in twin.params else did_you_mean(name, twin.params)
        raise DataError(
            f"what_if changes a parameter. Received: {name!r}.{meant} The parameters are: {listed(twin.params)}."
        )
    check_float("what_if", "by", by, "(-inf, inf)")
    return tuple(check_cell(name, twin.params[name].shape, cell))


# -- a step ----------------------------------------------------------------------------------------------------------


def _step(
    twin: Twin, gradients: Change, *, at: tuple[str, tuple[int, ...]] | None = None, lr: float | None = None
) -> tuple[Step, Change]:  # fmt: skip
    """Take the step from where the twin is, which is left there."""
    before = {path: param.data.copy() for path, param in twin.params.items()}
    loss = twin.loss()
    twin.step(lr=lr)
    change = {path: param.data - before[path] for path, param in twin.params.items()}
    after = twin.loss()
    predicted = float(sum(np.sum(gradients[path] * change[path]) for path in change))
    return Step(loss, after, predicted, _norm(change), None if at is None else float(change[at[0]][at[1]])), change


def _norm(change: Change) -> float:
    return float(np.sqrt(sum(np.sum(each**2) for each in change.values())))


def _compared(
    twin: Twin, what: str, other: Callable[[], tuple[Step, Change]],
    foretold: Callable[[Step, Step], tuple[float, float]], at: tuple[str, tuple[int, ...]] | None = None, *,
    after: bool = False,
) -> WhatIf:  # fmt: skip
    """The step as it was beside another."""
    before, change = _step(twin, twin.gradients(), at=at)
    twin.reset()
    then, changed = other()
    difference = _norm({path: changed[path] - change[path] for path in change})
    predicted, actual = foretold(before, then)
    return WhatIf(what, before, then, predicted, actual, after, difference)


def _of_step(twin: Twin, name: str, cell: tuple[int, ...], by: float) -> WhatIf:
    data = twin.params[name].data
    recorded = f"{name}.grad"
    slope = float(twin.trace[recorded][cell] if recorded in twin.trace else twin.gradient_of_frozen(name)[cell])
    place, was = f"{name}[{', '.join(map(str, cell))}]" if cell else name, float(data[cell])

    def other() -> tuple[Step, Change]:
        data[cell] += by
        return _step(twin, twin.gradients(), at=(name, cell))

    return _compared(
        twin, f"{place} were {was + by:.6g} in place of {was:.6g}", other,
        lambda before, then: (slope * by, then.loss - before.loss), (name, cell),
    )  # fmt: skip


def _other_rate(twin: Twin, lr: float) -> WhatIf:
    check_float("what_if", "lr", lr, "[0, inf)")
    gradients = twin.gradients()
    rates = sorted({segment.base_lr for segment in twin.update().segments})
    return _compared(
        twin, f"the learning rate were {lr:g} in place of {' and '.join(f'{rate:g}' for rate in rates)}",
        lambda: _step(twin, gradients, lr=float(lr)),
        lambda before, then: (then.predicted - before.predicted, then.after - before.after), after=True,
    )  # fmt: skip


def _without(twin: Twin, sample: Any) -> WhatIf:
    check_int("what_if", "without_sample", sample, "[0, inf)")
    rows = sum(twin.rows)
    if not 0 <= sample < rows:
        raise DataError(
            f"The batch of this step has {rows} samples, 0 to {rows - 1}, by their places in it. Received: "
            f"without_sample={sample}."
        )
    sample, recorded = int(sample), twin.source.weight
    weight = np.ones(rows) if recorded is None else np.array(twin.ops.to_host(recorded), np.float64)
    loss, total = twin.loss(), sum(twin.counts)
    weight[sample] = 0.0
    with twin.weighted(weight):
        twin.loss()
        left = sum(twin.counts)  # a sentence counts by its words
    slope = float(samples(twin.trace, "loss")[sample]) - (1 - left / (total or 1.0)) * loss

    def other() -> tuple[Step, Change]:
        with twin.weighted(weight):
            return _step(twin, twin.gradients())

    return _compared(
        twin, f"sample {sample} had not been in the batch", other,
        lambda before, then: (-slope, then.loss - before.loss),
    )  # fmt: skip


# -- a prediction ----------------------------------------------------------------------------------------------------


def _of_prediction(twin: Twin, name: str, cell: tuple[int, ...], by: float) -> WhatIf:
    data = twin.params[name].data
    was, place = float(data[cell]), f"{name}[{', '.join(map(str, cell))}]" if cell else name

    def outputs(moved: float) -> list[HostArray]:
        data[cell] = was + moved
        return [np.array(y) for y in as_tuple(twin.outputs())]

    h = STEP * max(1.0, abs(was))
    before, then = outputs(0.0), outputs(by)
    slopes = [(right - left) / (2 * h) for right, left in zip(outputs(h), outputs(-h), strict=True)]
    data[cell] = was
    changes = []
    for k, (y, y_then, slope) in enumerate(zip(before, then, slopes, strict=True)):
        called = f"y{k if len(before) > 1 else ''}"
        for i in np.argsort(-np.abs(y_then - y), axis=None, kind="stable")[:SHOWN].tolist():
            index = ", ".join(str(int(n)) for n in np.unravel_index(i, y.shape))
            foretold, now = float(slope.flat[i]) * by, float((y_then - y).flat[i])
            changes.append((f"{called}[{index}]", float(y.flat[i]), foretold, now))
    changes.sort(key=lambda change: -abs(change[3]))
    return WhatIf(f"{place} were {was + by:.6g} in place of {was:.6g}", outputs=tuple(changes[:SHOWN]))
