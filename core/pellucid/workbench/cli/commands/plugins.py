"""pellucid plugins: the installed plugins, whether each could be loaded, and why not; how good the kit found them."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from pellucid.glassbox.quality import kept
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
