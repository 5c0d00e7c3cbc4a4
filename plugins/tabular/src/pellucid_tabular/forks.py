"""Forks: a process that was forked after polars had begun its threads lacks them, and would wait for them for ever."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pellucid import PellucidError

_TASKS = Path("/proc/self/task")
_THREADS = re.compile(r"polars-\d+|async-executor.*")
_used = _lost = False


def about_to_read() -> None:
    """To be called before polars is used.

    Raises:
        PellucidError: its threads were left behind by a fork.
    """
    global _used
    _used = True
    if _lost:
        raise PellucidError(
            "This process was forked after a table had been read, and the threads of polars, which reads tables, are "
            "not in it: it would wait for them for ever. Start processes otherwise, as "
            "multiprocessing.get_context('spawn') and joblib do; or fork before the first table is read; or give it "
            "arrays of numbers."
        )


def _has_threads() -> bool:
    """Whether polars has begun its threads; where that cannot be seen, whether a table was read."""
    if not _TASKS.is_dir():
        return _used
    names = []
    for task in _TASKS.iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:  # it has ended
            continue
    return any(map(_THREADS.fullmatch, names))


def _before() -> None:
    global _began
    _began = _lost or _has_threads()


def _in_child() -> None:
    global _lost
    _lost = _began


_began = False
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
