"""Part 2: the conformance kit of the core and of all plugins, with the backend beside the reference."""

from __future__ import annotations

import time
from unittest import SkipTest

from benchmarks.gpu.backend import gpu_ops
from benchmarks.gpu.report import tell

ABOUT_BACKENDS = ("parity", "recorded_plan")
"""The cases in which the backend takes part; the others are about the components alone, and pass on any machine."""


def vendors(small: bool, of: tuple[str, ...]) -> list[str]:
    """Everyone who has registered something, the core first."""
    from pellucid.registry.registry import default_registry

    found = {entry.vendor for entry in default_registry().entries()}
    chosen = sorted(found & set(of) if of else found, key=lambda vendor: (vendor != "core", vendor))
    return chosen[:1] if small else chosen


def main(small: bool, of: tuple[str, ...] = ()) -> bool:
    """Run every case that a backend takes part in; each failure is named."""
    from pellucid.testing import Backends, ConformanceError, conformance_cases

    everything = True
    for vendor in vendors(small, of):
        started, counts = time.perf_counter(), {"passed": 0, "failed": 0, "skipped": 0}
        failures = []
        cases = conformance_cases(vendor, backends=Backends(fast=gpu_ops()))
        for case in [case for case in cases if case.check.name in ABOUT_BACKENDS][: 20 if small else None]:
            try:
                case.run()
            except SkipTest as reason:
                counts["skipped"] += 1
                print(f"skipped {case}: {reason}", flush=True)
            except ConformanceError as error:
                counts["failed"] += 1
                failures.append(f"{case}: {error}"[:600])
                print(f"FAILED {error}", flush=True)
            else:
                counts["passed"] += 1
        everything = everything and not failures
        if sum(counts.values()):
            tell(
                name=vendor, ok=not failures, **counts, failures=failures[:20],
                seconds=round(time.perf_counter() - started, 1),
            )  # fmt: skip
    return everything
