"""The command: ``python -m benchmarks.quality [PLUGIN or CASE …]``; minutes to hours, see --help."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT
from benchmarks.quality.harness import select

RESULTS = ROOT / "benchmarks" / "results" / "quality"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every goal is met, 1 if one is missed, 2 for a case that does not exist."""
    options = _parse(arguments)
    try:
        chosen = select(options.cases)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    missed = 0
    for each in chosen:
        print(f"{each.name} …", file=sys.stderr, flush=True)
        document = each.run(options.out / each.name.replace("/", "-"), quick=options.quick, reuse=options.reuse)
        missed += sum(not goal["met"] for goal in document["goals"])
        _show(document)
        if not options.quick:
            options.results.mkdir(parents=True, exist_ok=True)
            path = options.results / f"{each.name.replace('/', '-')}.json"
            path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 1 if missed and not options.quick else 0


def _show(document: dict[str, Any]) -> None:
    print(f"{document['case']}: {document['seconds']} s")
    for name, value in document["figures"].items():
        print(f"  {name}: {value}")
    for goal in document["goals"]:
        print(f"  {'met   ' if goal['met'] else 'MISSED'} {goal['goal']} ({goal['value']} against {goal['bound']})")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality", description="Train the ready models and measure what was promised of them."
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="plugins (vae) or cases (vae/mnist); all by default")
    parser.add_argument("--quick", action="store_true", help="the short form: seconds; its goals mean nothing")
    parser.add_argument("--reuse", action="store_true", help="measure models that lie in --out, where a case can")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "quality", help="folder for pictures")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the JSON files")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
