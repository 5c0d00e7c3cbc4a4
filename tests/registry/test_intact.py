"""What an import changes in the process is put back, and named, each by itself; what harms nobody stays unsaid."""

from __future__ import annotations

import builtins
import gc
import logging
import os
import random
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from locale import LC_ALL, setlocale
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pellucid as pl
import pytest
from pellucid.registry.discovery import Claim
from pellucid.registry.plugins import Plugin
from pellucid.standard import intact as module
from pellucid.standard.intact import intact

HERE = Path(__file__).parent
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


def handlers() -> list[Any]:
    return [signal.getsignal(number) for number in SIGNALS]


def handle_otherwise(number: signal.Signals) -> None:
    ignored = signal.getsignal(number) is signal.SIG_IGN  # as nohup has it
    signal.signal(number, signal.SIG_DFL if ignored else signal.SIG_IGN)


def mask() -> int:
    now = os.umask(0o022)
    os.umask(now)
    return now


def logged() -> int:
    return logging.root.manager.disable


def random_of_numpy() -> Any:
    kind, keys, *rest = np.random.get_state(legacy=True)  # noqa: NPY002
    return kind, np.asarray(keys).tolist(), rest


def replace_module() -> None:
    sys.modules["json"] = ModuleType("json")


def block_module() -> None:
    sys.modules["a_module_that_nobody_has"] = None  # type: ignore[assignment]


def of_modules() -> Any:
    return sys.modules["json"], "a_module_that_nobody_has" in sys.modules


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "the working directory": (lambda: os.chdir("/"), os.getcwd),
    "the locale": (
        lambda: setlocale(LC_ALL, "C.UTF-8" if setlocale(LC_ALL) == "C" else "C"), lambda: setlocale(LC_ALL)
    ),
    "the limit of recursion": (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
    "environment variables": (lambda: os.environ.update(PELLUCID_BACKEND="evil"), lambda: dict(os.environ)),
    "the garbage collector": (lambda: (gc.disable if gc.isenabled() else gc.enable)(), gc.isenabled),
    "the alarm clock": (
        lambda: signal.setitimer(signal.ITIMER_REAL, 3600.0), lambda: signal.getitimer(signal.ITIMER_REAL)
    ),
    "the mask of new files' rights": (lambda: os.umask(0o077 if mask() != 0o077 else 0o022), mask),
    "the turns of threads": (lambda: sys.setswitchinterval(0.5), sys.getswitchinterval),
    "the least level of logging": (lambda: logging.disable(17), logged),
    "the state of random": (lambda: random.seed(0), random.getstate),
    "the state of numpy.random": (lambda: np.random.seed(0), random_of_numpy),  # noqa: NPY002
    "sys.argv": (lambda: sys.argv.append("--more"), lambda: [*sys.argv]),
    "the handler of SIGINT": (lambda: handle_otherwise(signal.SIGINT), handlers),
    "the handler of SIGTERM": (lambda: handle_otherwise(signal.SIGTERM), handlers),
    "the handler of SIGHUP": (lambda: handle_otherwise(signal.SIGHUP), handlers),
    "the handler of SIGALRM": (lambda: handle_otherwise(signal.SIGALRM), handlers),
    "pellucid": (lambda: setattr(pl, "build", None), lambda: pl.build),
    "builtins": (lambda: setattr(builtins, "round", None), lambda: round),
    "os": (lambda: setattr(os, "listdir", None), lambda: os.listdir),
    "sys": (lambda: setattr(sys, "excepthook", None), lambda: sys.excepthook),
    "sys.modules": (replace_module, of_modules),
    "sys.path": (lambda: sys.path.insert(0, "/nowhere"), lambda: sys.path[0]),
    "sys.meta_path": (lambda: sys.meta_path.reverse(), lambda: [*sys.meta_path]),
    "sys.path_hooks": (lambda: sys.path_hooks.reverse(), lambda: [*sys.path_hooks]),
    "warnings.filters": (lambda: warnings.simplefilter("ignore"), lambda: [*warnings.filters]),
}  # fmt: skip
"""What is named -> how an import changes it, and how to see that."""


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    """Whatever a failed test leaves is put back: all others would fail after it."""
    path, hooks, finders, modules = [*sys.path], [*sys.path_hooks], [*sys.meta_path], dict(sys.modules)
    folder, words = Path.cwd(), [*sys.argv]
    build, rounded, names, hook, collects = pl.build, round, os.listdir, sys.excepthook, gc.isenabled()
    before, variables, limit = handlers(), dict(os.environ), sys.getrecursionlimit()
    mask_before, turns, place, silent = mask(), sys.getswitchinterval(), setlocale(LC_ALL), logged()
    drawn, drawn_by_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    filters = [*warnings.filters]
    yield
    random.setstate(drawn)
    np.random.set_state(drawn_by_numpy)  # noqa: NPY002
    warnings.filters[:] = filters  # type: ignore[index]
    logging.disable(silent)
    setlocale(LC_ALL, place)
    sys.setswitchinterval(turns)
    os.umask(mask_before)
    sys.path[:], sys.path_hooks[:], sys.meta_path[:], sys.argv[:] = path, hooks, finders, words
    sys.modules.update(modules)
    sys.modules.pop("a_module_that_nobody_has", None)
    os.chdir(folder)
    pl.build, builtins.round, os.listdir, sys.excepthook = build, rounded, names, hook
    (gc.enable if collects else gc.disable)()
    for number, each in zip(SIGNALS, before, strict=True):
        signal.signal(number, each)
    os.environ.clear()
    os.environ.update(variables)
    sys.setrecursionlimit(limit)
    signal.setitimer(signal.ITIMER_REAL, 0.0)


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_put_back_and_named_alone(what: str) -> None:
    change, seen = CHANGES[what]
    before, remarks = seen(), list[str]()
    with intact(remarks, []):
        change()
        assert seen() != before
    assert seen() == before
    assert remarks == [f"What its import changed was put back: {what}."]


def test_trace_and_profile_functions_are_put_back() -> None:
    def other(*of: Any) -> None: ...

    functions: list[tuple[str, Callable[[Any], None], Callable[[], Any]]] = [
        ("trace", sys.settrace, sys.gettrace), ("profile", sys.setprofile, sys.getprofile),
    ]  # fmt: skip
    for name, change, seen in functions:
        before, remarks = seen(), list[str]()
        with intact(remarks, []):
            change(other)
        after = seen()
        change(before)
        assert after is before
        assert remarks == [f"What its import changed was put back: the {name} function."]


def test_a_module_that_is_blocked_is_blocked_no_more() -> None:
    remarks: list[str] = []
    with intact(remarks, []):
        block_module()
    assert "a_module_that_nobody_has" not in sys.modules
    assert remarks == ["What its import changed was put back: sys.modules."]


def test_what_harms_nobody_stays_and_is_not_told() -> None:
    remarks: list[str] = []
    finder: Any = ModuleType("finder")
    with intact(remarks, []):
        sys.path.append("/behind")
        sys.modules["a_module_that_nobody_has"] = ModuleType("a_module_that_nobody_has")
        sys.meta_path.insert(0, finder)  # as one that an editable installation brings
        warnings.filterwarnings("ignore", message="words of a library", category=UserWarning)
    assert sys.path[-1] == "/behind" and "a_module_that_nobody_has" in sys.modules
    assert sys.meta_path[0] is finder
    assert any(each[1] is not None and each[1].match("words of a library") for each in warnings.filters)
    assert remarks == []


def test_nothing_is_told_of_what_was_put_back_by_the_import_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PELLUCID_BACKEND", raising=False)
    remarks: list[str] = []
    with intact(remarks, []):
        os.chdir("/")
        os.chdir(HERE)
        os.chdir("/")
        os.environ["PELLUCID_BACKEND"] = "evil"
        del os.environ["PELLUCID_BACKEND"]
    assert remarks == ["What its import changed was put back: the working directory."]


def test_several_changes_are_told_once_each_in_their_order() -> None:
    remarks: list[str] = []
    with intact(remarks, []):
        sys.argv.append("--more")
        sys.setrecursionlimit(5000)
        pl.build = None  # type: ignore[assignment]
        os.chdir("/")
    assert remarks == [
        "What its import changed was put back: pellucid, the working directory, the limit of recursion, sys.argv."
    ]


@pytest.mark.parametrize(("seconds", "told"), [(0.5, False), (60.0, False), (60.5, True)])
def test_only_a_slow_import_is_called_slow(seconds: float, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.0 + seconds, 10.0 + seconds])
    monkeypatch.setattr(module, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(module, "SLOW", 60.0)
    remarks: list[str] = []
    with intact(remarks, []):
        pass
    assert remarks == [f"Its import took {seconds:.1f} s: does it import what it registers?"] * told


def test_words_on_both_streams_go_to_standard_error_and_only_those_on_output_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    remarks: list[str] = []
    with intact(remarks, []):
        print("of the import", file=sys.stderr)
    assert remarks == [] and capsys.readouterr() == ("", "of the import\n")
    with intact(remarks, []):
        assert sys.stdout.write("words") == 5
        sys.stdout.flush()
        sys.stdout.close()
    assert remarks == ["Its import prints; that went to standard error."]
    assert capsys.readouterr() == ("", "words")
    print("still open")
    assert capsys.readouterr() == ("still open\n", "")


def test_what_a_handler_of_the_program_raises_is_known_for_its_own() -> None:
    def ours(*of: Any) -> None:
        raise KeyboardInterrupt("of the program")

    signal.signal(signal.SIGALRM, ours)
    remarks, signalled = list[str](), list[BaseException]()
    with pytest.raises(KeyboardInterrupt, match="of the program") as raised, intact(remarks, signalled):
        signal.raise_signal(signal.SIGALRM)
    assert signalled == [raised.value] and signal.getsignal(signal.SIGALRM) is ours
    assert remarks == []


def test_an_error_of_the_import_is_no_error_of_ours_and_that_of_a_signal_names_the_plugin() -> None:
    plugin = Plugin("acme", [Claim("acme", "acme_plugin", "pellucid.v1", "acme-dist", "1.0")])

    def fails(of: Plugin) -> None:
        raise ValueError(of.vendor)

    error, remarks = module.guarded(fails, plugin)
    assert isinstance(error, ValueError) and error.args == ("acme",) and remarks == []
    assert module.guarded(lambda of: None, plugin) == (None, [])

    def interrupted(of: Plugin) -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as raised:
        module.guarded(interrupted, plugin)
    assert raised.value.__notes__ == ["acme-dist was being imported, for plugin 'acme'."]
