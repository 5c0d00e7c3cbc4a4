"""python -m pellucid.testing VENDOR: the conformance report of a plugin, and its quality for `pellucid plugins`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from pellucid.basics.errors import PellucidError
from pellucid.glassbox.quality import keep, kept
from pellucid.registry.registry import default_registry
from pellucid.testing.quality import measure


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if a case fails, 2 if there is nothing to test, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m pellucid.testing",
        description="Tries all that a plugin registers and says how good that is, from bronze to platinum. What was "
        "found is kept in the user's cache, where `pellucid plugins` reads it.",
    )
    parser.add_argument("vendor", help="the plugin's name, such as acme")
    parser.add_argument("--tests", action="store_true", help="run the plugin's own tests too, which platinum asks for")
    parser.add_argument("--backend", action="append", default=[], metavar="NAME",
                        help="compare with this backend; by default with all that can be had here")  # fmt: skip
    parser.add_argument("--skip", action="append", default=[], metavar="'NAME: CASE=WHY'",
                        help="leave a case out, with the reason: 'acme/sine: parity=the kernel rounds'")  # fmt: skip
    parser.add_argument(
        "--badge", action="store_true", help="print one line for its README; computed if it is not kept"
    )
    parser.add_argument("--json", action="store_true", help="machine-readable output")
    args = parser.parse_args(arguments)
    try:
        quality = kept(args.vendor) if args.badge else None
        plugin = default_registry().plugins.found.get(args.vendor)
        if quality is None or plugin is None or quality.stale(plugin.version, plugin.module):
            skips = {key.strip(): why.strip() for key, _, why in (given.partition("=") for given in args.skip)}
            quality, reports = measure(args.vendor, tests=args.tests, skips=skips, backends=args.backend)
            keep(quality)
            if not (args.badge or args.json):
                print(*reports, sep="\n\n")
    except PellucidError as error:
        print(f"pellucid: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(asdict(quality), indent=1, ensure_ascii=False))
    elif args.badge:
        print(quality)
    else:
        lacking = "".join(f"\n  {what}" for what in quality.lacking)
        print(f"\nQuality: {quality.level}." + (f" For the next level it lacks:{lacking}" if lacking else ""))
    return int(quality.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
