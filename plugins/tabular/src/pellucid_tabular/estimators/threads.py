"""How many threads: those that joblib leaves to a worker."""

from __future__ import annotations

import os
from multiprocessing import current_process

from pellucid import set_num_threads

VARIABLE = "PELLUCID_NUM_THREADS"
_looked = False


def respect_joblib() -> None:
    """In a worker process of joblib's, which shares the cores with others, use the threads that it has left us: it says
    so to OpenMP's and BLAS's in their variables. ``PELLUCID_NUM_THREADS`` goes before."""
    global _looked
    if not _looked:
        _looked = True
        left = os.environ.get("OMP_NUM_THREADS", "")
        if "Loky" in current_process().name and VARIABLE not in os.environ and left.isdecimal() and int(left):
            set_num_threads(int(left))
