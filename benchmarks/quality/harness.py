"""Case and Goal: a quality figure that one command measures, and what it has to reach."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from operator import ge, gt, le, lt
from pathlib import Path
from shutil import rmtree
from typing import Any

from benchmarks.environment import machine

_OTHERS = {"__init__", "__main__", "harness"}
MODULES = tuple(sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - _OTHERS))
"""Modules of this package, each with the cases of the plugin of its name."""
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
PACKAGES = ("numpy", "pellucid", "pellucid-datasets")
CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Goal:
    """``figure`` compared with a number, or with another figure by its name."""

    figure: str
    comparison: str
    bound: float | str

    def verdict(self, figures: Mapping[str, Any]) -> dict[str, Any]:
        """The goal in words, the two numbers, and whether it is met."""
        value = figures[self.figure]
        bound = figures[self.bound] if isinstance(self.bound, str) else self.bound
        met = bool(COMPARISONS[self.comparison](value, bound))
        return {"goal": f"{self.figure} {self.comparison} {self.bound}", "value": value, "bound": bound, "met": met}


@dataclass(frozen=True)
class Case:
    """A function that trains and measures.

    Attributes:
        name: ``plugin/what``, such as ``"cnn/mnist"``.
        measure: ``measure(out, quick)`` returns figures that JSON can hold; pictures go to the folder ``out``.
            ``quick`` is a short form for the tests: the same code on little data, for seconds.
        goals: what the figures of the long form have to reach.
    """

    name: str
    measure: Callable[[Path, bool], dict[str, Any]]
    goals: Sequence[Goal]

    @property
    def plugin(self) -> str:
        return self.name.partition("/")[0]

    def run(self, out: Path, *, quick: bool = False, reuse: bool = False) -> dict[str, Any]:
        """Measure, and say where, for how long, and which goals are met.

        What an earlier measurement left in ``out`` is removed, unless it is to be reused.
        """
        if not reuse:
            rmtree(out, ignore_errors=True)
        out.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        figures = self.measure(out, quick)
        seconds = time.perf_counter() - start
        document = {
            "case": self.name, "date": time.strftime("%Y-%m-%d"), "quick": quick, "seconds": round(seconds, 1),
            "machine": machine(), "versions": {name: version(name) for name in (*PACKAGES, f"pellucid-{self.plugin}")},
            "figures": figures, "goals": [goal.verdict(figures) for goal in self.goals],
        }  # fmt: skip
        json.dumps(document, allow_nan=False)  # figures that no file can hold are noticed by the short form already
        return document


def case(name: str, *, goals: Sequence[Goal] = ()) -> Callable[[Callable[[Path, bool], dict[str, Any]]], Case]:
    """Make a function a case: ``@case("cnn/mnist", goals=[Goal("test_accuracy", ">=", 0.995)])``."""

    def register(measure: Callable[[Path, bool], dict[str, Any]]) -> Case:
        if name in CASES:
            raise ValueError(f"There are two quality cases named {name!r}. Rename one.")
        CASES[name] = Case(name, measure, tuple(goals))
        return CASES[name]

    return register


def load_cases() -> dict[str, Case]:
    """All cases of all modules, by name."""
    for module in MODULES:
        import_module(f"benchmarks.quality.{module}")
    return CASES


def select(patterns: Sequence[str]) -> list[Case]:
    """The cases of the plugins or of the names given; all where nothing is given.

    Raises:
        ValueError: a pattern that is no plugin and no case.
    """
    cases = load_cases()
    for pattern in patterns:
        if pattern not in cases and not any(each.plugin == pattern for each in cases.values()):
            raise ValueError(f"There is no quality case {pattern!r}. Plugins: {', '.join(MODULES)}. Cases: "
                             f"{', '.join(cases)}.")  # fmt: skip
    return [each for each in cases.values() if not patterns or each.name in patterns or each.plugin in patterns]
