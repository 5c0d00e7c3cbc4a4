"""measure: the quality of a plugin, from bronze to platinum, by what the conformance kit finds of it."""

from __future__ import annotations

import inspect
import platform
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from pellucid.basics.errors import ConfigError, PellucidError
from pellucid.glassbox.quality import LEVELS, Quality, stamp
from pellucid.ops.backends import get_ops
from pellucid.registry.manifest import Entry
from pellucid.registry.registry import default_registry
from pellucid.testing.cases import Case, Skips, covered, find_entries
from pellucid.testing.report import Report, tried
from pellucid.testing.subject import Backends

BUILDS = {
    "has_example", "can_be_loaded", "built_by_name", "arguments_kept", "arguments_stay", "works", "configuration",
    "copied",
}  # fmt: skip
SAID = {"value_checked", "arguments_read"}
"""Cases of what a component says of itself; those of equations are others."""
COMPARED = {"parity", "backends_agree", "recorded_plan", "threads"}
"""Cases of kernels and backends."""
TESTS_AT_MOST = 1_800.0
"""Seconds that tests of its own may take."""


def level_of(case: Case) -> str:
    """The level that asks for this case to pass."""
    name = case.check.name
    if name in BUILDS:
        return "bronze"
    if name in SAID or name.startswith(("equation", "expression")):
        return "gold"
    return "platinum" if name in COMPARED or "plan" in name or "kernel" in name else "silver"


def measure(
    vendor: str, *, tests: bool = False, skips: Skips | None = None, backends: Sequence[str] = ()
) -> tuple[Quality, list[Report]]:
    """Run the kit over a plugin, once for each backend that can be compared here, and judge.

    Args:
        vendor: its name.
        tests: whether to run the tests of its own, too, which platinum asks for: ``tests/`` beside the pyproject.toml
            of a plugin that is installed from its source, with pytest.
        skips: see :func:`pellucid.testing.conformance_cases`.
        backends: names of those to compare with the reference; none takes all that can be had here.

    Raises:
        ConfigError, PluginError: nothing to test, or no such backend.
    """
    if "/" in vendor:
        raise ConfigError(
            f"'{vendor}' is one component; judged is a whole plugin. Expected: its vendor, "
            f"'{vendor.partition('/')[0]}'. For one component: pellucid.testing.run_conformance('{vendor}')."
        )
    entries = find_entries(vendor)
    plugin = default_registry().plugins.load(vendor)
    reports, names = [], []
    for pair in _backends(backends):
        reports.append(tried(vendor, skips=skips, backends=pair))
        names += [ops.name for ops in pair.all() if ops.name not in names]
    own, problem = own_tests(plugin.distribution, plugin.module) if tests else (None, "")
    lacking = list(_lacking(reports, entries, own, problem, len(names)))
    components = {
        f"{entry.kind} {entry.name}": _reached(level for level, _ in _lacking_of(reports, entry))
        for entry in entries if covered(entry)
    }  # fmt: skip
    reached = _reached(level for level, _ in lacking)
    following = LEVELS[LEVELS.index(reached) + 1 :][:1]
    return Quality(
        vendor, plugin.distribution, plugin.version, reached,
        [what for level, what in lacking if level in following], components,
        passed=sum(len(report.passed) for report in reports), failed=sum(len(report.failed) for report in reports),
        skipped=sum(len(report.skipped) for report in reports),
        unchecked={name: why for report in reports for name, why in report.unchecked.items()},
        excused=dict(skips or {}),
        backends=names, tests=own, python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}", when=datetime.now(UTC).isoformat(timespec="seconds"),
        files=stamp(plugin.module),
    ), reports  # fmt: skip


def _reached(lacking: Iterable[str]) -> str:
    """The level below the first that something is lacking of."""
    return LEVELS[min([LEVELS.index(level) for level in lacking], default=len(LEVELS)) - 1]


def _lacking(
    reports: list[Report], entries: list[Entry], own: int | None, problem: str, backends: int
) -> Iterator[tuple[str, str]]:
    """(level, what it lacks), of all components and of the plugin as a whole."""
    for entry in entries:
        yield from _lacking_of(reports, entry)
    if not any(map(covered, entries)):
        yield "bronze", "it registers backends and ops alone, which are tried by what uses them"
    if backends < 2:
        yield "platinum", "there is no second backend here to compare with"
    if own is None:
        yield "platinum", problem or "tests of its own were not run"
    elif own == 0:
        yield "platinum", problem or "it has no tests of its own"


def _lacking_of(reports: list[Report], entry: Entry) -> Iterator[tuple[str, str]]:
    for report in reports:
        for case, error in report.failed:
            if case.subject.entry == entry:
                yield level_of(case), f"{case}: {error.what}"
        others = [case for case, _ in (*report.failed, *report.skipped)]
        if covered(entry) and not any(case.subject.entry == entry for case in (*report.passed, *others)):
            yield "bronze", f"no case of {entry.name} ran"
        for name, why in report.unchecked.items():
            if name.startswith(f"{entry.name}: ") and not why:
                yield "gold", f"the equation {name} has no expression, and no reason why"
    if covered(entry):
        for what in undocumented(entry):
            yield "gold", what


def undocumented(entry: Entry) -> Iterator[str]:
    """What the docstring of a component does not say."""
    try:
        target = default_registry().load(entry)
    except PellucidError:
        return  # a case says so
    if not (inspect.getdoc(target) or "").strip() or (isinstance(target, type) and not target.__doc__):
        yield f"{entry.name} has no docstring"
        return
    told = " ".join(
        filter(None, (each.__doc__ for each in getattr(target, "__mro__", (target,)) if each is not object))
    )
    for name in inspect.signature(target).parameters:
        if not re.search(rf"\b{re.escape(name)}\b", told):
            yield f"the docstring of {entry.name} does not mention its argument '{name}'"


def _backends(chosen: Sequence[str]) -> list[Backends]:
    """The reference with each of these backends; by default with the compiled kernels, and with the first backend of
    each plugin that can be had on this machine."""
    plugins = default_registry().plugins.load_all()
    first = [
        next((e.name for e in p.entries.values() if e.kind == "backend"), "") for p in plugins if p.vendor != "core"
    ]
    found: list[Backends] = []
    why = []
    for name in chosen or ["core/cython", *filter(None, first)]:
        try:
            found.append(Backends(fast=get_ops(name)))
        except (PellucidError, ImportError) as error:
            if chosen:
                raise
            why.append(f"{name}: {error}")
    return found or [Backends(why_none=f"there is no other backend here to compare with. {' '.join(why)}")]


# -- tests of its own -------------------------------------------------------------------------------------------------


def own_tests(distribution: str, module: str) -> tuple[int | None, str]:
    """How many tests of its own passed, those of the kit not counted; and what is wrong with them, if anything is."""
    folder = _project(distribution, module)
    if folder is None:
        return 0, "its tests are not here: it is not installed from its source"
    if find_spec("pytest") is None:
        return None, "tests of its own were not run: pytest is not installed"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not conformance", "tests"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=TESTS_AT_MOST)
    except subprocess.TimeoutExpired:
        return 0, f"its tests took longer than {TESTS_AT_MOST:.0f} s"
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    if done.returncode not in (0, 5):
        return 0, f"its tests fail: {(done.stdout.strip().splitlines() or ['no output'])[-1]}"
    passed = counts.get("passed", 0)
    return passed, "" if passed else "it has no tests of its own, besides those of the kit"


def _project(distribution: str, module: str) -> Path | None:
    """The folder with the pyproject.toml of a distribution that is installed from its source and has tests, or None."""
    spec = find_spec(module.partition(".")[0])
    if spec is None or spec.origin is None:
        return None
    for folder in list(Path(spec.origin).parents)[:5]:
        file = folder / "pyproject.toml"
        if file.is_file():
            try:
                name = tomllib.loads(file.read_text(encoding="utf-8")).get("project", {}).get("name", "")
            except (OSError, ValueError):
                return None
            same = re.sub(r"[-_.]+", "-", str(name)).lower() == re.sub(r"[-_.]+", "-", distribution).lower()
            return folder if same and (folder / "tests").is_dir() else None
    return None
