"""What a goal costs on a processor, from a timed part: ``python -m studies.goals.cost [GOAL …]``.

Some trainings were done on a card. What they would take here is the time of a part of an epoch, taken to the whole.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

import numpy as np

from studies.checkout import commit
from studies.goals.goal import HERE, Goal, goals
from studies.goals.training import prepared

COST = HERE / "results" / "cost.json"
BATCHES = 20
"""Of the part that is timed, after as many that are not."""


def cpu_minutes(goal: Goal) -> float:
    """CPU minutes of all cores together for an epoch, as a part of it takes them."""
    ready = prepared(goal, 0, backend=None, short=False)
    batch, rows = ready.settings.batch_size, len(ready.splits.train)
    part = ready.splits.train.take(np.arange(BATCHES * batch))
    splits = replace(ready.splits, train=part)
    ready.trainer.fit(splits, epochs=1, batch_size=batch, verbose=False)
    clock = time.process_time()
    ready.trainer.fit(splits, epochs=1, batch_size=batch, verbose=False)
    return (time.process_time() - clock) / 60 * rows / len(part)


def main(names: list[str]) -> int:
    """Measure these goals, or all, and keep what was found beside what is known of the others."""
    known = json.loads(COST.read_text()) if COST.exists() else {}
    for name, goal in goals().items():
        if not names or name in names:
            known[name] = {"cpu_minutes_of_an_epoch": round(cpu_minutes(goal), 4), "commit": commit()}
            print(name, known[name], flush=True)
            COST.parent.mkdir(exist_ok=True)
            COST.write_text(json.dumps(known, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
