"""Agreements: every equation of every call of a trace, evaluated on the recorded numbers and compared with what they say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.basics.arrays import HostArray
from pellucid.glassbox.equations import evaluate
from pellucid.glassbox.failure import ConformanceError
from pellucid.glassbox.quantity import Call
from pellucid.glassbox.twin import Opened

TOLERANCE = {"float32": 2e-5, "float64": 1e-9}
"""By how much a recorded number may differ from its equation, relative to the size of what is added up, by type."""
WOBBLE = 1e-6
"""Relative to each number that an equation names: by so much all are moved at random to see the size of what it adds up.
A sum of terms tⱼ then moves by ``WOBBLE·√Σ tⱼ²``, however much of it cancels."""
DRAWS = 3


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
    for call in all_calls(trace):
        if not (call.equations or call.made):
            continue
        recorded = {of: trace[name] for of, name in call.made.items() if name in trace and _kept(trace, name)}
        try:
            values, sizes = _values(trace, call, recorded, rng)
        except ConformanceError as error:
            unchecked[f"{_who(call)} at {call.path or 'model'}"] = f"{error.what} {error.received}"
            continue
        told = {equation.of: equation for equation in call.equations}
        for of, value in recorded.items():
            if of in values:
                computed = np.asarray(values[of])
                found.append(_compare(call, of, value, computed, sizes[of], tolerance))
            elif call.component is not None:
                why = told[of].why if of in told else ""
                unchecked.setdefault(f"{_who(call)}: {of}", why or "it has no equation with an expression")
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


def _who(call: Call) -> str:
    return "the trainer" if call.component is None else type(call.component).__name__


def _values(
    trace: Opened, call: Call, recorded: Mapping[str, HostArray], rng: np.random.Generator
) -> tuple[dict[str, Any], dict[str, HostArray]]:
    """What each equation gives, and the size of what it adds up."""
    scope = trace.scope(call)
    values = _evaluated(trace, call, scope, recorded)
    squares = {of: np.zeros(np.shape(value)) for of, value in values.items() if of in recorded}
    moving = [of for of in (*call.given, *call.made) if of in scope and of not in ("uniform", "normal")]
    with np.errstate(all="ignore"):
        for _ in range(DRAWS):
            moved = scope | {of: _moved(scope[of], rng) for of in moving}
            if "inputs" in call.values:
                moved["inputs"] = tuple(moved[of] for of in call.values["inputs"] if of in moved)
            again = _evaluated(trace, call, moved, {of: _moved(value, rng) for of, value in recorded.items()})
            for of in squares:
                if np.shape(again[of]) == np.shape(values[of]):
                    squares[of] += ((_float64(again[of]) - _float64(values[of])) / WOBBLE) ** 2 / DRAWS
    return values, {of: np.sqrt(each) for of, each in squares.items()}


def _evaluated(
    trace: Opened, call: Call, scope: Mapping[str, Any], recorded: Mapping[str, HostArray]
) -> dict[str, Any]:  # fmt: skip
    """Each equation in order, of what is recorded where it names that: an error stays where it is made.

    What an equation is to give is out of its reach until then: of such an array the shape alone is there.
    """
    equations = trace.equations(call)
    known = dict(scope)
    for equation in equations:
        if equation.of in recorded and equation.of not in call.given:
            known[equation.of] = np.full(recorded[equation.of].shape, np.nan)
    found: dict[str, Any] = {}
    for equation in equations:
        value = evaluate((equation,), known)[equation.of]
        found[equation.of] = value
        known[equation.of] = recorded.get(equation.of, value)
    return found


def _moved(value: Any, rng: np.random.Generator) -> Any:
    array = np.asarray(value)
    if array.dtype.kind != "f":
        return value
    return array.astype(np.float64) * (1 + WOBBLE * rng.normal(size=array.shape))


def _float64(value: Any) -> HostArray:
    return np.asarray(value).astype(np.float64)


def _compare(
    call: Call, of: str, recorded: HostArray, computed: HostArray, size: HostArray, tolerance: float
) -> Agreement:  # fmt: skip
    name, who = call.made[of], _who(call)
    if recorded.shape != computed.shape:
        return Agreement(name, of, who, recorded.size, np.inf, (), np.nan, np.nan, False)
    r, c = _float64(recorded), _float64(computed)
    with np.errstate(all="ignore"):
        scale = np.sqrt(c**2 + np.where(np.isfinite(size), size, 0.0) ** 2)
        largest = np.where(np.isfinite(scale), scale, 0.0).max(initial=0.0)
        error = np.abs(r - c) / np.maximum(scale, max(1e-2 * float(largest), 1e-300))
    error = np.where((r == c) | (np.isnan(r) & np.isnan(c)), 0.0, np.where(np.isnan(error), np.inf, error))
    if not error.size:
        return Agreement(name, of, who, 0, 0.0, (), 0.0, 0.0, True)
    cell = tuple(int(k) for k in np.unravel_index(int(error.argmax()), error.shape))
    worst = float(error[cell])
    return Agreement(name, of, who, r.size, worst, cell, float(r[cell]), float(c[cell]), worst <= tolerance)
