"""Limits before work: what is asked for is held against what there is, before any of it is taken."""

from __future__ import annotations

import os
from contextlib import suppress
from math import inf
from pathlib import Path

from pellucid.basics.errors import ConfigError, PellucidError

MEMORY = "PELLUCID_MEMORY"
"""Environment variable: how many GiB one model or data set may take; otherwise what the machine has."""
CONTROL_GROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says how much of the machine's memory a container may have."""


def check_memory(size: int, what: str, remedy: str, error: type[PellucidError] = ConfigError) -> None:
    """Raise ``error`` if something would take more memory than there is; called before any of it is taken.

    Args:
        size: an estimate from below, in bytes.
        what: the subject of the sentence, such as ``"The data of big.npy"``.
        remedy: what to make smaller.
    """
    if size < 1 << 20:
        return  # which is not worth the look
    given, limit = os.environ.get(MEMORY), memory()
    if size > limit:
        wanted, there = (f"{min(n, 2.0**80) / 2**30:,.1f} GiB" for n in (size, limit))  # a float holds no 10**400
        raise error(
            f"{what} would take {wanted} of memory, and {f'{MEMORY} allows' if given else 'this machine has'} {there}. "
            f"{remedy} Another limit is set by {MEMORY}=…, in GiB."
        )


def memory() -> float:
    """How many bytes one thing may take: ``PELLUCID_MEMORY``, else all that the machine or container has."""
    given = os.environ.get(MEMORY)
    limits = [inf]  # where nothing says how much there is
    if given:
        with suppress(ValueError):
            limits = [float(given) * 2**30]
        if not 0 < limits[0] < inf:
            raise ConfigError(f"{MEMORY} must be a number of GiB above 0, such as 8. Received: {given!r}.")
        return limits[0]
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    for path in CONTROL_GROUPS:
        with suppress(ValueError, OSError):  # "max", no such file
            limits.append(float(Path(path).read_text(encoding="ascii")))
    return min(limits)
