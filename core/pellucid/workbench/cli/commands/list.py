"""pellucid list [KIND]: everything that can be built by name, with a line about each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from itertools import groupby

from pellucid.basics.suggest import listed
from pellucid.registry.manifest import KINDS, Entry
from pellucid.registry.registry import default_registry
from pellucid.workbench.cli.console import Output, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", metavar="KIND", help=f"one of: {', '.join(KINDS)}")


def run(args: argparse.Namespace, output: Output) -> None:
    registry = default_registry()
    plurals = {f"{kind}s": kind for kind in KINDS} | {"losses": "loss"}  # "layers" is understood as "layer"
    entries = registry.entries(plurals.get(args.kind, args.kind))
    names = ("kind", "name", "summary", "distribution")
    data = [
        {name: getattr(entry, name) for name in names}
        | {"verbs": sorted(entry.verbs), "version": entry.distribution_version}
        for entry in entries
    ]
    groups = [f"{kind}\n{_rows(members)}" for kind, members in groupby(entries, key=lambda entry: entry.kind)]
    output.result(data, "\n\n".join(groups) or f"No {args.kind} is registered.")
    absent = [f"{p.vendor} ({p.status})" for p in registry.plugins.found.values() if p.status != "loaded"]
    if absent:
        output.note(f"Plugins that are not loaded: {listed(absent)}; see: pellucid plugins.")


def _rows(entries: Iterable[Entry]) -> str:
    verbs = ((entry, f"  [verbs: {', '.join(sorted(entry.verbs))}]" if entry.verbs else "") for entry in entries)
    return table([(entry.name, entry.summary + own) for entry, own in verbs], indent="  ")
