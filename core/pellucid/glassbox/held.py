"""Gradients of a step held against central differences of its loss, on a twin in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import DataError
from pellucid.glassbox.differences import ROUNDING, measured
from pellucid.glassbox.inputs import LayerInputs
from pellucid.glassbox.samples import WHOLE, Contributions, largest_gradient
from pellucid.glassbox.twin import Opened, Twin
from pellucid.interfaces.parameters import Param

EXACT = 1e-6
"""By how much backward and central difference may differ, both in float64, relative to the size of what is added up."""
RECORDED = {"float32": 1e-3, "float64": 1e-6}
"""By how much a recorded gradient may differ, by the model's type."""
SMALL = 1e-2
"""Of the largest number of an array: what is smaller is measured by so much."""


@dataclass(frozen=True)
class Held:
    """A gradient that was held against central differences.

    Attributes:
        name: the gradient: ``"layers.0.weight.grad"``, ``"layers.1.dx"``.
        cells, kinks: how many cells were compared; and how many more lie at a kink, where there is no derivative.
        error: the largest of the recorded gradient, relative to the size of what was added up to it.
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
        gradient: by the code in float64; recorded: in the trace, or None; size: of what was added up to it.
        rounding: of the value, relative to it.
    """

    name: str
    value: Callable[[], float]
    moved: HostArray
    at: HostArray
    gradient: HostArray
    recorded: HostArray | None
    size: HostArray
    rounding: float = ROUNDING


def held_gradients(
    trace: Opened, cells: int, rng: np.random.Generator, unchecked: dict[str, str]
) -> Iterator[Held]:  # fmt: skip
    """The gradients at parameters, of penalties, and at the floating inputs of all layers, at random cells.

    Random numbers depend on their place alone and what the code stops, ``ctx.stop``, is held, so that nothing moves but
    the cell.

    Args:
        cells: how many in all, spread evenly; at least one of each gradient.
        unchecked: what is left out is noted there, with the reason.
    """
    twin = Twin(trace, exact=True)
    inputs = LayerInputs(twin)
    with inputs.watching():
        gradients = inputs.gradients()
        variables = [*_parameters(trace, inputs, gradients, rng, unchecked)]
        variables += [*_penalties(trace, twin), *_inputs(trace, inputs)]
        allowed, least = RECORDED[str(trace.setting.told["dtype"])], WHOLE * largest_gradient(trace)
        for variable, number in zip(variables, spread(cells, [v.moved.size for v in variables]), strict=True):
            yield _held(variable, rng.choice(variable.moved.size, number, replace=False), allowed, least)
            inputs.shifts.clear()


def _held(variable: _Variable, cells: HostArray, allowed: float, least: float) -> Held:
    largest = float(np.abs(variable.gradient).max(initial=0.0))
    recorded = variable.gradient if variable.recorded is None else variable.recorded
    kinks, exact, passed = 0, 0.0, True
    error, worst, slope = -1.0, int(cells[0]), np.nan
    for i in np.sort(cells).tolist():
        a, r = float(variable.gradient.flat[i]), float(recorded.flat[i])
        size = max(float(variable.size.flat[i]), SMALL * largest, least)
        found = measured(
            variable.value, variable.moved, i, a, EXACT, size=size, at=float(variable.at.flat[i]), jump=EXACT,
            rounding=variable.rounding,
        )  # fmt: skip
        if found.kink:
            kinks += 1
            continue
        # A backward that agrees with the difference is the better of the two: it has no noise.
        truth = a if found.error < EXACT else found.slope
        own = min(abs(r - truth), abs(r - found.slope)) / max(size, abs(r), abs(truth))
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


# -- what there is ---------------------------------------------------------------------------------------------------


def _parameters(
    trace: Opened, inputs: LayerInputs, gradients: dict[str, HostArray], rng: np.random.Generator,
    unchecked: dict[str, str],
) -> Iterator[_Variable]:  # fmt: skip
    twin = inputs.twin
    wanted = [param for param in twin.moved() if param.trainable and param.data.size]
    for param in twin.arena.params:
        if not any(param is each for each in wanted):
            why = "it is the turn of another part of the model" if param.trainable else "it is frozen"
            unchecked[f"{param.path}.grad"] = why if param.data.size else "it has no numbers"
    sizes = _sizes(twin, wanted, rng)
    for param in wanted:
        name = f"{param.path}.grad"
        yield _Variable(
            name, inputs.loss, param.data, param.data.copy(), gradients[param.path], _recorded(trace, name),
            sizes.get(param.path, np.zeros(param.shape)),
        )  # fmt: skip


def _sizes(twin: Twin, params: Sequence[Param], rng: np.random.Generator) -> dict[str, HostArray]:
    """Of what was added up to each gradient, where rows of layers' outputs are rows of the batch."""
    told = []
    for param in params:
        try:
            Contributions(twin, [param.path])
        except DataError:  # the gradient alone tells its size
            continue
        told.append(param.path)
    return Contributions(twin, told).sizes(rng) if told else {}


def _penalties(trace: Opened, twin: Twin) -> Iterator[_Variable]:
    for param in twin.moved():
        regularizer, name = param.regularizer, f"{param.path}.penalty_grad"
        if regularizer is not None and param.trainable and param.data.size and name in trace:
            gradient = np.zeros(param.shape)
            regularizer.add_gradient(twin.ops, param.data, gradient)

            def penalty(regularizer: Any = regularizer, param: Param = param) -> float:
                return float(regularizer.penalty(twin.ops, param.data))

            yield _Variable(name, penalty, param.data, param.data.copy(), gradient, trace[name], np.zeros(param.shape))


def _inputs(trace: Opened, inputs: LayerInputs) -> Iterator[_Variable]:
    shares = inputs.twin.shares()
    for name, gradient in inputs.slopes.items():
        share = shares[inputs.micro[name] - 1]
        x = inputs.arrays[name]
        if not x.size or not share:
            continue
        shift = np.zeros_like(x)
        stem, _, of = name.rpartition(".")

        def value(name: str = name, shift: HostArray = shift, share: float = share) -> float:
            inputs.shifts[name] = shift
            return inputs.loss() / share  # the gradient is that of the mean over the micro-batch

        yield _Variable(
            f"{stem}.d{of}", value, shift, x, gradient, _recorded(trace, f"{stem}.d{of}"), np.zeros_like(x),
            ROUNDING / share,
        )  # fmt: skip


def _recorded(trace: Opened, name: str) -> HostArray | None:
    return trace[name] if name in trace else None  # noqa: SIM401  (a trace has no get)
