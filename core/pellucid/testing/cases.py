"""conformance_cases: every promise of the contracts for everything that a plugin registers, as cases to be run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import SkipTest

from pellucid.basics.component import Component, Example
from pellucid.basics.errors import ConfigError, PluginError
from pellucid.basics.suggest import a, absent, did_you_mean, listed
from pellucid.glassbox.failure import ConformanceError
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import Registry, default_registry
from pellucid.testing.blame import cause, own_lines
from pellucid.testing.check import Check
from pellucid.testing.checks import CHECKS
from pellucid.testing.subject import Backends, Subject, installed_backends

Skips = Mapping[str, str]
"""``{"acme/sine: parity": "why"}``: cases that are not to be run, each with its explanation."""


@dataclass(frozen=True)
class Case:
    """One promise, tried on one example of one component; ``str(case)`` is its name."""

    subject: Subject
    check: Check
    skip: str | None = None
    number: int = 0

    def run(self) -> None:
        """Try it.

        Raises:
            ConformanceError: the promise is broken; the message says what, where, expected, received and the remedy.
            unittest.SkipTest: it cannot be tried here, and the reason; pytest shows this as a skip.
        """
        if self.skip is not None:
            raise SkipTest(self.skip)
        where = f"{self.subject.label}, case '{self.check.name}' ({self.check.promise.rstrip('.')})"
        try:
            self.check.run(self.subject)
        except SkipTest:
            raise
        except ConformanceError as error:
            error.where = where
            raise
        except Exception as error:
            lines = own_lines(error, self.subject.target)
            raise ConformanceError(
                f"It raised {type(error).__name__}.", expected="no exception", received=f"{error}{lines}", where=where,
                remedy="The lines above end in the one that failed.",
            ) from error  # fmt: skip

    def failure(self) -> ConformanceError | None:
        """What it fails with, or None."""
        try:
            self.run()
        except ConformanceError as error:
            return error
        except SkipTest:
            pass
        return None

    @property
    def key(self) -> str:
        """``acme/sine: gradients``: the case for all examples, as skips name it."""
        return f"{self.subject.entry.name}: {self.check.name}"

    def __str__(self) -> str:
        return f"{self.subject.entry.name}[{self.number}]-{self.check.name}"


def conformance_cases(
    what: str | ModuleType | Entry | Iterable[Entry], *, skips: Skips | None = None, backends: Backends | None = None
) -> list[Case]:
    """The cases for what a plugin registers.

    Args:
        what: a vendor (``"acme"``), a registered name (``"acme/sine"``), the module that a plugin's entry point names,
            or entries of a registry.
        skips: cases not to be run, each with its reason: ``{"acme/sine: parity": "the kernel rounds to bfloat16"}``.
        backends: what to run on; None compares the reference with the compiled kernels, where these are installed.

    Raises:
        ConfigError: nothing to test, or a skip that matches no case or gives no reason.
        PluginError: the plugin cannot be loaded.
    """
    given = dict(skips or {})
    entries = find_entries(what)
    found = installed_backends() if backends is None else backends
    cases = [case for entry in entries for case in _cases(entry, found, given)]
    _check_skips(given, cases)
    return cases


def find_entries(what: Any) -> list[Entry]:
    """The entries that ``what`` names, those of kinds without cases of their own included."""
    registry = default_registry()
    if isinstance(what, ModuleType):
        module, plugins = what.__name__, registry.plugins.found
        what = next((vendor for vendor, plugin in plugins.items() if plugin.module == module), None)
        if what is None:
            raise ConfigError(
                f"No installed plugin has the entry point '{module}'. Installed: {listed(plugins)}. "
                'Install the package first, with [project.entry-points."pellucid.v1"] in its pyproject.toml.'
            )
    if isinstance(what, str):
        vendor, slash, _ = what.partition("/")
        entries = _of_vendor(registry, vendor)
        if slash:
            entries = [entry for entry in entries if entry.name == what]
    else:
        entries = [what] if isinstance(what, Entry) else list(what)
    if not entries:
        raise ConfigError(
            f"There is nothing to test: {what!r} registers nothing. Expected: a vendor whose plugin registers at "
            "least one component, such as 'acme', or one registered name. See: pellucid list."
        )
    return entries


def covered(entry: Entry) -> bool:
    """Whether the kit has cases for entries of this kind. Backends and ops are tried by the layers that use them."""
    return entry.kind in CHECKS


def _of_vendor(registry: Registry, vendor: str) -> list[Entry]:
    plugins = registry.plugins
    if vendor not in plugins.found:
        raise ConfigError(
            f"No plugin '{vendor}' is installed."
            f"{absent(f'{vendor}/', plugins.found) or did_you_mean(vendor, plugins.found)} "
            f"Installed: {listed(plugins.found)}. Install the package first: pip install -e ."
        )
    plugin = plugins.load(vendor)
    if plugin.status != "loaded":
        raise plugin.unusable()
    return sorted(plugin.entries.values(), key=lambda entry: (entry.kind, entry.name))


def _cases(entry: Entry, backends: Backends, skips: Skips) -> Iterable[Case]:
    """The cases of one component. The basic ones are tried here already: if one fails, those after it would fail for
    the same reason and hide it."""
    if not covered(entry):
        return
    try:
        target = default_registry().load(entry)
    except PluginError as error:
        yield _case(Subject(entry, None, Example(), backends), _loading(error), skips)
        return
    examples: Sequence[Example] = getattr(target, "examples", Component.examples)
    if not examples:
        yield _case(Subject(entry, target, Example(), backends), Check(has_example), skips)
    told: list[tuple[Any, ...]] = []
    for number, example in enumerate(examples):
        found, broken = _cases_of(Subject(entry, target, example, backends), skips, number)
        why = None if broken is None else cause(broken, target)
        if why is None or why not in told:  # what keeps several examples from being tried is one failure
            yield from found
        told += [] if why is None else [why]


def _cases_of(subject: Subject, skips: Skips, number: int) -> tuple[list[Case], ConformanceError | None]:
    """The cases of one example, and what is wrong where they end early: a basic promise is broken."""
    found: list[Case] = []
    for check in CHECKS[subject.entry.kind]:
        if (check.every_example or number == 0) and check.applies(subject):
            found.append(_case(subject, check, skips, number))
            error = found[-1].failure() if check.basic else None
            if error is not None:
                return found, error
    return found, None


def _case(subject: Subject, check: Check, skips: Skips, number: int = 0) -> Case:
    case = Case(subject, check, None, number)
    return replace(case, skip=skips.get(case.key))


def _loading(error: PluginError) -> Check:
    """The case of a component that cannot be loaded, which fails with this error."""

    def can_be_loaded(subject: Subject) -> None:
        """What the manifest names can be imported, and makes components of its kind."""
        raised = error.__cause__
        module = SimpleNamespace(__module__=subject.entry.target)
        raise ConformanceError(
            "It cannot be loaded.", expected=f"{subject.entry.target} to be {a(subject.entry.kind)}",
            received=str(error) if raised is None else f"{type(raised).__name__}: {raised}{own_lines(raised, module)}",
            remedy="Correct the module, or the name of it in the manifest; derive a class from that of its kind.",
        ) from raised  # fmt: skip

    return Check(can_be_loaded, basic=True)


def has_example(subject: Subject) -> None:
    """There is at least one example to try."""
    raise ConformanceError(
        "It has no example, so nothing can be shown.", expected="examples = (Example({…}, (input shape, …)),)",
        received="examples = ()", remedy="Add one, or say in skips why there is none.",
    )  # fmt: skip


def _check_skips(given: Skips, cases: Sequence[Case]) -> None:
    known = sorted({case.key for case in cases})
    last = {case.subject.entry.name: case for case in cases}
    stopped = {name for name, case in last.items() if case.check.basic}  # its other cases are not there to be skipped
    for key, reason in given.items():
        if key not in known and key.partition(":")[0] not in stopped:
            raise ConfigError(f"skips: there is no case {key!r}.{did_you_mean(key, known)} Write 'vendor/name: case'.")
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError(f"skips: {key!r} is not explained. Expected: the reason, a str. Received: {reason!r}.")
