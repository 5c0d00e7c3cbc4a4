"""run_conformance: runs all cases of a plugin, prints what ran, and fails on a failure, on none, on a bare skip."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from types import ModuleType
from unittest import SkipTest

from pellucid.glassbox.failure import ConformanceError
from pellucid.registry.manifest import Entry
from pellucid.testing.cases import Case, Skips, conformance_cases, covered, find_entries
from pellucid.testing.subject import Backends


@dataclass
class Report:
    """What ran.

    Attributes:
        passed, failed, skipped: cases; with their failures, and with the reasons of their skips.
        uncovered: entries of kinds that have no cases of their own.
        unchecked: equations that are shown only, as ``acme/sine: dx``.
    """

    passed: list[Case] = field(default_factory=list)
    failed: list[tuple[Case, ConformanceError]] = field(default_factory=list)
    skipped: list[tuple[Case, str]] = field(default_factory=list)
    uncovered: list[Entry] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def ran(self) -> int:
        return len(self.passed) + len(self.failed)

    @property
    def problem(self) -> str | None:
        """Why this is no success, or None."""
        unexplained = [str(case) for case, reason in self.skipped if not reason.strip()]
        if self.failed:
            return f"{len(self.failed)} of {self.ran} cases failed."
        if unexplained:
            return f"Skipped without an explanation: {', '.join(unexplained)}. Say why in skips={{…}}."
        if not self.passed:
            return "No case ran, so nothing has been shown. Give the components examples, and skip fewer cases."
        return None

    def __str__(self) -> str:
        lines = [*self._rows(), *(f"FAILED {error}" for _, error in self.failed)]
        lines += [f"skipped {case}: {reason}" for case, reason in self.skipped]
        if self.unchecked:
            lines.append(f"equations without an expression, shown as unchecked: {', '.join(self.unchecked)}")
        if self.uncovered:
            names = ", ".join(f"{entry.name} ({entry.kind})" for entry in self.uncovered)
            lines.append(f"no cases of their own, tried by what uses them: {names}")
        verdict = "" if self.problem is None else f" {self.problem}"
        lines.append(
            f"{self.ran} cases ran: {len(self.passed)} passed, {len(self.failed)} failed; "
            f"{len(self.skipped)} skipped.{verdict}"
        )
        return "\n".join(lines)

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
            name = f"{case.subject.entry.name}: {equation.of}"
            if equation.python is None and name not in report.unchecked:
                report.unchecked.append(name)
    if verbose:
        print(report)
    if report.problem is not None:
        raise ConformanceError(
            report.problem, where=f"conformance of {what!r}", expected="every case to pass",
            received="the report above" if verbose else f"\n{report}",
            remedy="Each failure above says what was expected, what was received, and what to do.",
        )  # fmt: skip
    return report
