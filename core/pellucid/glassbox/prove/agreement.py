"""Agreements: every equation of every call of a trace, evaluated on the recorded numbers and compared with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.equations import Activation, evaluate, used
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.prove.twin import Opened
from pellucid.glassbox.record.quantity import Call, exactly

TOLERANCE = {"float32": 2e-5, "float64": 1e-9}
"""By how much a recorded number may differ from its equation, relative to the size of what is added up, by type."""
WOBBLE = 1e-6
"""Relative to each number that an equation names: by so much all are moved at random, to see the size of what it adds
up. A sum of terms tⱼ then moves by ``WOBBLE·√Σ tⱼ²``, however much of it cancels."""
DRAWS = 3
BEYOND = "far out the formula of the equation overflows, even in float64, where the code gives a number"


@dataclass(frozen=True)
class Agreement:
    """An equation held against what was recorded.

    Attributes:
        name: the quantity; of: what the equation calls it; component: whose equation it is.
        size: how many numbers were compared.
        error: the largest difference, relative to the size of what was added up, or to the value where that is larger.
        cell, recorded, computed: where it is, and the two values there.
        passed: whether it is within the tolerance.
    """

    name: str
    of: str
    component: str
    size: int
    error: float
    cell: tuple[int, ...]
    recorded: float
    computed: float
    passed: bool

    @property
    def place(self) -> str:
        """The cell as one writes it: ``layers.0.y[3, 7]``."""
        return f"{self.name}[{', '.join(map(str, self.cell))}]" if self.cell else self.name

    def __str__(self) -> str:
        return (
            f"{self.place}: {self.recorded:.6g} recorded, {self.computed:.6g} by the equation of '{self.of}' of "
            f"{self.component}"
        )


def agreements(trace: Opened, seed: int) -> tuple[list[Agreement], dict[str, str]]:
    """Every equation with an expression whose quantity was recorded; and what could not be checked -> why."""
    tolerance, rng = TOLERANCE[str(trace.setting.told["dtype"])], np.random.default_rng([seed, 3])
    found: list[Agreement] = []
    unchecked: dict[str, str] = {}
    sizes: dict[str, HostArray] = {}
    for call in all_calls(trace):
        opened = _OpenedCall(trace, call, sizes, rng)
        why = {equation.of: equation.why for equation in call.equations} | opened.failed
        for of, recorded in opened.recorded.items():
            if of in opened.values:
                value = np.asarray(opened.values[of])
                found.append(_compare(call, of, recorded, value, opened.sizes[of], tolerance, of in opened.ahead))
                if beyond := recorded.size - found[-1].size:
                    unchecked[f"{call.made[of]}: {beyond:,} of {recorded.size:,} numbers"] = BEYOND
            elif call.component is not None:
                reason = why.get(of) or why.get(of.rstrip("0123456789")) or "it has no equation with an expression"
                unchecked.setdefault(f"{type(call.component).__name__}: {of}", reason)
            elif call.without:
                unchecked.setdefault(call.path or "model", call.without)
            elif of == "grad":
                unchecked.setdefault("gradients of some parameters", "no equation of a layer gives them")
            elif trace.quantity(call.made[of]).origin == "recorded":
                unchecked.setdefault(call.made[of], "no equation tells how it was made")
    return found, unchecked


def all_calls(trace: Opened) -> Iterator[Call]:
    """Every call of a trace once: those of layers and losses with all inside, and what the quantities know besides."""
    seen: set[int] = set()
    for top in trace.calls:
        for call in top.within():
            seen.add(id(call))
            yield call
    for name in trace.names():
        own = trace.quantity(name).call
        if own is not None and id(own) not in seen:
            seen.add(id(own))
            yield own


def _kept(trace: Opened, name: str) -> bool:
    """Whether the code gave it: what only an equation knows agrees with it in any case."""
    quantity = trace.quantity(name)
    return quantity.array is not None and quantity.origin != "equation"


class _OpenedCall:
    """The equations of a call, evaluated on what was recorded.

    Args:
        known: the sizes of what other calls add up to quantities that equations alone give; this one's are added.

    Attributes:
        recorded: what the code gave, by the equations' names.
        values: what the equations give.
        sizes: the size of what each adds up.
        failed: equations that cannot be evaluated here -> why.
        ahead: what equations give that name what they are to give, or what stands below them.
    """

    def __init__(self, trace: Opened, call: Call, known: dict[str, HostArray], rng: np.random.Generator) -> None:
        self.trace, self.call, self.rng = trace, call, rng
        names = {of: name for of, name in call.made.items() if name in trace and _kept(trace, name)}
        self.recorded = {of: exactly(trace[name]) for of, name in names.items()}
        self.failed: dict[str, str] = {}
        self.ahead: set[str] = set()
        phases = call.phases
        has_backward = call.kind != "layer" or any(of.startswith("dy") for of in call.given)
        self.equations = (*phases.forward, *(phases.backward if has_backward else ()), *phases.states)
        scope = trace.scope(call)
        self.values = self._evaluated(scope, self.recorded)
        squares = {of: np.zeros(np.shape(value)) for of, value in self.values.items() if _is_number(value)}
        spread = {of: known[name] for of, name in call.given.items() if name in known}
        with np.errstate(all="ignore"):
            for _ in range(DRAWS if self.recorded else 0):
                moved = self._moved_scope(scope, spread)
                again = self._evaluated(
                    moved, {of: self._moved(value) for of, value in self.recorded.items()}, self._off
                )
                for of in squares:
                    if of in again and np.shape(again[of]) == np.shape(self.values[of]):
                        squares[of] += ((_float64(again[of]) - _float64(self.values[of])) / WOBBLE) ** 2 / DRAWS
        self.sizes = {of: np.sqrt(each) for of, each in squares.items()}
        for of, size in self.sizes.items():
            if of not in self.recorded and call.name_of(of) in trace:
                known[call.name_of(of)] = size

    def _evaluated(
        self, scope: Mapping[str, Any], recorded: Mapping[str, HostArray], seen: Callable[[Any], Any] = lambda x: x
    ) -> dict[str, Any]:  # fmt: skip
        """Each equation in order, of what is recorded where it names that: an error stays where it is made.

        What is not recorded the equations below it see as ``seen`` makes it.

        What an equation is to give is out of its reach until then: of such an array the shape alone is there.
        """
        known = dict(scope)
        for equation in self.equations:
            if equation.of in recorded and equation.of not in self.call.given:
                known[equation.of] = np.full(recorded[equation.of].shape, np.nan)
        found: dict[str, Any] = {}
        below = {equation.of for equation in self.equations} & set(recorded) - set(self.call.given)
        for equation in self.equations:
            if equation.python is not None and used(equation.python) & below:
                self.ahead.add(equation.of)
            below.discard(equation.of)
            try:
                value = evaluate((equation,), known)[equation.of]
            except ConformanceError as error:
                missing = [name for name in self.call.given.values() if name not in self.trace]
                lacking = f"it needs {missing[0]}, which was not kept" if missing else ""
                self.failed[equation.of] = lacking or f"{error.what} {error.received}"
                continue
            found[equation.of] = value
            known[equation.of] = recorded[equation.of] if equation.of in recorded else seen(value)
        return found

    def _moved_scope(self, scope: Mapping[str, Any], spread: Mapping[str, HostArray]) -> dict[str, Any]:
        """All that the equations name, each number off by a little; what was drawn stays."""
        names = [of for of in (*self.call.given, *self.call.made) if of in scope and of not in ("uniform", "normal")]
        moved = {**scope, **{of: self._moved(scope[of], spread.get(of)) for of in names}}
        moved |= {of: _Moved(f.name, self._moved) for of, f in scope.items() if isinstance(f, Activation)}
        if "inputs" in self.call.values:
            moved["inputs"] = tuple(moved[of] for of in self.call.values["inputs"] if of in moved)
        return moved

    def _off(self, value: Any) -> Any:
        """A number that only an equation knows, off by a little: code rounds it, too, and where what was given hardly
        matters, as to two numbers that are normalised, that is all."""
        return self._moved(value) if _is_number(value) else value

    def _moved(self, value: Any, size: HostArray | None = None) -> Any:
        array = np.asarray(value)
        if array.dtype.kind != "f":
            return value
        by = np.abs(array) if size is None else size
        return array.astype(np.float64) + WOBBLE * by * self.rng.normal(size=array.shape)


class _Moved(Activation):
    """An activation each of whose numbers is off by a little: where it is nearly flat, ``1 − y²`` is made of the
    rounding of y."""

    def __init__(self, name: str | None, moved: Callable[[Any], Any]) -> None:
        super().__init__(name)
        self._moved = moved

    def _find(self, wanted: str, z: HostArray) -> HostArray:
        assert self.layer is not None
        names = {**self.layer.arguments(), "x": z, "dy": np.ones_like(z)}
        for equation in self.layer.equations:
            if equation.python is not None:
                names[equation.of] = self._moved(evaluate((equation,), names)[equation.of])
        return np.asarray(names[wanted])


def _is_number(value: Any) -> bool:
    """No function that equations below it use, and no list of arrays of several shapes."""
    return isinstance(value, np.ndarray | np.generic | float | int) and np.asarray(value).dtype.kind in "fiub"


def _float64(value: Any) -> HostArray:
    return np.asarray(value).astype(np.float64)


def _compare(
    call: Call, of: str, recorded: HostArray, computed: HostArray, size: HostArray, tolerance: float,
    ahead: bool,
) -> Agreement:  # fmt: skip
    name = call.made[of]
    who = "the trainer" if call.component is None else type(call.component).__name__
    if recorded.shape != computed.shape:
        return Agreement(name, of, who, recorded.size, np.inf, (), np.nan, np.nan, False)
    r, c = _float64(recorded), _float64(computed)
    with np.errstate(all="ignore"):
        scale = np.sqrt(c**2 + np.where(np.isfinite(size), size, 0.0) ** 2)
        largest = np.where(np.isfinite(scale), scale, 0.0).max(initial=0.0)
        error = np.abs(r - c) / np.maximum(scale, max(1e-2 * float(largest), 1e-300))
    error = np.where((r == c) | (np.isnan(r) & np.isnan(c)), 0.0, np.where(np.isnan(error), np.inf, error))
    beyond = np.isfinite(r) & ~np.isfinite(c) & (not ahead)
    error, compared = np.where(beyond, 0.0, error), r.size - int(beyond.sum())
    if not compared:
        return Agreement(name, of, who, 0, 0.0, (), 0.0, 0.0, True)
    cell = tuple(int(k) for k in np.unravel_index(int(error.argmax()), error.shape))
    worst = float(error[cell])
    return Agreement(name, of, who, compared, worst, cell, float(r[cell]), float(c[cell]), worst <= tolerance)
