"""Report: what ``pellucid doctor`` collects, from pellucid itself and from plugins, which are handed it by a hook."""

from __future__ import annotations

from typing import Any, NamedTuple


class Finding(NamedTuple):
    """One fact (``warning`` is False) or one thing that is wrong."""

    section: str
    name: str
    value: str
    warning: bool = False


class Report:
    """Collects findings; plugins add theirs in the hook ``pellucid_doctor``."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._section = ""

    def section(self, title: str) -> None:
        """What follows belongs under this title."""
        self._section = str(title)

    def fact(self, name: str, value: object) -> None:
        """Something that is so, such as a version."""
        self.findings.append(Finding(self._section, str(name), str(value)))

    def warn(self, name: str, message: str) -> None:
        """Something that is wrong; the message says how to mend it."""
        self.findings.append(Finding(self._section, str(name), str(message), warning=True))

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.warning]

    def as_data(self) -> list[dict[str, Any]]:
        return [finding._asdict() for finding in self.findings]
