"""What an import does to the process itself, which no setting holds: standard descriptors, threads, copies of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import close, dup, dup2, fstat  # by themselves: an import may have changed the module
from os.path import samestat

from pellucid.basics.suggest import listed

_STANDARD = {0: "standard input", 1: "standard output", 2: "standard error"}
_FORKS = {"number": 0}
"""How often this process was copied, by whomever."""


def _forked() -> None:
    _FORKS["number"] += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=_forked)


@contextmanager
def descriptors_kept(changed: list[str]) -> Iterator[None]:
    """Behind the ``with`` block the standard descriptors lead where they led before. A file that was opened meanwhile
    and was given the number of a closed one has lost it.

    Args:
        changed: is given the names of those that were put back.
    """
    copies: dict[int, int] = {}
    for number in _STANDARD:
        with suppress(OSError):  # it is closed, as a service's may be
            copies[number] = dup(number)
    try:
        yield
    finally:
        for number, copy in copies.items():
            with suppress(OSError):  # the copy is gone, too: os.closerange
                if not _leads_where(number, copy):
                    dup2(copy, number)
                    changed.append(f"the descriptor of {_STANDARD[number]}")
        for copy in copies.values():
            with suppress(OSError):
                close(copy)


def _leads_where(number: int, copy: int) -> bool:
    before = fstat(copy)
    try:
        return samestat(fstat(number), before)
    except OSError:
        return False


@contextmanager
def threads_and_copies_told(remarks: list[str]) -> Iterator[None]:
    """Behind the ``with`` block it is said which threads go on that keep the process from ending, and how many copies
    of the process were made: neither can be undone.

    Args:
        remarks: is given that as sentences.
    """
    threads, forks = {*threading.enumerate()}, _FORKS["number"]
    try:
        yield
    finally:
        left = [t.name for t in threading.enumerate() if t not in threads and not t.daemon and t.is_alive()]
        if left:
            remarks.append(f"Its import has started threads that no command can end before: {listed(left)}.")
        if _FORKS["number"] > forks:
            remarks.append("Its import copies the process (fork); copies that went on from there were ended.")


def end_copy(of: int, whose: str) -> None:
    """End this process if it is a copy that an import made of the process ``of``: it would do all again, beside it."""
    if os.getpid() != of:
        with suppress(OSError):
            os.write(2, f"{whose} copied the process when it was imported (fork). The copy ends here.\n".encode())
        os._exit(1)
