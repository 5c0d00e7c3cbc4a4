"""Gradients of a step held against central differences of its loss, on a twin in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.prove.differences import ROUNDING, measured
from pellucid.glassbox.prove.inputs import LayerInputs
from pellucid.glassbox.prove.samples import WHOLE, largest_gradient
from pellucid.glassbox.prove.twin import Opened, Twin
from pellucid.interfaces.parameters import Param

EXACT = 1e-6
"""By how much backward and central difference may differ, both in float64; see ``SMALL`` for what it is relative to."""
RECORDED = {"float32": 1e-3, "float64": 1e-6}
"""By how much a recorded gradient may differ, by the model's type, relative to what was added up to it. In float32 that
is rounding: 99 % are within 1e-6, but terms that cancel inside of a layer, as in a batch norm over two rows, are in no
array that could tell their size, and 3e-4 have been seen. What is wrong in float32 alone and by less, it does not tell.
That the derivation is right is told by ``EXACT``."""
WOBBLE = 1e-6
"""Relative to each number: by so much all are moved at random."""
DRAWS = 3
SMALL = 1e-2
"""Of the largest number of an array: what is smaller is measured by so much."""


@dataclass(frozen=True)
class Held:
    """A gradient that was held against central differences.

    Attributes:
        name: the gradient: ``"layers.0.weight.grad"``, ``"layers.1.dx"``.
        cells, kinks: how many cells were compared; and how many more lie at a kink, where there is no derivative.
        error: the largest of the recorded gradient.
        exact: the largest of the same code in float64.
        cell, gradient, slope: where the former is; the recorded gradient there, and the central difference.
        recorded: whether the gradient is one of the trace; else it is that of the code in float64.
        passed: whether all are within the tolerances.
    """

    name: str
    cells: int
    kinks: int
    error: float
    exact: float
    cell: tuple[int, ...]
    gradient: float
    slope: float
    recorded: bool
    passed: bool


@dataclass(frozen=True)
class _Variable:
    """What a number is differentiated by.

    Attributes:
        name: of the gradient.
        value: the number; moved: what it is differentiated by, changed in place; at: its values.
        gradient: by the code in float64; recorded: in the trace, or None.
        added: the size of what was added up to it.
    """

    name: str
    value: Callable[[], float]
    moved: HostArray
    at: HostArray
    gradient: HostArray
    recorded: HostArray | None
    added: HostArray | float = 0.0


def held_gradients(
    twin: Twin, cells: int, rng: np.random.Generator, unchecked: dict[str, str]
) -> Iterator[Held]:  # fmt: skip
    """The gradients at parameters, of penalties, and at the floating inputs of all layers, at random cells.

    Random numbers depend on their place alone and what the code stops, ``ctx.stop``, is held, so that nothing moves but
    the cell.

    Args:
        twin: an exact one, of a step.
        cells: how many in all, spread evenly; at least one of each gradient.
        unchecked: what is left out is noted there, with the reason.
    """
    trace, inputs = twin.trace, LayerInputs(twin)
    with inputs.watching():
        gradients = inputs.gradients()
        added = _added(inputs, gradients, rng)
        variables = [*_parameters(trace, inputs, gradients, unchecked)]
        variables += [*_penalties(trace, twin), *_inputs(trace, inputs)]
        allowed, least = RECORDED[str(trace.setting.told["dtype"])], WHOLE * largest_gradient(trace)
        variables = [replace(each, added=added.get(each.name, 0.0)) for each in variables]
        for variable, number in zip(variables, spread(cells, [v.moved.size for v in variables]), strict=True):
            yield _held(variable, rng.choice(variable.moved.size, number, replace=False), allowed, least)
            inputs.shifts.clear()


def _held(variable: _Variable, cells: HostArray, allowed: float, least: float) -> Held:
    size = max(SMALL * float(np.abs(variable.gradient).max(initial=0.0)), least)
    recorded = variable.gradient if variable.recorded is None else variable.recorded
    kinks, exact, passed = 0, 0.0, True
    error, worst, slope = -1.0, int(cells[0]), np.nan
    for i in np.sort(cells).tolist():
        a, r = float(variable.gradient.flat[i]), float(recorded.flat[i])
        found = measured(
            variable.value, variable.moved, i, a, EXACT, size=size, at=float(variable.at.flat[i]), jump=EXACT,
            rounding=ROUNDING,
        )  # fmt: skip
        if found.kink:
            kinks += 1
            continue
        # A backward that agrees with the difference is the better of the two: it has no noise.
        truth = a if found.error < EXACT else found.slope
        added = float(np.broadcast_to(variable.added, variable.moved.shape).flat[i])
        own = min(abs(r - truth), abs(r - found.slope)) / max(size, abs(r), abs(truth), added)
        own, beside = (each if each == each else np.inf for each in (own, found.error))
        passed, exact = passed and own < allowed and beside < EXACT, max(exact, beside)
        if own > error:
            error, worst, slope = own, i, found.slope
    cell = tuple(int(k) for k in np.unravel_index(worst, variable.moved.shape))
    return Held(variable.name, len(cells) - kinks, kinks, max(error, 0.0), exact, cell, float(recorded.flat[worst]),
                slope, variable.recorded is not None, passed)  # fmt: skip


def spread(cells: int, sizes: Sequence[int]) -> list[int]:
    """How many cells of arrays of these sizes: the same of all, or all that there are; at least one."""
    found = [min(1, size) for size in sizes]
    while (left := cells - sum(found)) > 0:
        more = [i for i, size in enumerate(sizes) if found[i] < size]
        if not more:
            break
        for i in more[: max(1, left)]:
            found[i] += min(max(1, left // len(more)), sizes[i] - found[i])
    return found


def _added(
    inputs: LayerInputs, gradients: Mapping[str, HostArray], rng: np.random.Generator
) -> dict[str, HostArray]:  # fmt: skip
    """The size of what was added up to each gradient, ``√Σ tⱼ²`` of terms tⱼ, however much of it cancels, as in that of
    a bias before batch norm.

    Every number that a layer is given or gives, there and back, is moved a little at random, and the weights with them:
    what a sum then moves by tells the size of its terms, and how much rounding before it matters.
    """
    twin = inputs.twin

    def jolt(x: HostArray) -> HostArray:
        return x * (1 + WOBBLE * rng.normal(size=x.shape))

    kept = [param.data.copy() for param in twin.arena.params]
    before = {f"{path}.grad": each for path, each in gradients.items()} | _by_gradient(inputs.slopes)
    squares = {name: np.zeros_like(each) for name, each in before.items()}
    for _ in range(DRAWS):
        for param, value in zip(twin.arena.params, kept, strict=True):
            param.data[...] = jolt(value)
        inputs.jolt = jolt
        again = {f"{path}.grad": each for path, each in inputs.gradients().items()} | _by_gradient(inputs.slopes)
        for name, square in squares.items():
            square += ((again[name] - before[name]) / WOBBLE) ** 2 / DRAWS
    inputs.jolt = None
    for param, value in zip(twin.arena.params, kept, strict=True):
        param.data[...] = value
    inputs.gradients()
    return {name: np.sqrt(np.maximum(square, 0.1 * square.mean())) for name, square in squares.items() if square.size}


def _by_gradient(slopes: Mapping[str, HostArray]) -> dict[str, HostArray]:
    """By the names of the gradients: ``layers.0.x`` has ``layers.0.dx``."""
    return {_gradient_of(name): slope for name, slope in slopes.items()}


def _gradient_of(name: str) -> str:
    stem, _, of = name.rpartition(".")
    return f"{stem}.d{of}"


# -- what there is ---------------------------------------------------------------------------------------------------


def _parameters(
    trace: Opened, inputs: LayerInputs, gradients: dict[str, HostArray], unchecked: dict[str, str]
) -> Iterator[_Variable]:  # fmt: skip
    twin = inputs.twin
    wanted = [param for param in twin.moved() if param.trainable and param.data.size]
    for param in twin.arena.params:
        if not any(param is each for each in wanted):
            why = "it is the turn of another part of the model" if param.trainable else "it is frozen"
            unchecked[f"{param.path}.grad"] = why if param.data.size else "it has no numbers"
    for param in wanted:
        name, gradient = f"{param.path}.grad", gradients[param.path]
        yield _Variable(name, inputs.loss, param.data, param.data.copy(), gradient, _recorded(trace, name))


def _penalties(trace: Opened, twin: Twin) -> Iterator[_Variable]:
    for param in twin.moved():
        regularizer, name = param.regularizer, f"{param.path}.penalty_grad"
        if regularizer is not None and param.trainable and param.data.size and name in trace:
            gradient = np.zeros(param.shape)
            regularizer.add_gradient(twin.ops, param.data, gradient)

            def penalty(regularizer: Any = regularizer, param: Param = param) -> float:
                return float(regularizer.penalty(twin.ops, param.data))

            yield _Variable(name, penalty, param.data, param.data.copy(), gradient, trace[name])


def _inputs(trace: Opened, inputs: LayerInputs) -> Iterator[_Variable]:
    shares = inputs.twin.shares()
    for name, gradient in inputs.slopes.items():
        share = shares[inputs.micro[name] - 1]
        x = inputs.arrays[name]
        if not x.size or not share:
            continue
        shift = np.zeros_like(x)

        def value(name: str = name, shift: HostArray = shift, share: float = share) -> float:
            inputs.shifts[name] = shift
            return inputs.loss() / share  # the gradient is that of the mean over the micro-batch

        called = _gradient_of(name)
        yield _Variable(called, value, shift, x, gradient, _recorded(trace, called))


def _recorded(trace: Opened, name: str) -> HostArray | None:
    return trace[name] if name in trace else None  # noqa: SIM401  (a trace has no get)
