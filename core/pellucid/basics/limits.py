"""Limits before work: what is asked for is held against what there is, before any of it is taken."""

from __future__ import annotations

import os
from contextlib import suppress
from math import inf
from pathlib import Path
from re import fullmatch

from pellucid.basics.errors import ConfigError, PellucidError

MEMORY = "PELLUCID_MEMORY"
"""Environment variable: how many GiB one model or data set may take; otherwise what the machine has."""
CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says how much of the machine's memory a container may have."""


def check_memory(size: int, what: str, remedy: str, error: type[PellucidError] = ConfigError) -> None:
    """Raise ``error`` if something would take more memory than there is; called before any of it is taken.

    Args:
        size: an estimate from below, in bytes; of less than a MiB nothing is said.
        what: the subject of the sentence, such as ``"The data of big.npy"``.
        remedy: what to make smaller.
    """
    if size >= 1 << 20 and size > memory():
        wanted, there = (f"{min(n, 2.0**80) / 2**30:,.1f} GiB" for n in (size, memory()))  # a float holds no 10**400
        raise error(
            f"{what} would take {wanted} of memory; there are {there}. {remedy} {MEMORY}=… sets another limit, in GiB."
        )


def memory() -> float:
    """How many bytes one thing may take: ``PELLUCID_MEMORY``, else all that the machine or container has."""
    given, limits = os.environ.get(MEMORY), [inf]
    if given:
        if not fullmatch(r"\d*\.?\d+", given):
            raise ConfigError(f"{MEMORY} must be a number of GiB, such as 8. Received: {given!r}.")
        return float(given) * 2**30
    with suppress(AttributeError, ValueError, OSError):  # Windows has no sysconf
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(ValueError, OSError):  # "max", no such file
        limits.append(float(CONTROL_GROUP.read_text(encoding="ascii")))
    return min(limits)
