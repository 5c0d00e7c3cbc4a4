"""A mistake in the functions of a process that runs: their code is exchanged, and no module is imported again."""

from __future__ import annotations

import gc
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from inspect import CO_NEWLOCALS
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from tests.mistakes.mistake import Mistake

Exchange = Mapping[CodeType, CodeType]
"""From the code of each function to what it is with the mistake."""


def exchange(mistake: Mistake) -> Exchange | None:
    """What is exchanged for a mistake: the code that it stands in; None where that is the body of a module or class."""
    before, after = mistake.path.read_text(encoding="utf-8"), mistake.made()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what looks like a mistake
        codes = [[*_codes(compile(text, str(mistake.path), "exec", dont_inherit=True))] for text in (before, after)]
    if len(codes[0]) != len(codes[1]):  # a function is gone
        return None
    changed = {id(old) for old, new in zip(*codes, strict=True) if _told(old) != _told(new)}
    within = [(old, new) for old, new in zip(*codes, strict=True) if any(id(each) in changed for each in _codes(old))]
    if any(id(old) in changed and not old.co_flags & CO_NEWLOCALS for old, _ in within):
        return None
    return dict(within)


def functions(root: Path) -> Mapping[str, list[FunctionType]]:
    """All functions of the files below a folder that there are now, by their file."""
    gc.unfreeze()  # what is frozen is not among the objects
    found = defaultdict(list)
    for each in gc.get_objects():
        if type(each) is FunctionType and Path(each.__code__.co_filename).is_relative_to(root):
            found[each.__code__.co_filename].append(each)
    gc.freeze()
    return found


def put(exchanged: Exchange, there: list[FunctionType]) -> int:
    """Exchange the code of these functions; of how many it was."""
    count = 0
    for function in there:
        code = exchanged.get(function.__code__)
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__, count = code, count + 1
    return count


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _told(code: CodeType) -> Any:
    """What one code is told from another by, without those inside: a text that has moved is the same."""
    constants = [(type(each), repr(each)) for each in code.co_consts if not isinstance(each, CodeType)]
    return (code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_exceptiontable,
            constants)  # fmt: skip
