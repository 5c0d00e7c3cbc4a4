"""The command: ``python -m benchmarks``; see benchmarks/README.md, or --help."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.cases import CASES, select
from benchmarks.environment import PEERS_PYTHON, machine, steering_variables
from benchmarks.footprint import cold_starts, installed_mb
from benchmarks.peer import CONTESTANTS
from benchmarks.process import ContestantError, Process
from benchmarks.rounds import Effort, contest, predictions
from benchmarks.statistics import median

QUICK = Effort(rounds=3, seconds=0.02, settle=0.02)


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    facts = machine()
    names = _contestants(options.peers, facts)
    try:
        cases = select(options.cases)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    effort = QUICK if options.quick else Effort(rounds=options.rounds)
    _say(f"{facts['processor']}, {facts['cores']} cores, {', '.join(facts['vector_instructions'])}")
    found = steering_variables()
    if found:
        _say("Cleared for the contestants: " + ", ".join(f"{k}={v}" for k, v in found.items()))
    document: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"), "machine": facts, "environment_found": found, "versions": {},
        "rounds": effort.rounds, "training": [], "beside": {},
    }  # fmt: skip
    try:
        for threads in options.threads:
            _measure(document, names, cases, threads, effort, beside=options.beside and threads == min(options.threads))
    except ContestantError as error:
        print(error, file=sys.stderr)
        return 1
    if options.beside:
        _footprint(document, names, rounds=1 if options.quick else 7)
    if options.merge:
        document = report.merge([*(json.loads(path.read_text()) for path in options.merge), document])
    _show(document)
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    if options.markdown:
        report.write_markdown(options.markdown, document)
    return 0


def _measure(
    document: dict[str, Any], names: list[str], cases: list[Any], threads: int, effort: Effort, *, beside: bool
) -> None:
    with ExitStack() as stack:
        processes = [Process(name, threads) for name in names]
        for process in processes:
            stack.callback(process.close)
        for process in processes:
            document["versions"] |= process.receive()["versions"]
        for case in cases:
            able = [p for p in processes if case.kind in CONTESTANTS[p.name].kinds]
            entry = report.entry(contest(case, able, effort))
            document["training"].append(entry)
            times = ", ".join(f"{CONTESTANTS[n].title} {t:.1f}" for n, t in entry["us_per_step"].items())
            _say(f"{case.name} ({case.title}), {threads} thread(s): µs per step: {times}")
        if beside:
            for name, rounds in predictions(CASES["1/32"], processes, effort).items():
                document["beside"].setdefault(name, {})["predict_us"] = median(rounds)


def _footprint(document: dict[str, Any], names: list[str], rounds: int) -> None:
    for name, figures in cold_starts(names, rounds).items():
        document["beside"].setdefault(name, {}).update(figures)
        document["beside"][name]["disk_mb"] = installed_mb(name)


def _show(document: dict[str, Any]) -> None:
    print("\nMedian µs per training step; ratios with their 95 % intervals; goals beside them\n")
    print(report.as_text(report.training_table(document["training"])))
    print("\n" + report.verdict(document["training"]))
    if document["beside"]:
        print("\n" + report.as_text(report.beside_table(document)))


def _contestants(chosen: str | None, facts: dict[str, Any]) -> list[str]:
    if chosen is not None:
        return chosen.split(",")
    if not PEERS_PYTHON.exists():
        _say(f"There is no {PEERS_PYTHON}, so only NumPy competes. benchmarks/run.sh makes it.")
        return ["pellucid", "numpy"]
    # MKL has one path more than it takes by itself where the processor is AMD's and knows AVX-512.
    odd = facts["vendor"] == "AuthenticAMD" and "avx512f" in facts["vector_instructions"]
    left_out = {"torch-compile", *([] if odd else ["torch-intel"])}
    return [name for name, contestant in CONTESTANTS.items() if not contestant.gpu and name not in left_out]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks", description="pellucid's training step beside its peers'.")
    parser.add_argument("--cases", default="1,2,3,4,5,6,7", help="such as 1,3/16 (all of 1, and 3/16); default: all")
    parser.add_argument("--peers", help=f"any of {','.join(CONTESTANTS)}; default: all but torch-compile")
    parser.add_argument("--threads", default=[1, 2], type=_numbers, help="default: 1,2")
    parser.add_argument("--rounds", default=12, type=int, help="turns of each contestant; default: 12")
    parser.add_argument("--quick", action="store_true", help="a few very short turns: does it run?")
    parser.add_argument("--no-beside", dest="beside", action="store_false", help="leave out start, memory and disk")
    parser.add_argument(
        "--merge", type=Path, nargs="+", default=[],
        help="results of earlier runs on this machine; of each row the run that was disturbed least is kept",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, help="write all results to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file, between its marks if it has some")
    options = parser.parse_args(arguments)
    unknown = set((options.peers or "pellucid").split(",")) - set(CONTESTANTS)
    if unknown:
        parser.error(f"--peers: there is no {', '.join(sorted(unknown))}. Choose from: {', '.join(CONTESTANTS)}.")
    return options


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
