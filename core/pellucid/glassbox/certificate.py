"""certify: the gradients of a step against central differences, and its equations against its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray, as_tuple
from pellucid.basics.checks import check_int
from pellucid.basics.errors import DataError, raised
from pellucid.glassbox.agreement import Agreement, agreements
from pellucid.glassbox.differences import ROUNDING, measured
from pellucid.glassbox.samples import Contributions
from pellucid.glassbox.twin import Opened, Twin, prefix_of
from pellucid.interfaces.context import EVERY_INPUT
from pellucid.interfaces.layer import Layer

EXACT = 1e-6
"""By how much backward and central difference may differ, both in float64, relative to the size of what is added up."""
RECORDED = {"float32": 1e-3, "float64": 1e-6}
"""By how much a recorded gradient may differ from the central difference, by the model's type."""


@dataclass(frozen=True)
class Held:
    """A gradient that was held against central differences.

    Attributes:
        name: the gradient: ``"layers.0.weight.grad"``, ``"layers.1.dx"``.
        cells, kinks: how many cells were compared, and how many lie at a kink, where there is no derivative.
        error: the largest of the recorded gradient; exact: the largest of the backward in float64.
        cell, gradient, slope: where the former is, the recorded gradient there, and the central difference.
        recorded: whether the gradient is one of the trace; else that of the backward in float64 is meant.
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
class Certificate:
    """What was proved of a step, and what was not.

    Attributes:
        what: "step 12" or "a prediction".
        gradients: each gradient that was held against central differences.
        equations: each equation that was held against the recorded numbers.
        unchecked: what could not be checked -> why.
        tolerances: of ``exact``, ``recorded`` and ``equations``.
        dtype, backend, rows, seed: of what, and with which cells.
    """

    what: str
    gradients: tuple[Held, ...]
    equations: tuple[Agreement, ...]
    unchecked: dict[str, str]
    tolerances: dict[str, float]
    dtype: str
    backend: str
    rows: int
    seed: int

    @property
    def passed(self) -> bool:
        """Whether everything that was checked is within its tolerance."""
        return all(each.passed for each in (*self.gradients, *self.equations))

    @property
    def wrong(self) -> list[str]:
        """The names of the quantities that are not."""
        found = [each.name for each in (*self.gradients, *self.equations) if not each.passed]
        return list(dict.fromkeys(found))

    @property
    def cells(self) -> int:
        """How many cells were held against central differences; those at kinks not counted."""
        return sum(each.cells for each in self.gradients)

    @property
    def kinks(self) -> int:
        """How many cells lie at a kink."""
        return sum(each.kinks for each in self.gradients)

    @property
    def worst(self) -> Held | None:
        """The gradient with the largest error, relative to its tolerance."""
        return max(self.gradients, key=lambda each: (not each.passed, each.error), default=None)

    @property
    def worst_equation(self) -> Agreement | None:
        """The equation with the largest error."""
        return max(self.equations, key=lambda each: each.error, default=None)

    def as_dict(self) -> dict[str, Any]:
        """All of it as data."""
        found = asdict(self)
        worst = self.worst
        return {
            "passed": self.passed, "wrong": self.wrong, "cells": self.cells, "kinks": self.kinks,
            "worst": None if worst is None else asdict(worst), **found,
        }  # fmt: skip

    def json(self) -> str:
        """All of it as JSON; what is not finite is a text."""
        return json.dumps(_plain(self.as_dict()), indent=1)

    def __str__(self) -> str:
        verdict = "everything that could be checked is right" if self.passed else f"{len(self.wrong)} quantities are wrong"
        lines = [f"Certificate of {self.what}: {verdict}.",
                 f"{self.dtype} on {self.backend}, {self.rows} rows; cells chosen with seed {self.seed}."]  # fmt: skip
        lines += self._of_gradients() + self._of_equations()
        if self.unchecked:
            lines.append(f"Not checked ({len(self.unchecked)}):")
            lines += [f"  {_cut(f'{name}: {why}', 94)}" for name, why in self.unchecked.items()]
        return "\n".join(lines)

    def _of_gradients(self) -> list[str]:
        worst = self.worst
        if worst is None:
            return []
        kinks = f", {self.kinks:,} more at kinks" if self.kinks else ""
        lines = [
            f"Gradients against central differences in float64: {self.cells:,} cells of {len(self.gradients)} "
            f"gradients{kinks}.",
            f"  {'gradient':36} {'cells':>6} {'error':>8} {'float64':>8}  worst cell: recorded, measured",
        ]
        for each in self.gradients:
            place = f"[{','.join(map(str, each.cell))}]"
            mark = "" if each.passed else "  WRONG"
            lines.append(
                f"  {_cut(each.name, 36):36} {each.cells:6,} {each.error:8.1e} {each.exact:8.1e}  "
                f"{place} {each.gradient:.4g}, {each.slope:.4g}{mark}"
            )
        place = f"{worst.name}[{', '.join(map(str, worst.cell))}]"
        return [*lines, f"  Worst: {place}, {worst.error:.1e}; allowed {self.tolerances['recorded']:.0e}, "
                        f"and {self.tolerances['exact']:.0e} in float64."]  # fmt: skip

    def _of_equations(self) -> list[str]:
        worst = self.worst_equation
        if worst is None:
            return []
        lines = [
            f"Equations against the recorded numbers: {len(self.equations)} of {sum(e.size for e in self.equations):,} "
            f"numbers. Worst: {worst.place}, {worst.error:.1e}; allowed {self.tolerances['equations']:.0e}."
        ]
        lines += [f"  WRONG {each}" for each in self.equations if not each.passed]
        return lines


def certify(trace: Opened, cells: int = 1000, seed: int = 0) -> Certificate:
    """See :meth:`pellucid.Trace.certify`."""
    check_int("certify", "cells", cells, "[1, inf)")
    check_int("certify", "seed", seed, "[0, inf)")
    setting = trace.setting
    dtype = str(setting.told["dtype"])
    equations, unchecked, tolerance = agreements(trace, dtype, seed)
    gradients: tuple[Held, ...] = ()
    if setting.sizes:
        gradients = tuple(_Differences(trace, seed, unchecked).held(cells))
    else:
        unchecked["gradients"] = "a prediction has no loss"
    first = next((trace[name] for name in ("x", "x.0") if name in trace), np.zeros(0))
    rows = sum(setting.sizes) or (len(first) if first.ndim else 0)
    return Certificate(
        f"step {setting.step + 1:,}" if setting.sizes else "a prediction", gradients, tuple(equations), unchecked,
        {"exact": EXACT, "recorded": RECORDED[dtype], "equations": tolerance},
        dtype, setting.told["backend"], rows, seed,
    )  # fmt: skip


@dataclass
class _Variable:
    """What the loss is differentiated by: an array that is moved in place, and its gradients."""

    name: str
    moved: HostArray
    values: HostArray
    exact: HostArray
    recorded: HostArray | None
    size: HostArray
    share: float = 1.0  # the recorded gradient is of the mean over a micro-batch, which counts so much in that of the step


class _Differences:
    """Central differences of the loss of a step, on a twin in float64.

    Random numbers depend on their place alone, and what the code stops (``ctx.stop``) is held, so that nothing moves
    but the cell.
    """

    def __init__(self, trace: Opened, seed: int, unchecked: dict[str, str]) -> None:
        self.trace, self.unchecked = trace, unchecked
        self.rng = np.random.default_rng([seed, 2])
        self.twin = Twin(trace, exact=True)
        self._shifts: dict[str, HostArray] = {}
        self._inputs: dict[str, HostArray] = {}
        self._dx: dict[str, HostArray] = {}
        self._micro_of: dict[str, int] = {}
        self._open: dict[tuple[int, int], tuple[str, int]] = {}
        self._numbers: dict[str, int] = {}
        self._depth = 0

    def held(self, cells: int) -> Iterator[Held]:
        """Each gradient, with its share of the cells: at least one, the same for all that have as many."""
        with self.twin.watched(self._watch):
            gradients = self.twin.gradients()
            self._open.clear()
            variables = [*self._parameters(gradients), *self._of_inputs(), *self._penalties()]
            for variable, number in zip(variables, _spread(cells, [v.moved.size for v in variables]), strict=True):
                yield self._compare(variable, number)

    # -- what is differentiated by ---------------------------------------------------------------------------------

    def _parameters(self, gradients: dict[str, HostArray]) -> Iterator[_Variable]:
        wanted = [param for param in self.twin.moved() if param.trainable and param.data.size]
        sizes = self._sizes([param.path for param in wanted])
        others = {param.path for param in self.twin.arena.params} - {param.path for param in wanted}
        for path in sorted(others):
            param = self.twin.params[path]
            why = "it is another player's turn" if param.trainable else "it is frozen, and no gradient moves it"
            self.unchecked[f"{path}.grad"] = why if param.data.size else "it has no numbers"
        for param in wanted:
            name = f"{param.path}.grad"
            recorded = self.trace[name] if name in self.trace else None
            yield _Variable(name, param.data, param.data.copy(), gradients[param.path], recorded, sizes[param.path])

    def _sizes(self, paths: Sequence[str]) -> dict[str, HostArray]:
        """Of what was added up to each gradient, where the calls of layers tell."""
        found: dict[str, HostArray] = {path: np.zeros(self.twin.params[path].shape) for path in paths}
        told: list[str] = []
        for path in paths:
            try:
                Contributions(self.twin, [path])
                told.append(path)
            except DataError:  # of other rows: the gradient itself tells its size
                continue
        if told:
            found |= Contributions(self.twin, told).sizes(self.rng)
        return found

    def _of_inputs(self) -> Iterator[_Variable]:
        shares = self.twin.shares()
        for name, x in self._inputs.items():
            gradient = self._dx.get(name)
            if gradient is None or not x.size:
                continue
            own = name.rpartition(".")
            recorded_name = f"{own[0]}.d{own[2]}"
            recorded = self.trace[recorded_name] if recorded_name in self.trace else None
            shift = self._shifts[name] = np.zeros_like(x)
            yield _Variable(recorded_name, shift, x, gradient, recorded, np.zeros_like(x), shares[self._micro_of[name]])

    def _penalties(self) -> Iterator[_Variable]:
        for param in self.twin.moved():
            name = f"{param.path}.penalty_grad"
            if param.regularizer is None or not param.trainable or name not in self.trace:
                continue
            gradient = np.zeros(param.shape)
            param.regularizer.add_gradient(self.twin.ops, param.data, gradient)
            recorded = self.trace[name]
            yield _Variable(name, param.data, param.data.copy(), gradient, recorded, np.zeros(param.shape))

    # -- the differences -------------------------------------------------------------------------------------------

    def _compare(self, variable: _Variable, number: int) -> Held:
        largest = float(np.abs(variable.exact).max(initial=0.0))
        cells = self.rng.choice(variable.moved.size, min(number, variable.moved.size), replace=False)
        value = self._value(variable)
        rounding = ROUNDING * (1 / variable.share if variable.share else 0.0)
        kinks, exact, worst, passed = 0, 0.0, (-1.0, 0, 0.0, 0.0), True
        allowed = RECORDED[str(self.twin.setting.told["dtype"])]
        for i in (int(i) for i in np.sort(cells)):
            a = float(variable.exact.flat[i])
            recorded = a if variable.recorded is None else float(variable.recorded.flat[i])
            size = max(float(variable.size.flat[i]), 1e-2 * largest, 1e-300)
            found = measured(
                value, variable.moved, i, a, EXACT, size=size, at=float(variable.values.flat[i]), jump=EXACT, rounding=rounding
            )
            if found.kink:
                kinks += 1
                continue
            error = abs(recorded - found.slope) / max(size, abs(recorded), abs(found.slope))
            if not error < allowed and found.error < EXACT:  # the difference is no better than the backward in float64
                error = abs(recorded - a) / max(size, abs(recorded), abs(a))
            exact = max(exact, found.error) if found.error == found.error else float("inf")
            passed = passed and bool(error < allowed and found.error < EXACT)
            error = error if error == error else float("inf")
            if error > worst[0]:
                worst = error, i, recorded, found.slope
        error, i, recorded, slope = worst
        cell = tuple(int(k) for k in np.unravel_index(i, variable.moved.shape))
        return Held(variable.name, len(cells) - kinks, kinks, max(error, 0.0), exact, cell, recorded, slope,
                    variable.recorded is not None, passed)  # fmt: skip

    def _value(self, variable: _Variable) -> Any:
        if variable.name.endswith(".penalty_grad"):
            param = self.twin.params[variable.name.removesuffix(".penalty_grad")]
            assert param.regularizer is not None
            return lambda: float(param.regularizer.penalty(self.twin.ops, param.data))  # type: ignore[union-attr]
        self._moving = {name for name, shift in self._shifts.items() if shift is variable.moved}
        return lambda: self.twin.loss() / variable.share if variable.share else 0.0

    _moving: set[str] = set()

    # -- inputs of layers --------------------------------------------------------------------------------------------

    def _watch(self, path: str, layer: Layer, method: str, code: Any, given: tuple[Any, ...]) -> Any:
        return (self._forward if method == "forward" else self._backward)(path, code, given, layer)

    def _forward(self, path: str, code: Any, given: tuple[Any, ...], layer: Layer) -> Any:
        ctx, *inputs = given
        k = ctx._call.micro
        if self._depth == 0:
            ctx.needs_dx = EVERY_INPUT  # of the model's inputs, too
        named = f"{prefix_of(k + 1)}{path}"
        number = self._numbers[named] = self._numbers.get(named, 0) + 1
        called = named if number == 1 else f"{named}#{number}"
        for i, x in enumerate(inputs):
            name = f"{called}.x{i if len(inputs) > 1 else ''}"
            if name in self._moving:
                inputs[i] = x + self._shifts[name]
            elif not self._shifts and np.asarray(x).dtype.kind == "f":
                self._inputs[name], self._micro_of[name] = np.array(x), k
        self._open[id(layer), id(ctx)] = called, len(inputs)
        self._depth += 1
        try:
            return code(ctx, *inputs)
        finally:
            self._depth -= 1
            if self._depth == 0 and False:
                pass

    def _backward(self, path: str, code: Any, given: tuple[Any, ...], layer: Layer) -> Any:
        result = code(*given)
        called, many = self._open.get((id(layer), id(given[0])), ("", 0))
        for i, dx in enumerate(as_tuple(result) if called else ()):
            name = f"{called}.x{i if many > 1 else ''}"
            if dx is not None and given[0].needs_dx[i] and name in self._inputs:
                self._dx[name] = self._dx.get(name, 0.0) + np.array(dx)
        return result


def _spread(cells: int, sizes: Sequence[int]) -> list[int]:
    """How many cells of each, at least one, so that all have as many as they can up to a common bound."""
    found = [1] * len(sizes)
    left = cells - len(sizes)
    while left > 0:
        open_ones = [i for i, size in enumerate(sizes) if found[i] < size]
        if not open_ones:
            break
        each = max(1, left // len(open_ones))
        for i in open_ones:
            more = min(each, sizes[i] - found[i], left)
            found[i] += more
            left -= more
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width // 2 - 1]}…{text[len(text) - (width - width // 2) :]}"


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
