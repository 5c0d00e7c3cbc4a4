"""What pellucid must survive, thrown at it by the thousand.

``python -m tests.faults [--short] [--seed N] [NAME[:PART] …]``.

A program is a module of this folder with ``COUNT`` and ``SHORT``, how many faults its full and its short form throw,
and ``main(count, seed)``, which returns a sentence of figures and raises AssertionError at the first wrong outcome. One
that takes long may have parts (``parts()``, words with colons between, and ``main(count, seed, part)``): who was broken
off need not begin anew.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent


def programs() -> list[str]:
    names = (path.stem for path in HERE.glob("*.py"))
    return sorted(name for name in names if not name.startswith(("_", "test_")))


def parts_of(name: str) -> list[str]:
    parts: list[str] = getattr(import_module(f"tests.faults.{name}"), "parts", list)()
    return parts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("tests.faults", description="Throw faults at pellucid; say what came of them.")
    parser.add_argument(
        "names", nargs="*", metavar="NAME[:PART]", help=f"of {', '.join(programs())}; all, unless named"
    )
    parser.add_argument("--short", action="store_true", help="the form that make test runs")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    asked = [each.partition(":")[::2] for each in options.names or programs()]
    unknown = sorted({name for name, _ in asked} - set(programs()))
    if unknown:
        parser.error(f"no programs here: {', '.join(unknown)}; there are {', '.join(programs())}")
    for name, part in [each for each in asked if each[1]]:
        known = parts_of(name)
        if not any(f"{each}:".startswith(f"{part}:") for each in known):
            parser.error(f"no part {part!r} of {name}; there are: {', '.join(known) or 'none'}")
    print(f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores, {time.strftime('%F')}")
    failed = []
    for name, part in asked:
        module = import_module(f"tests.faults.{name}")
        chosen = (part,) if part else ()
        started = time.monotonic()
        try:
            said = module.main(module.SHORT if options.short else module.COUNT, options.seed, *chosen)
        except AssertionError as error:
            failed.append(name)
            said = f"WRONG: {error}"
        print(f"{':'.join([name, *chosen])}: {said} [{time.monotonic() - started:.0f} s]", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
