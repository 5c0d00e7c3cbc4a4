"""pellucid plugins [freeze|restore FILE]: which are installed, and why one is not loaded; a list of them, and back."""

from __future__ import annotations

import argparse
from pathlib import Path

from pellucid.basics.errors import ConfigError
from pellucid.registry.plugins import Plugin
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.console import Output, lenient, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traceback", action="store_true", help="show the traceback of each plugin that failed")
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
    with lenient(default_registry().plugins):
        plugins = default_registry().plugins.load_all()
    output.result([as_data(plugin) for plugin in plugins], as_text(plugins, tracebacks=args.traceback))
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
        output.note(f"Not installed: {', '.join(failed)}. What the installer said stands above. See: pellucid plugins.")
    return 1 if failed else 0


def as_data(plugin: Plugin) -> dict[str, object]:
    names = ("vendor", "status", "distribution", "version", "module", "reason", "traceback")
    return {name: getattr(plugin, name) for name in names} | {"components": len(plugin.entries)}


def as_text(plugins: list[Plugin], *, tracebacks: bool = False) -> str:
    rows = [("vendor", "status", "package", "components")]
    rows += [(p.vendor, p.status, f"{p.distribution} {p.version}", str(len(p.entries))) for p in plugins]
    notes = [str(plugin) for plugin in plugins if plugin.reason]
    if tracebacks:
        notes += [f"--- {p.vendor} ---\n{p.traceback.rstrip()}" for p in plugins if p.traceback]
    elif any(plugin.traceback for plugin in plugins):
        notes.append("To see where: pellucid plugins --traceback")
    return "\n\n".join([table(rows), *notes])
