"""pellucid plugins: the installed plugins, whether each could be loaded, and why not."""

from __future__ import annotations

import argparse

from pellucid.registry.plugins import Plugin
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.console import Output, lenient, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--traceback", action="store_true", help="show the traceback of each plugin that failed")


def run(args: argparse.Namespace, output: Output) -> None:
    with lenient(default_registry().plugins):
        plugins = default_registry().plugins.load_all()
    output.result([as_data(plugin) for plugin in plugins], as_text(plugins, tracebacks=args.traceback))


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
