"""Seeds one mistake into the source of a built-in, runs the conformance kit over it, and says which case caught it."""

from __future__ import annotations

import ast
import linecache
import sys
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import SkipTest

from pellucid.registry.discovery import GROUP, Claim, find_claims
from pellucid.registry.plugins import Plugins
from pellucid.registry.registry import Registry
from pellucid.standard.ops.base import Ops, ReferenceOps
from pellucid.testing import Case, ConformanceError, conformance_cases
from pellucid.testing.registries import use_registry
from pellucid.testing.subject import Backends, installed_backends

NO_OTHER = "mutants of the reference are tried alone"
LARGE = ("parts", "sums", "at_the_same_time")
"""Cases on large batches, which show what a kernel does; these are mistakes in array code."""


@dataclass(frozen=True)
class Mistake:
    """One change of the source.

    Attributes:
        what: the mistake in words.
        old, new: the text that is replaced, and by what.
        every: whether it is replaced everywhere; otherwise it must stand there exactly once.
    """

    what: str
    old: str
    new: str
    every: bool = False

    def seeded_into(self, source: str) -> str:
        """The source with the mistake.

        Raises:
            ValueError: the text to replace is not there, or several times; the source has changed, so must this.
        """
        count = source.count(self.old)
        if not count or (count > 1 and not self.every):
            raise ValueError(f"{self.what!r}: {self.old!r} stands {count} times in the source.")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Patient:
    """A module that mistakes are seeded into, and the components that then show them.

    Attributes:
        module: its name.
        subjects: registered names whose cases are run: ``"layer core/dense"``.
        mistakes: what is seeded, one at a time.
        within: the class in the module that they go into; empty: anywhere.
        dependents: modules that must be loaded again to see the change.
        ops: the class in the module that holds operations; it then replaces that part of a backend.
        as_kernel: the mutant backend is compared with the reference, where otherwise it takes the reference's place.
    """

    module: str
    subjects: tuple[str, ...]
    mistakes: tuple[Mistake, ...]
    within: str = ""
    dependents: tuple[str, ...] = ()
    ops: str = ""
    as_kernel: bool = False

    def caught(self, mistake: Mistake | None) -> tuple[Case, ConformanceError] | None:
        """The first case that fails with this mistake (None: with the source as it is), or None if all pass."""
        source = source_of(self.module)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mistake may well divide by zero
            start, end = _place(source, self.within)
            place = source[start:end] if mistake is None else mistake.seeded_into(source[start:end])
            seeded = source[:start] + place + source[end:]
            if self.ops:
                return first_failure(self.subjects, self._backends(executed(self.module, seeded)))
            with replaced([(self.module, seeded), *((name, source_of(name)) for name in self.dependents)]):
                return first_failure(self.subjects)

    def _backends(self, module: ModuleType) -> Backends:
        cls = getattr(module, self.ops)
        backend: type[Ops] = cls if issubclass(cls, Ops) else type("Mutant", (cls, ReferenceOps), {})
        if self.as_kernel:
            return Backends(fast=backend())
        return Backends(reference=backend(), why_none=NO_OTHER)


def first_failure(
    subjects: Sequence[str], backends: Backends | None = None, only: Collection[str] = ()
) -> tuple[Case, ConformanceError] | None:
    """The first failing case of these registered names, in a registry of its own; ``only`` names checks."""
    with use_registry(registry()) as own:
        for case in cases_of(own, subjects, backends or installed_backends()):
            if (case.check.name not in only) if only else case.check.name in LARGE:
                continue
            try:
                case.run()
            except SkipTest:
                continue
            except ConformanceError as error:
                return case, error
    return None


def registry() -> Registry:
    """A new registry of what is installed, and of components of these tests under three vendors."""
    vendors = ("odd", "strangers", "others")
    own = [Claim(name, f"tests.testing.{name}", GROUP, f"pellucid-{name}", "1.0") for name in vendors]
    return Registry(Plugins(lambda: [*find_claims(), *own]))


def cases_of(registry: Registry, subjects: Sequence[str], backends: Backends) -> Iterator[Case]:
    """The cases of ``"kind vendor/name"``, one subject after the other."""
    for subject in subjects:
        kind, name = subject.split()
        yield from conformance_cases(registry.find(kind, name), backends=backends)


def source_of(module: str) -> str:
    """The source text of an installed module."""
    file = import_module(module).__file__
    assert file is not None
    return Path(file).read_text(encoding="utf-8")


def _place(source: str, name: str) -> tuple[int, int]:
    """Where a class begins and ends; without a name all of the source."""
    if not name:
        return 0, len(source)
    lines = source.splitlines(keepends=True)
    (node,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == name)
    return sum(map(len, lines[: node.lineno - 1])), sum(map(len, lines[: node.end_lineno]))


def executed(name: str, source: str) -> ModuleType:
    """A module of this name made from this source."""
    module = ModuleType(name)
    module.__package__ = name.rpartition(".")[0]
    module.__file__ = sys.modules[name].__file__
    file = f"<mutant of {name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)  # for who reads its source
    exec(compile(source, file, "exec"), module.__dict__)
    return module


@contextmanager
def replaced(sources: Sequence[tuple[str, str]]) -> Iterator[None]:
    """Within, these modules are made from these sources, in this order."""
    before = {name: sys.modules[name] for name, _ in sources}
    try:
        for name, source in sources:
            sys.modules[name] = executed(name, source)
        yield
    finally:
        sys.modules.update(before)


def described(caught: tuple[Any, ConformanceError] | None) -> str:
    """One line: the case, and what it says."""
    return "NOT CAUGHT" if caught is None else f"{caught[0]}: {caught[1].what}"
