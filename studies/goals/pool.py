"""Processes that train beside each other, each one task after another, until all is done or the time is over."""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any

from pellucid import set_num_threads

from benchmarks.gpu.backend import is_stand_in
from benchmarks.gpu.part4_learning import on_stand_in

Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Pool:
    """So many processes, which are ended with the block."""

    def __init__(self, size: int, *, on_card: bool, threads: int | None = None) -> None:
        context = multiprocessing.get_context("spawn")
        self._workers: list[tuple[Any, Connection]] = []
        for _ in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, on_card, threads), daemon=True)
            process.start()
            self._workers.append((process, ours))

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for process, _connection in self._workers:
            process.kill()
            process.join()

    def results(self, tasks: Sequence[Task], deadline: float | None = None) -> Iterator[tuple[int, Any]]:
        """``(number of the task, what it gave)`` as they come; a text in its place says how it failed.

        Tasks begin in their order. At ``deadline``, a time of ``time.monotonic()``, those that go on are given up, and
        the pool with them.
        """
        waiting, busy = list(enumerate(tasks))[::-1], dict[Connection, int]()
        idle = [connection for _, connection in self._workers]
        while waiting or busy:
            while idle and waiting:
                connection = idle.pop(0)
                number, task = waiting.pop()
                connection.send(task)
                busy[connection] = number
            ready = wait([*busy], timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
            if not ready:
                return
            for connection in ready:
                assert isinstance(connection, Connection)
                number = busy.pop(connection)
                try:
                    result = connection.recv()
                    idle.append(connection)
                except EOFError:
                    result = "its process ended"
                yield number, result
            if not busy and not idle:
                return


def _end_with_parent() -> None:
    """Whoever kills the program does not mean its processes to train on for hours."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _work(connection: Connection, on_card: bool, threads: int | None) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    if threads is not None:
        set_num_threads(threads)
    with _backend(on_card):
        while True:
            function, arguments, options = connection.recv()
            try:
                result = function(*arguments, **options)
            except Exception as error:
                result = f"{type(error).__name__}: {error}\n{traceback.format_exc(limit=-6)}"
            connection.send(result)


@contextmanager
def _backend(on_card: bool) -> Iterator[None]:
    with on_stand_in() if on_card or is_stand_in() else nullcontext():
        yield
