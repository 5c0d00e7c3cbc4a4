"""A cold process of one contestant: import, build, first training step; then the memory after 50 steps.

Run as ``python -m benchmarks.startup CONTESTANT``; prints one line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.cases import Case
    from benchmarks.peer import Peer


class DoneError(Exception):
    """Raised when enough steps have been made."""


def main(name: str) -> dict[str, float]:
    """When the first step had been made, how long the imports took, and the peak of memory."""
    start = time.time()
    from dataclasses import replace

    from benchmarks.cases import CASES
    from benchmarks.peer import CONTESTANTS

    case = CASES["1/32"]
    make = CONTESTANTS[name].load()
    imported = time.time()
    _train_epoch(make, replace(case, rows=32))
    finished = time.time()
    _train_epoch(make, replace(case, rows=50 * 32))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"import_seconds": imported - start, "finished": finished, "peak_mib": peak}


def _train_epoch(make: type[Peer], case: Case) -> None:
    def epoch_done(loss: float) -> None:
        raise DoneError

    with suppress(DoneError):
        make(case, 1).train(epoch_done)


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
