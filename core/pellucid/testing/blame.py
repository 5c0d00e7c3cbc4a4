"""own_lines, cause: where in its author's code an exception came up, and which failures have one cause."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from pellucid.glassbox.failure import ConformanceError

_KIT = "pellucid.testing", "pellucid.glassbox"
SHOWN = 6
"""Lines of code that a failure shows, the last ones: where the author's code was entered, and on to where it ended."""


def own_lines(error: BaseException, target: Any) -> str:
    """The lines of code that an exception went through, as a traceback shows them: those of the package that the target
    comes from, or where it is none of them, all but the kit's own."""
    frames = list(_frames(error.__traceback__))
    package = _package(target)
    own = [frame for frame in frames if frame[0].partition(".")[0] == package != "pellucid"]
    chosen = own or [frame for frame in frames if not frame[0].startswith(_KIT)] or frames
    if own and frames[-1][0].partition(".")[0] not in (package, "pellucid"):
        chosen = [*own, frames[-1]]  # what it called, and what that says
    return "".join(
        f'\n    File "{file}", line {line}, in {function}\n      {text}'
        for _, file, line, function, text in chosen[-SHOWN:]
    )


def place(error: BaseException, target: Any) -> tuple[str, int] | None:
    """File and line of the author's code in which an exception came up, or None."""
    package = _package(target)
    own = [(file, line) for module, file, line, _, _ in _frames(error.__traceback__)
           if module.partition(".")[0] == package and not module.startswith(_KIT)]  # fmt: skip
    return own[-1] if own else None


def cause(error: ConformanceError, target: Any = None) -> tuple[Any, ...]:
    """What is equal for failures of one cause: an exception's kind, words and place, or what was found."""
    raised = error.__cause__
    if isinstance(raised, Exception):
        return type(raised).__name__, str(raised), place(raised, target)
    return error.what, str(error.expected), str(error.received)


def _frames(trace: TracebackType | None) -> Any:
    while trace is not None:
        frame, line = trace.tb_frame, trace.tb_lineno
        module, file = str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename
        text = linecache.getline(file, line, frame.f_globals).strip()
        yield module, file, line, frame.f_code.co_qualname, text
        trace = trace.tb_next


def _package(target: Any) -> str:
    """The top of the package that a class or a function comes from."""
    return str(getattr(target, "__module__", "")).partition(".")[0]


def package_folder(target: Any) -> Path | None:
    """Where that package lies, or None."""
    file = getattr(sys.modules.get(_package(target)), "__file__", None)
    return None if file is None else Path(file).parent
