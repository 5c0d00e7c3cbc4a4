"""Of every component with expressions: any cell is the sum of its terms, and depends on its parents only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pytest
from pellucid.basics.component import Equation
from pellucid.glassbox.equations import BUILTINS, erf, evaluate
from pellucid.glassbox.why.reason import Why, explain
from pellucid.glassbox.why.scope import names_in
from pellucid.glassbox.why.traced import Traced
from pellucid.glassbox.why.traced_equations import TracedEquations
from pellucid.testing.subject import Subject

from tests.glassbox.recomputed import recomputed
from tests.glassbox.seen import Seen, seen, subjects


def label(name: str, value: Any) -> str | None:
    """What is data: arrays, lists of them, numbers drawn, and what code gave as a single number."""
    lists = type(value) in (list, tuple) and any(isinstance(part, np.ndarray) for part in value)
    drawn = callable(value) and name.endswith("_of")
    return name if isinstance(value, np.ndarray | np.generic) or lists or drawn else None


def traced(case: Seen) -> TracedEquations:
    component, names, _ = case
    return TracedEquations(component.equations, {name: (label(name, value), value) for name, value in names.items()})


def roots(found: TracedEquations) -> dict[str, Traced]:
    return {of: found[of] for of in found if not found.is_function(of)}


def close(a: Any, b: Any, sizes: Any = 0.0) -> bool:
    a, b = np.asarray(a, float), np.asarray(b, float)
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= 1e-9 * np.maximum(np.maximum(1.0, np.abs(b)), sizes)
    return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))


def some_cells(found: dict[str, Traced], rng: np.random.Generator, count: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Cells of all quantities, the same number of each, or all that it has."""
    sized = [of for of, root in found.items() if root.size]
    for of in sized:
        for place in rng.permutation(found[of].size)[: max(1, count // len(sized))]:
            yield of, tuple(int(i) for i in np.unravel_index(place, found[of].shape))


def require_sums(why: Why, evaluated: float) -> None:
    sizes = sum(abs(term.value) for term in why.terms)
    assert close(why.total, evaluated, sizes), f"{why}\n{why.total} against {evaluated}"


def require_dependence(case: Seen, found: TracedEquations, why: Why, equation: Equation) -> None:
    """All but the parents are given other numbers: the cell stays what it is."""
    component, names, _ = case
    parents = set(closed(found, why, names_in(str(equation.python))))
    rng = np.random.default_rng(7)
    place = list(component.equations).index(equation)
    known: dict[str, Any] = dict(names)
    above = tuple(component.equations[:place])
    for of, value in evaluate(above, names).items():
        known[of] = np.array(value) if isinstance(value, np.ndarray) else value
    done: dict[int, Any] = {}
    constant = {of for of, root in roots(found).items() if root.constant}
    known = {n: v if n in constant else shaken(n, v, parents, rng, done) for n, v in known.items()}
    scope = {"__builtins__": BUILTINS, "np": np, "erf": erf, **known}
    with np.errstate(all="ignore"):
        value = eval(compile(str(equation.python), "<shaken>", "eval"), scope)
    same = close(np.asarray(value)[why.cell], found[equation.of].value[why.cell])
    assert same, f"more than {parents} matters:\n{why}"


def closed(found: TracedEquations, why: Why, named: Collection[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The parents; of those that the expression does not name, but computes again, their parents, too: of a recurrence
    the steps before."""
    pending, seen_places = list(why.parents), set()
    while pending:
        place = pending.pop()
        if place in seen_places:
            continue
        seen_places.add(place)
        yield place
        if place[0] in found and (place[0] == why.name or place[0] not in named):
            pending += explain(place[0], place[1], 0.0, None, found[place[0]]).parents


def shaken(name: str, value: Any, parents: set[Any], rng: np.random.Generator, done: dict[int, Any]) -> Any:
    """Other numbers in all cells but the parents; one array under several names, or in a list, stays one."""
    if type(value) in (list, tuple) and any(isinstance(part, np.ndarray) for part in value):
        return type(value)(shaken(f"{name}{i}", part, parents, rng, done) for i, part in enumerate(value))
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    if id(value) not in done:
        other = np.array(value + rng.uniform(0.1, 0.2, size=value.shape))
        for quantity, index in parents:
            if quantity == name:
                other[index] = value[index]
        done[id(value)] = other
    return done[id(value)]


def try_cells(subject: Subject, count: int, cases: int | None) -> int:
    rng, tried = np.random.default_rng(5), 0
    found_cases = seen(subject, cases)
    for case in found_cases:
        found = traced(case)
        plain = evaluate(case[0].equations, case[1])
        arrays = roots(found)
        for of, root in arrays.items():
            assert root.shape == np.shape(plain[of]) and close(root.value, plain[of]), of
        for i, (of, cell) in enumerate(some_cells(arrays, rng, max(1, count // len(found_cases)))):
            why = explain(of, cell, float(arrays[of].value[cell]), found.equation(of), arrays[of])
            require_sums(why, float(arrays[of].value[cell]))
            assert why.expr is not None and close(recomputed(why.expr), arrays[of].value[cell]), str(why)
            if i % 20 == 0:
                assert max(map(len, str(why).splitlines())) <= 110, str(why)
                assert why.latex.count("{") == why.latex.count("}")
            tried += 1
            if i % 5 == 0 and "drawn" not in str(case[0]):
                require_dependence(case, found, why, found.equation(of))
    return tried


ALL = list(subjects(1))


@pytest.mark.parametrize("subject", ALL, ids=[f"{s.entry.kind}-{s.entry.name}" for s in ALL])
def test_some_cells_are_sums_of_their_terms(subject: Subject) -> None:
    assert try_cells(subject, 15, cases=1)


@pytest.mark.slow
@pytest.mark.parametrize("subject", list(subjects()), ids=[f"{s.entry.kind}-{s.label}" for s in subjects()])
def test_a_thousand_cells_are_sums_of_their_terms(subject: Subject) -> None:
    assert try_cells(subject, 1000, cases=None)
