"""Stream: where texts are shown, which may be closed, full, or without a reader. The work goes on."""

from __future__ import annotations

import sys
import warnings
from traceback import walk_stack

from pellucid.basics.errors import PellucidWarning


def outside() -> int:
    """The level, as ``warnings.warn`` counts it, at which the stack leaves this package, its plugins, and NumPy, whose
    decorators stand between: the user's line."""
    for level, (frame, _) in enumerate(walk_stack(sys._getframe(1)), 1):
        if not frame.f_globals.get("__name__", "").partition(".")[0].startswith(("pellucid", "numpy", "contextlib")):
            return level
    return 2


def tell(message: str) -> None:
    """A warning in the middle of the work, at the user's line, which goes on where there is nowhere to show it: Python
    itself bears no more than a full standard error. A filter that makes errors of warnings is heard."""
    try:
        warnings.warn(message, PellucidWarning, stacklevel=outside())
    except PellucidWarning:
        raise
    except Exception:  # standard error is closed, or no file at all
        pass


class Stream:
    """Takes texts as a file does and raises nothing: what there is to say must not end what is done.

    After the first failure nothing more is written, so that what has been written has no gaps.

    Args:
        file: where the texts go, or None for nowhere.

    Attributes:
        failure: what has kept a text from being written, or None.
    """

    def __init__(self, file: object) -> None:
        self._file = file
        self.failure: Exception | None = None

    def write(self, text: str) -> int:
        self._try("write", text)
        return len(text)

    def flush(self) -> None:
        self._try("flush")

    def isatty(self) -> bool:
        return self.failure is None and bool(self._try("isatty"))

    def _try(self, method: str, *arguments: str) -> object:
        call = getattr(self._file, method, None)  # some can only write
        if call is None or self.failure is not None:
            return None
        try:
            return call(*arguments)
        except RuntimeError:  # a signal has come in the middle of writing; its handler's words are lost
            return None
        except Exception as error:  # of the disk, the reader, a closed file, or whatever stands there
            self.failure = error
            return None

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)
