"""pellucid doctor: versions, backends, threads, environment and plugins, and how to mend what is wrong with them."""

from __future__ import annotations

import argparse
from itertools import groupby

from pellucid.registry.report import Report
from pellucid.workbench.cli.console import Output, table
from pellucid.workbench.cli.doctor import examine


def configure(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments of its own."""


def run(args: argparse.Namespace, output: Output) -> None:
    report = examine()
    output.result({"findings": report.as_data(), "warnings": len(report.warnings)}, as_text(report))


def as_text(report: Report) -> str:
    parts = []
    for section, findings in groupby(report.findings, key=lambda finding: finding.section):
        rows = [("! " if f.warning else "  ", f.name, f.value) for f in findings]
        parts.append(f"{section}\n{table(rows)}")
    n = len(report.warnings)
    parts.append(f"{n} warning(s), marked !." if n else "Nothing is wrong.")
    return "\n\n".join(parts)
