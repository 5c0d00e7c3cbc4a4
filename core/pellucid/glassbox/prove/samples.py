"""samples: what each row of a batch has contributed to a gradient, or to the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.component import parts_in
from pellucid.basics.errors import ConfigError, DataError
from pellucid.basics.limits import check_memory
from pellucid.basics.suggest import did_you_mean
from pellucid.glassbox.prove.threads import one_blas_thread
from pellucid.glassbox.prove.twin import Opened, Twin
from pellucid.glassbox.record.quantity import Call
from pellucid.interfaces.context import Context
from pellucid.interfaces.layer import Layer
from pellucid.interfaces.parameters import Param

NO_INPUT = (False,) * 32
"""``needs_dx`` of a layer of which the gradients of its parameters alone are wanted."""
ROUNDING = {"float32": 1e-3, "float64": 1e-9}
"""By how much the sum over the rows may be off the recorded gradient, relative to what was added up."""
WHOLE = 1e-2
"""Of the largest gradient of a step: what is smaller, such as that of a bias before batch norm, which is all
cancellation, is measured by so much."""


@one_blas_thread()
def samples(trace: Opened, name: str) -> HostArray:
    """What each row of the batch has contributed, (N, *shape) in float64; see :meth:`pellucid.Trace.samples`."""
    twin = Twin(trace, exact=True)
    if not twin.is_step:
        raise DataError("A prediction has no gradients and no loss whose samples could be told apart. Trace a step.")
    own = name.removesuffix(".grad") if isinstance(name, str) else ""
    if name != own and own in twin.params:
        return Contributions(twin, [own]).by_row(own)
    twin.loss()
    parts = {"loss" if part == "loss" else f"loss.{part}": part for part in twin.parts}
    if name not in parts:
        known = [*parts, *(f"{path}.grad" for path in twin.params)]
        meant = did_you_mean(name, known) if isinstance(name, str) else ""
        raise DataError(
            f"There are samples of the loss, its parts and the gradients of parameters. Received: {name!r}.{meant} "
            f"Here these are {', '.join(known[:12])}{', …' if len(known) > 12 else ''}."
        )
    return _of_loss(twin, parts[name])


def _of_loss(twin: Twin, part: str) -> HostArray:
    """The loss's own terms, ``wᵢ lᵢ / Σ w``: that of each row is the loss with a weight for it alone."""
    recorded = twin.source.weight
    weight = np.ones(sum(twin.rows)) if recorded is None else np.asarray(twin.ops.to_host(recorded), np.float64)
    counts, found, row = list(twin.counts), np.zeros(len(weight)), 0
    total = sum(counts) or 1.0
    for k, rows in enumerate(twin.rows):
        for n in range(row, row + rows):
            if weight[n] == 0.0:
                continue
            alone = np.zeros_like(weight)
            alone[n] = weight[n]
            value, count = _alone(twin, alone, k, part)
            found[n] = value * (count / total) if count else 0.0
        row += rows
    twin.loss()
    return found


def _alone(twin: Twin, weight: HostArray, k: int, part: str) -> tuple[float, float]:
    """The loss of the k-th micro-batch with these weights, and what it was divided by."""
    with twin.weighted(weight):
        try:
            value = twin.of_batch(k, part)
        except ConfigError as error:
            raise ConfigError(
                f"The terms of this loss are found by weights for single samples, and its objective takes none. {error}"
            ) from error
    return value


class Contributions:
    """What the rows of the batch have contributed to the gradients of some parameters.

    A backward is linear in the gradient ``dy`` at the output of its layer, so the rows of ``dy`` are given to it one at
    a time: the layer is called once more with the inputs that it had, and what it adds to the parameters is what came
    through this row of its output. These add up to the gradient over all rows, all calls of the layer and all
    micro-batches. Where layers mix rows, as batch norm does, that is no sample's own effect.

    Args:
        twin: an exact one.
        paths: of the parameters.

    Raises:
        DataError: the rows of what a layer gives are not those of the batch, or something else has changed the
            gradient.
    """

    def __init__(self, twin: Twin, paths: Sequence[str]) -> None:
        self.twin, self.trace = twin, twin.trace
        self.shares = self._shares()
        self.starts = [sum(twin.rows[:k]) for k in range(len(twin.rows))]
        self._calls: dict[str, list[Call]] = {path: self._innermost(path) for path in paths}

    def _shares(self) -> list[float]:
        if len(self.twin.rows) == 1:
            return [1.0]
        self.twin.loss()
        return self.twin.shares()

    def by_row(self, path: str) -> HostArray:
        """(N, *shape): what each row has contributed to the gradient of a parameter."""
        found = self._by_row(path, self._calls[path])
        if not self._adds_up(path, found):
            param = self.twin.params[path]
            outermost = [call for call in self._candidates(self.trace.calls, param) if self._fits(call)]
            found = self._by_row(path, outermost)
            if not self._adds_up(path, found):
                raise DataError(
                    f"What the rows of the batch have contributed to '{path}.grad' does not add up to it. Either rows "
                    "of what the layers give are no rows of the batch, or somebody has changed the gradient: an "
                    "observer, run.on_gradients, or the objective itself."
                )
        return found

    def _by_row(self, path: str, calls: Sequence[Call]) -> HostArray:
        shape = sum(self.twin.rows), *self.twin.params[path].shape
        what = f"What each of {shape[0]} rows has contributed to '{path}.grad', {prod(shape):,} numbers,"
        check_memory(8 * prod(shape), what, "Trace fewer rows.", DataError)
        found = np.zeros(shape)
        for call in calls:
            k = call.micro - 1
            for n in range(self.twin.rows[k]):
                found[self.starts[k] + n] += self.shares[k] * self._given(call, partial(_row, n))[path]
        return found

    def _given(self, call: Call, masked: Callable[[HostArray], HostArray]) -> dict[str, HostArray]:
        """What a call adds to the gradients of a ``dy`` of which something is left."""
        twin, k = self.twin, call.micro - 1
        layer = twin.layer_of(call)
        xs = [self._array(call.given[of]) for of in call.values["inputs"]]
        dys = [masked(self._array(call.given[of])) if of in call.given else None for of in _outputs(call)]
        ctx = Context(twin.ops, training=call.training, seed=twin.setting.seed, dtype=twin.dtype, needs_dx=NO_INPUT)
        twin.begin(ctx, k, self.starts[k])
        ctx.path = call.place
        twin.ops.fill(twin.arena.grad, 0.0)
        with np.errstate(under="ignore"), twin.ops.quiet():
            layer.forward(ctx, *xs)
            layer.backward(ctx, *dys)
        found = {param.path: np.array(param.grad) for param in layer.parameters()}
        twin.ops.fill(twin.arena.grad, 0.0)
        return found

    def _array(self, name: str) -> HostArray:
        value = self.twin.host(name)
        return np.array(value, np.float64 if value.dtype.kind == "f" else value.dtype)

    def _adds_up(self, path: str, found: HostArray) -> bool:
        gradient = f"{path}.grad"
        if gradient not in self.trace:  # a frozen one's is not recorded
            return True
        recorded, tolerance = self.trace[gradient], ROUNDING[self.twin.setting.told["dtype"]]
        size = np.sqrt((found**2).sum(axis=0)) + WHOLE * largest_gradient(self.trace)
        return bool((np.abs(found.sum(axis=0) - recorded) <= tolerance * size).all())

    # -- whose rows --------------------------------------------------------------------------------------------------

    def _innermost(self, path: str) -> list[Call]:
        """The innermost calls that have added to a gradient, with an output of the rows of the batch."""
        found = self._within(self.trace.calls, self.twin.params[path])
        if found is None:
            raise DataError(
                f"'{path}.grad' is no sum over the rows of the batch: the rows of the outputs of the layers that it "
                "belongs to are others."
            )
        return found

    def _within(self, calls: Sequence[Call], param: Param) -> list[Call] | None:
        """None: the rows of some of them are others."""
        found: list[Call] = []
        for call in self._candidates(calls, param):
            layer = self.twin.layer_of(call)
            own = any(param is each for _, each in parts_in(layer, Param))
            inside = [] if own else self._within(call.inner, param)
            if inside:
                found += inside
            elif self._fits(call):
                found.append(call)
            else:
                return None
        return found

    def _candidates(self, calls: Sequence[Call], param: Param) -> Iterator[Call]:
        """The outermost calls of layers with this parameter that had a backward."""
        for call in calls:
            if call.kind != "layer":
                yield from self._candidates(call.inner, param)
            elif any(of in call.given for of in _outputs(call)) and _has(self.twin.layer_of(call), param):
                yield call

    def _fits(self, call: Call) -> bool:
        rows = self.twin.rows[call.micro - 1]
        dys = [self.trace[call.given[of]] for of in _outputs(call) if of in call.given and call.given[of] in self.trace]
        return bool(dys) and all(dy.ndim and len(dy) == rows for dy in dys)


def _row(n: int, dy: HostArray) -> HostArray:
    """The n-th row, and zeros elsewhere."""
    row = np.zeros_like(dy)
    row[n] = dy[n]
    return row


def largest_gradient(trace: Opened) -> float:
    """The largest number in the gradients of a step."""
    names = [name for name in trace.names() if name.endswith(".grad")]
    return max((float(np.abs(trace[name]).max(initial=0.0)) for name in names), default=0.0) or 1.0


def _has(layer: Layer, param: Param) -> bool:
    return any(param is each for each in layer.parameters())


def _outputs(call: Call) -> list[str]:
    """What its equations call the gradients at its outputs."""
    outputs: list[Any] = sorted((of for of in call.made if of == "y" or (of[0] == "y" and of[1:].isdigit())),
                                key=lambda of: int(of[1:] or 0))  # fmt: skip
    return [f"d{of}" for of in outputs]
