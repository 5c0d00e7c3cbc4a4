"""The command: ``python -m benchmarks.gpu OUT``; see README.md beside it, or --help.

Each part is a process of its own with a time limit of its own. What it finds is written down line by line, so a part
that fails or hangs takes nothing with it but itself.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import IO, Any

from benchmarks.environment import ROOT
from benchmarks.gpu.backend import is_stand_in
from benchmarks.gpu.report import heard
from benchmarks.gpu.summary import as_markdown

PARTS = {
    "1": ("part1_tests", 120), "2": ("part2_conformance", 120), "3": ("part3_parity", 90), "4": ("part4_learning", 90),
    "5": ("part5_times", 260), "6": ("part6_transformers", 150),
}  # fmt: skip
"""Modules, and the seconds that each may take."""
TOGETHER = ("1", "2", "3")
"""Run at the same time: they measure none, and take most of theirs compiling kernels."""
_WRITING = Lock()


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    if options.run is not None:
        return _run_part(options.run, options.small, tuple(options.of or ()))
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    known = out / "results.json"
    document: dict[str, Any] = json.loads(known.read_text()) if known.exists() and options.part else {}
    document |= {"date": time.strftime("%Y-%m-%d"), "machine": _machine(), "small": options.small}
    document.setdefault("parts", {})
    with (out / "log.txt").open("a") as log:
        wanted = options.part or list(PARTS)

        def run(number: str) -> None:
            limit = PARTS[number][1] if options.limit is None else options.limit
            _part(number, limit, options.small, options.of or [], document, out, log)
            part = document["parts"][number]
            print(f"part {number}: {part['verdict']} after {part['seconds']} s", flush=True)

        with ThreadPoolExecutor(len(TOGETHER)) as pool:
            list(pool.map(run, [number for number in wanted if number in TOGETHER]))
        for number in wanted:
            if number not in TOGETHER:
                run(number)
    print((out / "summary.md").read_text() if options.show else f"See {out / 'summary.md'}.", flush=True)
    return 0 if all(part["verdict"] == "passed" for part in document["parts"].values()) else 1


def _part(
    number: str, limit: float, small: bool, of: list[str], document: dict[str, Any], out: Path, log: IO[str]
) -> None:
    """Run one part to its end or to its limit, and write down what it says while it says it."""
    part: dict[str, Any] = {"results": []}
    with _WRITING:
        document["parts"][number] = part
    command = [sys.executable, "-m", "benchmarks.gpu", "--run", PARTS[number][0], *(["--small"] if small else [])]
    command += [word for vendor in of for word in ("--of", vendor)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": os.pathsep.join(
        [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])])}  # fmt: skip
    if not is_stand_in():
        environment["PELLUCID_UNVERIFIED_CUPY"] = "1"
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
        errors="replace", start_new_session=True,
    )  # fmt: skip
    timed_out = False
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    selector = selectors.DefaultSelector()
    selector.register(process.stdout, selectors.EVENT_READ)
    rest = ""
    while True:
        left = started + limit - time.monotonic()
        if left <= 0:
            timed_out = True
            _kill(process)
            break
        if not selector.select(min(left, 1.0)):
            if process.poll() is not None:
                break
            continue
        text = process.stdout.read()
        if text == "":
            break
        *lines, rest = (rest + (text or "")).split("\n")
        with _WRITING:
            for line in lines:
                log.write(f"{number}| {line}\n")
                result = heard(line)
                if result is not None:
                    part["results"].append(result)
            log.flush()
            _write(document, out)
    selector.close()
    process.stdout.close()
    code = process.wait()
    verdict = "out of time" if timed_out else "passed" if code == 0 else "failed" if code == 1 else f"ended by {code}"
    with _WRITING:
        part |= {"verdict": verdict, "seconds": round(time.monotonic() - started, 1)}
        _write(document, out)


def _kill(process: subprocess.Popen[str]) -> None:
    """End the part and what it has started."""
    import signal

    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()


def _write(document: dict[str, Any], out: Path) -> None:
    (out / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    (out / "summary.md").write_text(as_markdown(document))


def _run_part(name: str, small: bool, of: tuple[str, ...]) -> int:
    return 0 if import_module(f"benchmarks.gpu.{name}").main(small, of) else 1


def _machine() -> dict[str, Any]:
    """Asked of a process of its own: whoever looks at a card holds it."""
    code = "import json; from benchmarks.gpu.backend import card; print(json.dumps(card()))"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        facts: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        return {"card": "none", "error": f"{error} {getattr(error, 'stderr', '')}"[-600:]}
    return facts


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("benchmarks.gpu", description="Verify and measure the GPU backend.")
    parser.add_argument("out", nargs="?", type=Path, default=Path("gpu-results"), help="folder for the results")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only this part; may be given again")
    parser.add_argument("--of", action="append", help="only what this plugin brings, by its name; may be given again")
    parser.add_argument("--small", action="store_true", help="a little of everything: does it run?")
    parser.add_argument("--limit", type=float, help="seconds for each part, instead of its own limit")
    parser.add_argument("--show", action="store_true", help="print the summary at the end")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
