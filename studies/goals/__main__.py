"""The command: ``python -m studies.goals OUT [--only GOAL …]``; hours on a CPU, minutes on a card; see --help.

Results are written line by line as they come: what has been reached when the time is over is there.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pellucid as pl

from benchmarks.environment import ROOT, machine
from studies.checkout import commit
from studies.goals.goal import HERE, SMALL, Goal, goals
from studies.goals.plan import planned
from studies.goals.pool import Pool, Task
from studies.goals.training import FEW, logged, timed
from studies.goals.vote import votes

SPARE = 12.0
"""Seconds kept for the last results and the votes."""
FULL = 0.85
"""How much of the processes' time the plan may take: they do not end all at once."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every training came to its end, else 1."""
    options = _parse(arguments)
    began = time.monotonic()
    deadline = began + options.seconds - SPARE if options.seconds else None
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    chosen = _chosen(SMALL if options.small else HERE, options.only, options.seeds)
    on_card = bool(options.backend and options.backend.startswith("cupy"))
    how: dict[str, Any] = {"backend": options.backend, "short": options.short}
    facts = {"commit": commit(), "machine": _machine(on_card), "processes": options.processes, **_versions()}
    done: list[dict[str, Any]] = []
    kept: dict[str, dict[int, Any]] = {}
    with Pool(options.processes, on_card=on_card, threads=options.threads) as pool:
        epochs = {name: 1 if options.short else goal.epochs for name, goal in chosen.items()}
        if deadline is not None and not options.short:
            epochs = _plan(pool, chosen, how, began, deadline, options, out)
        tasks = [(name, seed) for seed in range(max(goal.seeds for goal in chosen.values()))
                 for name in sorted(chosen, key=lambda name: -epochs[name]) if seed < chosen[name].seeds]  # fmt: skip
        jobs: list[Task] = [
            (logged, (chosen[name], seed), {**how, "epochs": epochs[name], "facts": facts,
                                            "keep": _keep(out, name, seed, options)})
            for name, seed in tasks
        ]  # fmt: skip
        failed = len(jobs)
        for number, result in pool.results(jobs, deadline):
            name, seed = tasks[number]
            if isinstance(result, str):
                _tell(out, f"FAILED {name} seed {seed}: {result}")
                continue
            failed -= 1
            log, probabilities = result
            done.append(log)
            with (out / "results.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(log) + "\n")
            _tell(out, f"{time.monotonic() - began:6.1f} s {name} seed {seed}: {log['figures']} in {log['seconds']} s")
            if probabilities is not None:
                kept.setdefault(name, {})[seed] = probabilities
    _vote(chosen, kept, options.short, out)
    _tell(out, f"{len(done)} of {len(tasks)} trainings after {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _chosen(folder: Path, names: Sequence[str], seeds: int | None) -> dict[str, Goal]:
    known = goals(folder)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"There is no goal {unknown[0]!r}. Goals: {', '.join(known)}.")
    chosen = {name: known[name] for name in (names or known)}
    if seeds is not None:
        chosen = {name: replace(goal, seeds=min(seeds, goal.seeds)) for name, goal in chosen.items()}
    return chosen


def _plan(
    pool: Pool, chosen: dict[str, Goal], how: dict[str, Any], began: float, deadline: float, options: Any, out: Path
) -> dict[str, int]:
    """Time an epoch of each goal, beside each other as they will train, and plan by that."""
    names = [*chosen]
    measured: dict[str, tuple[float, float]] = {}
    for number, result in pool.results([(timed, (chosen[name],), how) for name in names], deadline):
        if isinstance(result, str):
            _tell(out, f"FAILED timing {names[number]}: {result}")
        else:
            measured[names[number]] = result
    for name in names:
        if name not in measured:
            del chosen[name]
    left = max(0.0, deadline - time.monotonic())
    epochs = planned(chosen, measured, FULL * left * options.processes)
    document = {"seconds_of_an_epoch_and_of_judging": measured, "planned_epochs": epochs, "seconds_left": left,
                "seconds_of_planning": time.monotonic() - began}  # fmt: skip
    (out / "plan.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    _tell(out, f"after {time.monotonic() - began:.0f} s: {measured}, so {epochs}")
    return epochs


def _keep(out: Path, name: str, seed: int, options: Any) -> str | None:
    return str(out / f"{name}.safetensors") if seed == 0 and name in options.keep else None


def _vote(chosen: dict[str, Goal], kept: dict[str, dict[int, Any]], short: bool, out: Path) -> None:
    """Let networks of one goal vote, and keep what they said of the test images."""
    found = {}
    for name, probabilities in kept.items():
        goal = chosen[name]
        if goal.vote and len(probabilities) >= goal.vote:
            data = pl.create("dataset", goal.sections["data"]["type"])
            labels = np.asarray(data.load_test().y)[: FEW if short else None]
            found[name] = votes(probabilities, labels, goal.vote)
    if found:
        (out / "votes.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _machine(on_card: bool) -> dict[str, Any]:
    """What is trained on; the card is asked in a process of its own, as whoever looks at it holds it."""
    facts = machine()
    if on_card:
        code = "import json; from benchmarks.gpu.backend import card; print(json.dumps(card()))"
        asked = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
        facts |= json.loads(asked.stdout.strip().splitlines()[-1]) if asked.returncode == 0 else {"card": "unknown"}
    return facts


def _versions() -> dict[str, Any]:
    return {"date": time.strftime("%Y-%m-%d"), "numpy": version("numpy"), "pellucid": version("pellucid")}


def _tell(out: Path, text: str) -> None:
    print(text, flush=True)
    with (out / "log.txt").open("a", encoding="utf-8") as file:
        file.write(text + "\n")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m studies.goals", description="Train the goals with their seeds.")
    parser.add_argument("out", type=Path, help="folder for results.jsonl, votes.json, plan.json, log.txt")
    parser.add_argument("--only", nargs="+", default=[], metavar="GOAL", help="some of them; all by default")
    parser.add_argument("--small", action="store_true", help="those that a processor reaches in seconds")
    parser.add_argument("--backend", help="cupy or cupy/tf32; the best installed by default")
    parser.add_argument("--processes", type=int, default=1, help="that train beside each other")
    parser.add_argument("--threads", type=int, help="of each process on a CPU")
    parser.add_argument("--seconds", type=float, help="end after so long; epochs are shortened to fit")
    parser.add_argument("--seeds", type=int, help="no more than these of each goal")
    parser.add_argument("--keep", nargs="*", default=[], metavar="GOAL", help="save the model of seed 0")
    parser.add_argument("--short", action="store_true", help="few samples: does it run?")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
