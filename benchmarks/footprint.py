"""What a contestant costs before it does anything: start, memory, disk."""

from __future__ import annotations

import json
import re
import subprocess
import time
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT, child_environment
from benchmarks.peer import CONTESTANTS
from benchmarks.process import python_of
from benchmarks.statistics import median


def cold_starts(names: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Of each contestant, alternately: ms from launching the interpreter to the end of the first training step, ms of
    that for the imports, MiB of memory at the peak of 50 steps. One thread; files are in the page cache and modules
    compiled to bytecode, as after the first start on any machine."""
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for turn in range(rounds + 1):
        for name in names:
            start = time.time()
            output = subprocess.run(
                [python_of(name), "-m", "benchmarks.startup", name], cwd=ROOT, env=child_environment(1),
                stdout=subprocess.PIPE, text=True, check=True,
            ).stdout  # fmt: skip
            facts: dict[str, float] = json.loads(output.splitlines()[-1])
            if turn == 0:  # brings files into memory, and writes the bytecode of modules
                continue
            samples[name].append(
                {
                    "launch_to_first_step_ms": 1e3 * (facts["finished"] - start),
                    "import_ms": 1e3 * facts["import_seconds"],
                    "peak_mib": facts["peak_mib"],
                }
            )
    return {name: {key: median([one[key] for one in taken]) for key in taken[0]} for name, taken in samples.items()}


def installed_mb(name: str) -> float:
    """MB on disk of a contestant's distributions with all that they require, without bytecode; asked of its own
    environment. Files that several distributions share are counted once."""
    output = subprocess.run(
        [python_of(name), "-m", "benchmarks.footprint", CONTESTANTS[name].distribution], cwd=ROOT,
        env=child_environment(1), stdout=subprocess.PIPE, text=True, check=True,
    ).stdout  # fmt: skip
    return float(json.loads(output)["mb"])


def _closure(names: list[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # required on other systems only
        for requirement in found[name].requires or ():
            if "extra ==" not in requirement:
                waiting.append(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])
    return found


def _files(one: Distribution) -> set[Path]:
    if (one.read_text("direct_url.json") or "").find('"editable": true') >= 0:
        package = ROOT / "core" / "pellucid"  # an editable installation lists no files of its own
        return {path for path in package.rglob("*") if path.is_file()}
    return {Path(str(one.locate_file(file))).resolve() for file in one.files or ()}


def _main(names: list[str]) -> dict[str, Any]:
    distributions = _closure(names)
    files = {path for one in distributions.values() for path in _files(one) if path.suffix != ".pyc" and path.exists()}
    return {"mb": sum(path.stat().st_size for path in files) / 1e6, "distributions": sorted(distributions)}


if __name__ == "__main__":
    import sys

    print(json.dumps(_main(sys.argv[1:])))
