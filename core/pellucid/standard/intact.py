"""guarded: the import of a manifest leaves the process as it was; what it has changed is put back, and named.

Code in the same process cannot be locked in, and this does not try to. It mends what a careless import does to
everybody else: a working directory, a handler of signals or a filter of warnings of its own, words on standard output.
"""

from __future__ import annotations

import builtins
import gc
import os
import signal
import sys
import threading
import warnings
from _locale import LC_ALL, setlocale  # locale itself is slow to import
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from contextvars import copy_context
from functools import cache, partial
from time import perf_counter
from types import ModuleType
from typing import Any

from pellucid.basics.errors import PellucidWarning
from pellucid.basics.suggest import listed
from pellucid.registry.plugins import Plugin
from pellucid.standard.process import descriptors_kept, end_copy, threads_and_copies_told

SLOW = 1.0
"""Seconds. A manifest takes milliseconds."""


def _environment() -> dict[Any, Any]:
    return dict(getattr(os.environ, "_data", os.environ))  # a mapping of its own kind, which is slow to copy


def _set_environment(before: dict[Any, Any]) -> None:
    os.environ.clear()
    os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in before.items()})


def _is_alarm_set() -> bool:
    return hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


def _mask() -> int:
    """What new files are not allowed: to be known only by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _silenced() -> int:
    """Up to which level nothing is logged; 0 where nobody has imported the module."""
    logging: Any = sys.modules.get("logging")
    return 0 if logging is None else int(logging.root.manager.disable)


def _random(module: str, ask: str, *how: Any) -> Any:
    """The state of a module's generator for all the world, as numbers; a module is imported for nobody."""
    there: Any = sys.modules.get(module)
    return _plain(getattr(there, ask)(*how)) if there is not None else _NOT_LOADED


def _plain(state: Any) -> Any:
    """The same without arrays, whose comparison gives no truth."""
    if isinstance(state, dict):
        return {name: _plain(each) for name, each in state.items()}
    return state.tolist() if hasattr(state, "tolist") else state


def _set_random(module: str, put: str, before: Any) -> None:
    """Where the import itself brought the module there is nothing to put back: it begins anew, as it would have."""
    there: Any = sys.modules[module]
    if before is _NOT_LOADED:
        there.seed()
    else:
        getattr(there, put)(before)


_NOT_LOADED = "not loaded"
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM") if hasattr(signal, name)]
_SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "the working directory": (os.getcwd, os.chdir),
    "the locale": (partial(setlocale, LC_ALL), partial(setlocale, LC_ALL)),
    "the limit of recursion": (sys.getrecursionlimit, sys.setrecursionlimit),
    "environment variables": (_environment, _set_environment),
    "the trace function": (sys.gettrace, sys.settrace),
    "the profile function": (sys.getprofile, sys.setprofile),
    "the garbage collector": (gc.isenabled, lambda before: gc.enable() if before else gc.disable()),
    "the alarm clock": (_is_alarm_set, lambda before: None if before else signal.setitimer(signal.ITIMER_REAL, 0.0)),
    "the mask of new files' rights": (_mask, os.umask),
    "the turns of threads": (sys.getswitchinterval, sys.setswitchinterval),
    "the least level of logging": (_silenced, lambda before: sys.modules["logging"].disable(before)),
    "the state of random": (partial(_random, "random", "getstate"), partial(_set_random, "random", "setstate")),
    "the state of numpy.random": (
        partial(_random, "numpy.random", "get_state", False), partial(_set_random, "numpy.random", "set_state")
    ),
    "sys.argv": (lambda: [*sys.argv], lambda before: sys.argv.__setitem__(slice(None), before)),
    **{f"the handler of {s.name}": (partial(signal.getsignal, s), partial(signal.signal, s)) for s in _SIGNALS},
}  # fmt: skip
"""What -> how to ask for it, how to set it."""


def guarded(load: Callable[[Plugin], None], plugin: Plugin) -> tuple[BaseException | None, list[str]]:
    """Load a plugin's manifest.

    Returns:
        (what that raised, of whatever kind, or None; what it did that a manifest should not, as sentences).

    Raises:
        BaseException: what the program's own handlers of signals raised meanwhile, as that of Ctrl-C does, with a note
            that says which plugin was being imported.
    """
    remarks: list[str] = []
    signalled: list[BaseException] = []
    process = os.getpid()
    try:
        with threads_and_copies_told(remarks), intact(remarks, signalled):
            copy_context().run(load, plugin)  # settings such as numpy.seterr's belong to the context
    except BaseException as error:  # sys.exit, a skipped test, an interrupt of its own: none of these is to end us
        if error in signalled:
            error.add_note(f"{plugin.distribution} was being imported, for plugin '{plugin.vendor}'.")
            raise
        return error, remarks
    finally:
        end_copy(process, f"{plugin.distribution}, for plugin '{plugin.vendor}',")
    return None, remarks


@contextmanager
def intact(remarks: list[str], signalled: list[BaseException]) -> Iterator[None]:
    """Inside the ``with`` block a manifest is imported. What harms nobody stays of it: new modules, new entries of
    ``sys.path`` behind those that were there, filters for certain warnings.

    Args:
        remarks: is given what the import did that a manifest should not, as sentences.
        signalled: is given what the program's own handlers of signals raise meanwhile, as that of Ctrl-C does: it is
            no fault of the manifest's.
    """
    start, changed = perf_counter(), list[str]()
    settings = {what: _tried(ask) for what, (ask, _) in _SETTINGS.items()}
    paths = {what: [*getattr(sys, what)] for what in ("path", "meta_path", "path_hooks")}
    owners = [(owner, dict(vars(owner))) for owner in (sys, builtins, os, *_ours())]
    loaded: dict[str, Any] = sys.modules  # in which None stands for what is not to be imported
    modules = dict(loaded)
    out = _Aside()
    try:
        with ExitStack() as around:
            for each in (
                descriptors_kept(changed), _signals_noted(signalled), _filters(changed), redirect_stdout(out),
                redirect_stderr(_Aside()),
            ):  # fmt: skip
                around.enter_context(each)
            yield
    finally:
        for owner, names in owners:
            if not _holds(vars(owner), names):
                changed.append(getattr(owner, "__qualname__", owner.__name__))
                for name in [name for name in names if vars(owner).get(name, owners) is not names[name]]:
                    setattr(owner, name, names[name])
        blocked = [name for name, module in loaded.items() if module is None and name not in modules]
        if blocked or not _holds(loaded, modules):
            changed.append("sys.modules")
            loaded.update(modules)
            for name in blocked:
                del loaded[name]
        for (what, before), there in zip(paths.items(), (getattr(sys, what) for what in paths), strict=True):
            further = [each for each in there if each not in before]
            if there != before + further and (what == "path" or [each for each in there if each in before] != before):
                changed.append(f"sys.{what}")
                there[:] = before + further
        for what, (ask, put) in _SETTINGS.items():
            if _tried(ask) != settings[what]:
                changed += [what] if settings[what] is not _NOT_LOADED else []
                with suppress(Exception):
                    put(settings[what])
        if changed:
            remarks.append(f"What its import changed was put back: {listed(dict.fromkeys(changed))}.")
        if out.used:
            remarks.append("Its import prints; that went to standard error.")
        if perf_counter() > start + SLOW:
            remarks.append(f"Its import took {perf_counter() - start:.1f} s: does it import what it registers?")


@contextmanager
def _signals_noted(signalled: list[BaseException]) -> Iterator[None]:
    """Inside the ``with`` block the program's handlers of signals do what they did, and what they raise is noted."""
    handlers: dict[int, tuple[Any, Any]] = {}
    for number in _SIGNALS if threading.current_thread() is threading.main_thread() else ():
        handler: Any = signal.getsignal(number)
        if callable(handler):
            handlers[number] = handler, partial(_note, handler, signalled)
            signal.signal(number, handlers[number][1])
    try:
        yield
    finally:
        for number, (handler, noting) in handlers.items():
            if signal.getsignal(number) is noting:  # another is the manifest's: it is put back with the other settings
                signal.signal(number, handler)


def _note(handler: Callable[..., Any], signalled: list[BaseException], *of: Any) -> None:
    try:
        handler(*of)
    except BaseException as error:
        signalled.append(error)
        raise


@contextmanager
def _filters(changed: list[str]) -> Iterator[None]:
    """Inside the ``with`` block filters of warnings come and go. Those for certain warnings stay, as NumPy's: they came
    with a library that is imported only once."""
    before, specific = [*warnings.filters], list[Any]()
    try:
        with warnings.catch_warnings():
            try:
                yield
            finally:
                now = [*warnings.filters]
                specific = [each for each in now if each not in before and not _catches_ours(each)]
                changed += ["warnings.filters"] * ([each for each in now if each not in specific] != before)
    finally:
        warnings.filters = [*specific, *warnings.filters]


def _catches_ours(each: Any) -> bool:
    """Whether a filter is for all warnings, pellucid's among them."""
    return not (each[1] or each[3]) and issubclass(PellucidWarning, each[2])


class _Aside:
    """In the place of a standard stream: what is said goes to standard error, and nobody closes it."""

    def __init__(self) -> None:
        self.used, self._file = False, sys.stderr

    def write(self, text: str) -> int:
        self.used = True
        with suppress(Exception):  # there may be none, or no reader
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(Exception):
            self._file.flush()

    def close(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _tried(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception:  # the working directory may have been removed
        return None


def _holds(now: Any, before: dict[Any, Any]) -> bool:
    try:
        return bool(before.items() <= now.items())  # in C: the same object is known without a comparison
    except Exception:  # of two that are not the same
        return False


def _ours() -> list[Any]:
    """The modules of pellucid that have been imported, and the classes in them."""
    named = [module for name, module in [*sys.modules.items()] if name == "pellucid" or name[:9] == "pellucid."]
    return [owner for module in named if isinstance(module, ModuleType) for owner in (module, *_classes(module))]


@cache
def _classes(module: ModuleType) -> list[type]:
    return [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
