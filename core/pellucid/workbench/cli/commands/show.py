"""pellucid show NAME: summary, arguments, documentation, equations and origin of what is registered under a name."""

from __future__ import annotations

import argparse
import inspect
from contextlib import suppress
from typing import Any

from pellucid.basics.errors import ConfigError
from pellucid.registry.blame import blaming
from pellucid.registry.manifest import KINDS, Entry
from pellucid.registry.registry import Registry, default_registry
from pellucid.registry.signature import shown, signature_of
from pellucid.workbench.cli.console import Output, table


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="vendor/name, or a short name")
    parser.add_argument("--kind", choices=KINDS, help="where several kinds have this name")


def run(args: argparse.Namespace, output: Output) -> None:
    registry = default_registry()
    found = [describe(entry, registry) for entry in _entries(registry, args.name, args.kind)]
    output.result(found, "\n\n".join(map(_as_text, found)))


def _entries(registry: Registry, name: str, kind: str | None) -> list[Entry]:
    """The entry of this name in each kind that has one; a layer and a transform may share a name."""
    if kind is not None:
        return [registry.find(kind, name)]
    first = registry.find(KINDS, name)
    others = []
    for other in KINDS[KINDS.index(first.kind) + 1 :]:
        with suppress(ConfigError):
            others.append(registry.find(other, first.name))
    return [first, *others]


def describe(entry: Entry, registry: Registry) -> dict[str, Any]:
    """Everything that is known of an entry, as data."""
    implementation = registry.load(entry)
    with blaming(entry):  # a class may do anything when it is looked at
        return _described(entry, implementation)


def _described(entry: Entry, implementation: Any) -> dict[str, Any]:
    arguments = [] if entry.kind == "op" else list(signature_of(implementation).arguments.values())
    return {
        "kind": entry.kind,
        "name": entry.name,
        "summary": entry.summary,
        "arguments": [
            {"name": each.name, "type": shown(each.annotation), "required": each.required}
            | {"default": None if each.required else each.default}
            for each in arguments
        ],
        "equations": [
            {"of": equation.of, "latex": equation.latex, "python": equation.python, "checked": bool(equation.python)}
            | ({"why": equation.why} if equation.why else {})
            for equation in getattr(implementation, "equations", ())
        ],
        "documentation": inspect.getdoc(implementation) or "",
        "verbs": dict(entry.verbs),
        "title": getattr(implementation, "title", None) if entry.kind == "view" else None,
        "objective": getattr(implementation, "default_objective", None),
        "backends": dict(entry.backends),
        "configuration_version": entry.version,
        "implementation": entry.target,
        "distribution": entry.distribution,
        "distribution_version": entry.distribution_version,
    }


def _as_text(found: dict[str, Any]) -> str:
    parts = [f"{found['name']} ({found['kind']}): {found['summary']}"]
    if found["title"]:
        parts.append(f"title: {found['title']}")
    if found["arguments"]:
        rows = [
            (a["name"], a["type"], "required" if a["required"] else f"default {a['default']!r}")
            for a in found["arguments"]
        ]
        parts.append("arguments:\n" + table(rows, indent="  "))
    if found["documentation"]:
        parts.append("\n".join(f"  {line}".rstrip() for line in found["documentation"].splitlines()))
    if found["equations"]:
        shown_as = {True: "checked", False: "unchecked"}
        why = [f"  ({e['why']})" if "why" in e else "" for e in found["equations"]]
        rows = [(e["of"], shown_as[e["checked"]], e["latex"] + w) for e, w in zip(found["equations"], why, strict=True)]
        parts.append("equations (checked: the conformance kit evaluates it against the code):\n" + table(rows, "  "))
    for title in ("verbs", "backends"):
        if found[title]:
            parts.append(f"{title}:\n" + table(sorted(found[title].items()), "  "))
    if found["objective"]:
        parts.append(f"trained with: {found['objective']}")
    parts.append(f"from {found['distribution']} {found['distribution_version']}, {found['implementation']}")
    return "\n\n".join(parts)
