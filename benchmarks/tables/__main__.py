"""python -m benchmarks.tables --data FOLDER --results FILE.jsonl: every contestant on every table, five seeds.

A line of results is written as each ends; what stands in the file is not done again, so a run that was ended goes on,
and a method can be measured anew by removing its lines. --report prints the table from the file, --json writes it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.environment import PEERS_PYTHON, child_environment, machine
from benchmarks.tables.methods import METHODS, OURS
from benchmarks.tables.report import report
from benchmarks.tables.sources import SOURCES

LIMIT = 3600
"""Seconds that one may take."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder of the files; benchmarks/tables/sources.py names them")
    parser.add_argument("--results", type=Path, required=True, help="a line of JSON for each that is done")
    parser.add_argument("--methods", default=",".join(METHODS), help="comma-separated")
    parser.add_argument("--tables", default=",".join(source.name for source in SOURCES), help="comma-separated")
    parser.add_argument("--seeds", default="0,1,2,3,4", help="comma-separated")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="of the peers' environment")
    parser.add_argument("--report", action="store_true", help="only print what the results say")
    parser.add_argument("--json", type=Path, help="write them, with the machine, as one document")
    given = parser.parse_args()
    if not given.report:
        if given.data is None:
            parser.error("--data: where are the files?")
        for task in _left(given):
            print(*task, flush=True, end=": ", file=sys.stderr)
            print(_run(given, *task), file=sys.stderr)
    lines = _lines(given.results)
    print(report(lines))
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "lines": lines}, indent=0) + "\n")
    return 0


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def _left(given: argparse.Namespace) -> Iterator[tuple[str, str, int]]:
    done = {(line["method"], line["table"], line["seed"]) for line in _lines(given.results)}
    for seed in map(int, given.seeds.split(",")):
        for name in given.methods.split(","):
            for table in given.tables.split(","):
                if (name, table, seed) not in done:
                    yield name, table, seed


def _run(given: argparse.Namespace, name: str, table: str, seed: int) -> str:
    python = sys.executable if name in OURS else str(given.python)
    command = [python, "-m", "benchmarks.tables.worker", name, table, str(seed), str(given.data)]
    try:
        done = subprocess.run(
            command, env=child_environment(given.threads), capture_output=True, text=True, timeout=LIMIT, check=True
        )
    except subprocess.TimeoutExpired:
        return f"not done within {LIMIT} s"
    except subprocess.CalledProcessError as error:
        return f"failed: {error.stderr.strip().splitlines()[-1:]}"
    line = json.loads(done.stdout) | {"threads": given.threads}
    with given.results.open("a") as file:
        file.write(json.dumps(line) + "\n")
    return f"{line['error']:.4f} in {line['seconds']} s"


if __name__ == "__main__":
    sys.exit(main())
