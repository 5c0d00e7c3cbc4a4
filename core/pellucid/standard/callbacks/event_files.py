"""EventFile: figures in the format that TensorBoard reads, written by tensorboardX."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path
from time import time
from typing import Any

from pellucid.basics.arrays import HostArray
from pellucid.basics.errors import ConfigError

BINS = 64
"""Of a histogram."""
_NUMBERS = count()


def require_tensorboardx() -> None:
    """Raise ConfigError where the library is not installed; looked at before a run begins."""
    try:
        import tensorboardX  # noqa: F401  # slow, and not everybody's
    except ImportError as error:
        raise ConfigError(
            'Event files are written by tensorboardX, which is missing: pip install "pellucid[tensorboard]".'
        ) from error


class EventFile:
    """One new event file in a folder, which is made if need be.

    It writes where it is called, and a failure is heard there: the library's own writer has a thread and a queue, and
    once the disk is full whoever writes would wait for ever.

    Args:
        step: of a run that goes on, the first one that is still to come: what other files in the folder say of it and
            of those behind it counts no more.

    Raises:
        ConfigError: tensorboardX is not installed. OSError: the file cannot be written.
    """

    def __init__(self, folder: Path, step: int) -> None:
        require_tensorboardx()
        from tensorboardX import summary
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto import event_pb2

        folder.mkdir(parents=True, exist_ok=True)
        self._make, self._kinds = summary, event_pb2
        # The library names it by the second and the machine: two of one second are told apart behind that.
        self._file = EventsWriter(str(folder / "events"), f".{os.getpid()}.{next(_NUMBERS):06}")
        if step > 1:
            start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
            self._write(step, session_log=start)

    def _write(self, step: int, **what: Any) -> None:
        self._file.write_event(self._kinds.Event(wall_time=time(), step=step, **what))

    def scalar(self, tag: str, value: float, step: int) -> None:
        self._write(step, summary=self._make.scalar(tag, value))

    def text(self, tag: str, text: str, step: int) -> None:
        """Markdown."""
        self._write(step, summary=self._make.text(tag, text))

    def histogram(self, tag: str, values: HostArray, step: int) -> None:
        """The distribution of finite numbers, at least one."""
        self._write(step, summary=self._make.histogram(tag, values, BINS))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
