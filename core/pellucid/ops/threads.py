"""How many threads the compiled kernels use: set_num_threads, PELLUCID_NUM_THREADS, or what the process may use."""

from __future__ import annotations

import os
import sys
from math import ceil
from pathlib import Path
from typing import Any

from pellucid.basics.checks import is_int
from pellucid.basics.errors import ConfigError

VARIABLE = "PELLUCID_NUM_THREADS"
MOST = 256
_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")

_chosen: int | None = None
"""What set_num_threads was last told before the kernels were loaded; they ask for it when they are."""


def set_num_threads(n: int) -> None:
    """Let the kernels use at most ``n`` threads (1 … 256) from their next call on, in all threads of this process.

    It governs the compiled kernels (backend ``cython``). The reference backend runs on NumPy, whose BLAS has threads of
    its own; ``threadpoolctl.threadpool_limits(n)`` limits those and ours.

    Raises:
        ConfigError: n is no integer in that range.
    """
    global _chosen
    _chosen = _checked(n, "set_num_threads(n)")
    native = _loaded()
    if native is not None:
        native.set_threads(_chosen)


def get_num_threads() -> int:
    """The number of threads that the kernels use at most; small work runs on fewer."""
    native = _loaded()
    if native is not None:
        return int(native.get_threads())
    return wanted_threads()


def wanted_threads() -> int:
    """What was set; else ``PELLUCID_NUM_THREADS``; else ``usable_cores()``."""
    if _chosen is not None:
        return _chosen
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return min(usable_cores(), MOST)
    return _checked(int(text) if text.isdecimal() else text, VARIABLE)


def usable_cores() -> int:
    """The cores that this process may run on: its affinity mask, and the CPU time that its container is granted.

    More threads than that wait for each other instead of computing.
    """
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = _CGROUP_QUOTA.read_text(encoding="ascii").split()
        cores = min(cores, ceil(int(quota) / int(period)))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        pass
    return max(cores, 1)


def _checked(n: Any, where: str) -> int:
    if not is_int(n) or not 1 <= n <= MOST:
        raise ConfigError(
            f"{where} must be an integer from 1 to {MOST}, the number of threads. Received: {n!r}. "
            f"This process may use {usable_cores()} cores."
        )
    return int(n)


def _loaded() -> Any:
    """The kernels, if something has loaded them; asking for the number of threads is no reason to."""
    return sys.modules.get("pellucid.ops.kernels.native")
