"""run_conformance: runs all cases of a plugin, prints what ran and what was not checked, and fails on a failure, on
none, on a bare skip."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from unittest import SkipTest

from pellucid.basics.component import Equation
from pellucid.glassbox.failure import ConformanceError
from pellucid.registry.manifest import Entry
from pellucid.testing.blame import cause
from pellucid.testing.cases import Case, Skips, conformance_cases, covered, find_entries
from pellucid.testing.subject import Backends


@dataclass
class Report:
    """What ran.

    Attributes:
        passed, failed, skipped: cases; with their failures, and with the reasons of their skips.
        uncovered: entries of kinds that have no cases of their own.
        unchecked: equations that are shown only, as ``acme/sine: dx``, each with the reason, which may be empty.
    """

    passed: list[Case] = field(default_factory=list)
    failed: list[tuple[Case, ConformanceError]] = field(default_factory=list)
    skipped: list[tuple[Case, str]] = field(default_factory=list)
    uncovered: list[Entry] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)

    @property
    def ran(self) -> int:
        return len(self.passed) + len(self.failed)

    @property
    def causes(self) -> list[list[tuple[Case, ConformanceError]]]:
        """The failures, those of one cause together."""
        found: dict[Any, list[tuple[Case, ConformanceError]]] = {}
        for case, error in self.failed:
            why = cause(error, case.subject.target)
            found.setdefault(why, []).append((case, error))
        return list(found.values())

    @property
    def problem(self) -> str | None:
        """Why this is no success, or None."""
        unexplained = [str(case) for case, reason in self.skipped if not reason.strip()]
        if self.failed:
            causes = len(self.causes)
            same = f", of {causes} cause{'s' * (causes > 1)}" if causes < len(self.failed) else ""
            return f"{len(self.failed)} of {self.ran} cases failed{same}."
        if unexplained:
            return f"Skipped without an explanation: {', '.join(unexplained)}. Say why in skips={{…}}."
        if not self.passed:
            return "No case ran, so nothing has been shown. Give the components examples, and skip fewer cases."
        return None

    @property
    def verdict(self) -> str:
        """``green``; ``yellow`` and what was not checked without a reason; or ``red`` and the problem."""
        bare = [name for name, why in self.unchecked.items() if not why]
        if self.problem is not None:
            return f"red: {self.problem}"
        if bare:
            return f"yellow: nothing failed, and not checked without a reason were the equations {', '.join(bare)}."
        return "green"

    def __str__(self) -> str:
        lines = self._rows()
        for (_, error), *others in self.causes:
            lines.append(f"FAILED {error}")
            if others:
                lines.append(f"  For the same cause: {', '.join(str(case) for case, _ in others)}")
        for reason, cases in self._skips().items():
            lines.append(f"skipped {', '.join(cases)}: {reason}")
        for name, why in self.unchecked.items():
            lines.append(f"not checked, the equation has no expression: {name}{f' ({why})' if why else ''}")
        if self.uncovered:
            names = ", ".join(f"{entry.name} ({entry.kind})" for entry in self.uncovered)
            lines.append(f"no cases of their own, tried by what uses them: {names}")
        lines.append(
            f"{self.ran} cases ran: {len(self.passed)} passed, {len(self.failed)} failed; {len(self.skipped)} skipped."
        )
        lines.append(f"Verdict: {self.verdict}")
        return "\n".join(lines)

    def _skips(self) -> dict[str, list[str]]:
        """The cases that were skipped, by reason."""
        found: dict[str, list[str]] = {}
        for case, reason in self.skipped:
            found.setdefault(reason, []).append(str(case))
        return found

    def _rows(self) -> list[str]:
        """How many cases of each component passed, failed and were skipped."""
        rows: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        failed, skipped = [case for case, _ in self.failed], [case for case, _ in self.skipped]
        for word, cases in (("passed", self.passed), ("failed", failed), ("skipped", skipped)):
            for case in cases:
                rows[case.subject.entry.kind, case.subject.entry.name][word] += 1
        return [
            f"{kind:12s} {name:32s}  {', '.join(f'{n} {word}' for word, n in counts.items())}"
            for (kind, name), counts in sorted(rows.items())
        ]


def run_conformance(
    what: str | ModuleType | Entry, *, skips: Skips | None = None, backends: Backends | None = None,
    verbose: bool = True,
) -> Report:  # fmt: skip
    """Run all cases, print how many ran, and raise if that is no success.

    Args:
        what, skips, backends: see :func:`pellucid.testing.conformance_cases`.
        verbose: False prints nothing.

    Raises:
        ConformanceError: a case failed, none ran, or one was skipped without a reason.
        ConfigError, PluginError: see :func:`pellucid.testing.conformance_cases`.

    Example::

        python -c "from pellucid.testing import run_conformance; run_conformance('acme')"
    """
    report = tried(what, skips=skips, backends=backends)
    if verbose:
        print(report)
    if report.problem is not None:
        raise ConformanceError(
            report.problem, where=f"conformance of {what!r}", expected="every case to pass",
            received="the report above" if verbose else f"\n{report}",
            remedy="Each failure above says what was expected, what was received, and what to do.",
        )  # fmt: skip
    return report


def tried(what: str | ModuleType | Entry, *, skips: Skips | None = None, backends: Backends | None = None) -> Report:
    """Run all cases: what came of each."""
    entries = find_entries(what)
    report = Report(uncovered=[entry for entry in entries if not covered(entry)])
    for case in conformance_cases(what, skips=skips, backends=backends):
        try:
            case.run()
        except SkipTest as skip:
            report.skipped.append((case, str(skip)))
        except ConformanceError as error:
            report.failed.append((case, error))
        else:
            report.passed.append(case)
        for equation in getattr(case.subject.target, "equations", ()):
            if equation.python is None:
                report.unchecked[f"{case.subject.entry.name}: {equation.of}"] = _reason(case.subject.entry, equation)
    return report


OF_KIND = {
    "model": "a model is made of layers, whose own equations are checked",
    "callback": "what a callback does is followed through runs",
    "dataset": "data are looked at as they are",
}
"""Why equations of these kinds are not held against code."""


def _reason(entry: Entry, equation: Equation) -> str:
    """Why an equation without an expression has none, or an empty text."""
    gradient = entry.kind in ("layer", "loss", "objective") and equation.of.startswith("d") and len(equation.of) > 1
    return equation.why or OF_KIND.get(entry.kind) or ("its numbers are held against differences" if gradient else "")
