"""pellucid plugins [freeze|restore FILE]: which are installed, why one is not loaded, how good the kit found them; a
list of them, and back."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path

from pellucid.basics.errors import ConfigError
from pellucid.glassbox.quality import kept
from pellucid.registry.plugins import ALLOW_LIST, STRICT, Plugin
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.console import Output, lenient, table
from pellucid.workbench.local import ACTIVE

PATIENCE = 20.0
"""Seconds for the import of one plugin in a process of its own."""
ALONE = (
    "import sys; from pellucid.workbench.local import local_plugins; v = sys.argv[1]\n"
    "with local_plugins(*sys.argv[2:]) as registry: print(); print(v, registry.plugins.load(v).status)"
)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traceback", action="store_true", help="show the traceback of each plugin that failed")
    parser.add_argument("--apart", action="store_true", help="import each in a process of its own: which one ends it?")
    parser.add_argument(
        "action", nargs="?", choices=("freeze", "restore"),
        help="write the installed plugins, their versions and sources to FILE; install those of FILE that are missing",
    )  # fmt: skip
    parser.add_argument("file", nargs="?", metavar="FILE", type=Path, help="a list of requirements, as pip reads them")
    parser.add_argument("--upgrade", action="store_true", help="of restore: the newest versions, not those in FILE")


def run(args: argparse.Namespace, output: Output) -> int:
    if args.action is not None:
        if args.file is None:
            raise ConfigError(f"pellucid plugins {args.action} needs a FILE, such as plugins.txt.")
        return _freeze(args.file, output) if args.action == "freeze" else _restore(args.file, args.upgrade, output)
    if args.apart:
        return _apart(output)
    with lenient(default_registry().plugins):
        plugins = default_registry().plugins.load_all()
    output.result([as_data(plugin) for plugin in plugins], as_text(plugins, tracebacks=args.traceback))
    return 0


def _apart(output: Output) -> int:
    """Import each plugin in a process of its own, which can end or hang no other."""
    import subprocess  # slow, and seldom needed

    outcome: dict[str, str] = {}
    for vendor in default_registry().plugins.found:
        command = [sys.executable, "-c", ALONE, vendor, *map(str, ACTIVE.values())]
        alone = os.environ | {ALLOW_LIST: vendor, STRICT: "0"}
        try:
            done = subprocess.run(command, env=alone, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            outcome[vendor] = f"does not come back within {PATIENCE:.0f} s"
        else:
            said = [line for line in done.stdout.splitlines() if line.startswith(vendor)]
            outcome[vendor] = f"ends the process, with {done.returncode}"
            if said:
                outcome[vendor] = said[-1].removeprefix(vendor).strip()
    output.result(outcome, table(outcome.items()))
    return 0


def _freeze(file: Path, output: Output) -> int:
    from pellucid.workbench.requirements import freeze  # importlib.metadata with it

    lines = [each.line for each in freeze(file)]
    output.result(
        {"file": str(file), "plugins": lines},
        "\n".join([f"Wrote {file}:", *(f"  {line}" for line in lines), f"Back again: pellucid plugins restore {file}"]),
    )
    return 0


def _restore(file: Path, upgrade: bool, output: Output) -> int:
    from pellucid.workbench.requirements import read, restore

    outcome = {each.line: what for each, what in restore(read(file), upgrade=upgrade)}
    output.result(outcome, table([(what, line) for line, what in outcome.items()]) or f"{file} names no plugins.")
    failed = [line for line, what in outcome.items() if what == "failed"]
    if failed:
        output.note(
            f"Not installed: {', '.join(failed)}. What the installer said stands above. To build a plugin with a "
            "kernel takes a C compiler, setuptools>=77 and cython here. See: pellucid plugins."
        )
    return 1 if failed else 0


def as_data(plugin: Plugin) -> dict[str, object]:
    names = ("vendor", "status", "distribution", "version", "module", "reason", "traceback")
    found = kept(plugin.vendor) if plugin.status == "loaded" else None
    quality = None if found is None else asdict(found) | {"stale": found.stale(plugin.version, plugin.module)}
    return {name: getattr(plugin, name) for name in names} | {"components": len(plugin.entries), "quality": quality}


def as_text(plugins: list[Plugin], *, tracebacks: bool = False) -> str:
    rows = [("vendor", "status", "package", "components", "quality")]
    rows += [(p.vendor, p.status, f"{p.distribution} {p.version}", str(len(p.entries)), _quality(p)) for p in plugins]
    notes = [str(plugin) for plugin in plugins if plugin.reason]
    if tracebacks:
        notes += [f"--- {p.vendor} ---\n{p.traceback.rstrip()}" for p in plugins if p.traceback]
    elif any(plugin.traceback for plugin in plugins):
        notes.append("To see where: pellucid plugins --traceback")
    measured = "Quality is what the conformance kit found on this machine: python -m pellucid.testing VENDOR."
    return "\n\n".join([table(rows), *notes, measured])


def _quality(plugin: Plugin) -> str:
    """``gold, 2026-11-26``; where plugin or pellucid have changed since, that; ``not measured``."""
    found = kept(plugin.vendor) if plugin.status == "loaded" else None
    if found is None:
        return "not measured" if plugin.status == "loaded" else ""
    stale = found.stale(plugin.version, plugin.module)
    return f"{found.level}, {found.when[:10]}" + (f" ({stale})" if stale else "")
