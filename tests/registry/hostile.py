"""Packages that misbehave, by name: what each does, where it must be named, and in which words.

Each is a distribution of its own in a folder on the path, as an installer would leave it. ``WITH_MANIFEST`` are the
bodies of a module that is loaded; the others are metadata that something has left behind.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fake_plugins import MANIFEST, claim, install

HOOK = MANIFEST.replace("{body}", "    registry.layer('fine', 'nowhere:Fine', summary='never built')")


@dataclass(frozen=True)
class Misdeed:
    """One kind of misbehaviour.

    Attributes:
        source: of the plugin's module.
        said: part of what ``pellucid plugins`` says of it; empty where nothing is wrong with the plugin as a whole.
        status: what it says besides.
        trains: part of what a training says of it on standard error.
    """

    source: str
    said: str = ""
    status: str = "broken"
    trains: str = ""


def raising(what: str, said: str) -> Misdeed:
    return Misdeed(f"{what}\n{HOOK}", said)


def loaded(what: str, said: str) -> Misdeed:
    """It is used, and what it did beside is put back and named."""
    return Misdeed(f"{what}\n{HOOK}", said, "loaded")


def registering(body: str, said: str) -> Misdeed:
    return Misdeed(MANIFEST.replace("{body}", "    " + body), said)


def running(hook: str, body: str, said: str) -> Misdeed:
    """Nothing is wrong before a training calls it."""
    return Misdeed(f"{HOOK}\n@hookimpl\ndef {hook}(run):\n    {body}\n", "", "loaded", said)


MUTE = "class Mute(BaseException):\n    def __str__(self): raise RuntimeError('mute')\n"
FIELDS = "registry.layer({name}, {target}, summary={summary})"

IMPORTS = {
    "raises": raising("1 / 0", "ZeroDivisionError: division by zero"),
    "lacks": raising("import not_there_at_all", "No module named 'not_there_at_all'"),
    "syntax": Misdeed("def (", "SyntaxError"),
    "null": Misdeed("x = '\\0'\n\0", "null bytes"),
    "encoding": Misdeed("# coding: no-such-code\n", "SyntaxError"),
    "exits": raising("import sys; sys.exit(3)", "SystemExit: 3"),
    "exits_well": raising("raise SystemExit", "SystemExit"),
    "interrupts": raising("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "cancels": raising("import asyncio; raise asyncio.CancelledError", "CancelledError"),
    "generator": raising("raise GeneratorExit", "GeneratorExit"),
    "stops": raising("raise StopIteration", "StopIteration"),
    "bare": raising("class Mine(BaseException): pass\nraise Mine('base')", "Mine: base"),
    "mute": raising(f"{MUTE}raise Mute", "an error whose words cannot be shown"),
    "mute_group": raising("raise BaseExceptionGroup('all', [SystemExit(1), KeyboardInterrupt()])", "all (2 sub-exc"),
    "skips": raising("import pytest; pytest.skip('no GPU', allow_module_level=True)", "Skipped: no GPU"),
    "memory": raising("raise MemoryError", "MemoryError"),
    "pipe": raising("raise BrokenPipeError", "BrokenPipeError"),
    "deep": raising("def f(): f()\nf()", "RecursionError"),
    "notes": raising(
        "class Noted(Exception):\n    @property\n    def __notes__(self): raise RuntimeError\nraise Noted('n')",
        "Noted: n",
    ),
    "long": raising("raise ValueError('x' * 10_000_000)", "ValueError: xxx"),
    "escapes": raising(r"raise ValueError('\x1b[2J\x1b]0;title\x07\r gone')", "\x1b[2J\x1b]0;title\x07\r gone"),
    "builds": loaded("import pellucid; pellucid.build('core/dense', units=1, input_shape=(2,), seed=0)", ""),
    "warns": loaded("import warnings; warnings.warn('old')", ""),
    "looks_itself_up": raising("import pellucid; pellucid.create('layer', 'looks_itself_up/fine')", "is loading"),
    "no_hook": Misdeed("x = 1", "implements no hook"),
    "empty": Misdeed("", "implements no hook"),
    "no_module": Misdeed("import sys; sys.modules[__name__] = 3", ""),
    "deletes_itself": Misdeed(f"import sys; del sys.modules[__name__]\n{HOOK}", ""),
    "evil_module": Misdeed(
        "import sys, types\nclass Evil(types.ModuleType):\n    @property\n"
        "    def pellucid_register(self): raise OSError('p')\nsys.modules[__name__] = Evil('evil')",
        "",
    ),
    "getattr": Misdeed("def __getattr__(name): raise SystemExit('asked')", ""),
}

HOOKS = {
    "hook_exits": registering("raise SystemExit(2)", "SystemExit: 2"),
    "hook_interrupts": registering("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "hook_generator": registering("yield", "must be a plain function"),
    "hook_coroutine": Misdeed(HOOK.replace("def ", "async def "), "must be a plain function"),
    "misspelt_hook": Misdeed(HOOK.replace("_register", "_regster"), "Did you mean 'pellucid_register'"),
    "two_arguments": Misdeed(HOOK.replace("(registry)", "(registry, further)"), "can not be found in the hookspec"),
    "keyword_only": Misdeed(HOOK.replace("(registry)", "(*, registry)"), "TypeError"),
    "no_argument": Misdeed(HOOK.replace("(registry)", "()"), "NameError"),
    "wrapper": Misdeed(
        HOOK.replace("@hookimpl", "@hookimpl(wrapper=True)").replace("registry.", "yield;registry."), "wrapp"
    ),
    "not_a_function": Misdeed("from pellucid import hookimpl\n@hookimpl\nclass pellucid_register: pass", ""),
    "name_none": registering(FIELDS.format(name=None, target="'a:B'", summary="''"), "None with summary=''"),
    "name_number": registering(FIELDS.format(name=3, target="'a:B'", summary="''"), "Expected: a str"),
    "name_dots": registering(FIELDS.format(name="'a.b'", target="'a:B'", summary="''"), "lower-case letters"),
    "name_slash": registering(FIELDS.format(name="'core/dense'", target="'a:B'", summary="''"), "of its own vendor"),
    "name_up": registering(FIELDS.format(name="'../x'", target="'a:B'", summary="''"), "of its own vendor"),
    "name_unicode": registering(FIELDS.format(name="'größe'", target="'a:B'", summary="''"), "lower-case letters"),
    "name_escape": registering(FIELDS.format(name=r"'\x1b[31m'", target="'a:B'", summary="''"), "lower-case letters"),
    "name_empty": registering(FIELDS.format(name="''", target="'a:B'", summary="''"), "lower-case letters"),
    "target_none": registering(FIELDS.format(name="'x'", target=None, summary="''"), "package.module:attribute"),
    "target_class": registering(FIELDS.format(name="'x'", target="object", summary="''"), "package.module:attr"),
    "target_path": registering(FIELDS.format(name="'x'", target="'../x.py:B'", summary="''"), "package.module"),
    "summary_none": registering(FIELDS.format(name="'x'", target="'a:B'", summary=None), "summary=None"),
    "summary_number": registering(FIELDS.format(name="'x'", target="'a:B'", summary=3), "summary=3"),
    "summary_bytes": registering(FIELDS.format(name="'x'", target="'a:B'", summary="b'x'"), "summary=b'x'"),
    "summary_huge": registering(FIELDS.format(name="'x'", target="'a:B'", summary="'x' * 10**7"), "summary='xxx"),
    "summary_lines": registering(FIELDS.format(name="'x'", target="'a:B'", summary=r"'a\nb'"), "one line"),
    "version_text": registering("registry.layer('x', 'a:B', summary='', version='1')", "version='1'"),
    "version_zero": registering("registry.layer('x', 'a:B', summary='', version=0)", "an int from 1"),
    "version_true": registering("registry.layer('x', 'a:B', summary='', version=True)", "version=True"),
    "migrate_none": registering("registry.layer('x', 'a:B', summary='', migrate=3)", "(migrate)"),
    "verbs_list": registering("registry.model('x', 'a:B', summary='', verbs=['encode'])", "AttributeError"),
    "verbs_number": registering("registry.model('x', 'a:B', summary='', verbs={3: 'a:b'})", "TypeError"),
    "verb_command": registering(
        "registry.model('x', 'a:B', summary='', verbs={'train': 'a:b'})", "command of pellucid"
    ),
    "verb_target": registering(
        "registry.model('x', 'a:B', summary='', verbs={'encode': None})", "package.module:attribute"
    ),
    "op_without": registering("registry.op('x', summary='')", "reference"),
    "op_backend": registering("registry.op('x', summary='', reference='a:b', cython=3)", "(cython)"),
    "unknown_kind": registering("registry.lair('x', 'a:B', summary='')", "no attribute 'lair'"),
    "twice": registering("[registry.layer('x', 'a:B', summary='') for _ in range(2)]", "twice"),
    "by_hand": registering("registry.entries['layer', 'dense'] = None", "AttributeError"),
    "as_the_core": registering(
        "registry.layer('x', 'a:B', summary=''); registry.entries['layer', 'dense'] = registry.entries['layer', 'x']",
        "entries in by hand",
    ),
    "other_vendor": registering("registry.vendor = 'core'; registry.layer('x', 'a:B', summary='')", "in by hand"),
}

CHANGES = {
    "prints": loaded("print('{\"a\": 1}')", "Its import prints"),
    "prints_low": Misdeed(f"import os; os.write(1, b'low\\n')\n{HOOK}", "", "loaded"),
    "closes_stdout": loaded("import sys; sys.stdout.close(); print('hello')", "Its import prints"),
    "closes_stderr": loaded("import sys; sys.stderr.close()", ""),
    "replaces_stdout": loaded("import sys; sys.stdout = sys.stderr = None", ""),
    "replaces_real_stdout": loaded("import sys; sys.__stdout__ = None", "put back: sys"),
    "chdir": loaded("import os; os.chdir('/')", "put back: the working directory"),
    "locale": loaded("import locale; locale.setlocale(locale.LC_ALL, 'C.UTF-8')", "put back: the locale"),
    "filters": loaded("import warnings; warnings.simplefilter('error')", "put back: warnings.filters"),
    "no_filters": loaded("import warnings; warnings.resetwarnings()", "put back: warnings.filters"),
    "showwarning": loaded("import warnings; warnings.showwarning = None", ""),
    "path": loaded("import sys; sys.path.clear()", "put back: sys.path"),
    "path_in_front": loaded("import sys; sys.path.insert(0, '/nowhere')", "put back: sys.path"),
    "finders": loaded("import sys; sys.meta_path.clear()", "put back: sys.meta_path"),
    "umask": loaded("import os; os.umask(0o777)", "put back: the mask of new files' rights"),
    "switches": loaded("import sys; sys.setswitchinterval(5)", "put back: the turns of threads"),
    "silence": loaded("import logging; logging.disable(50)", "put back: the least level of logging"),
    "seeds": loaded("import random; random.seed(0)", "put back: the state of random"),
    "seeds_numpy": loaded("import numpy.random; numpy.random.seed(0)", "put back: the state of numpy.random"),
    "closes": loaded("import os; os.close(1)", "put back: the descriptor of standard output"),
    "closes_all": loaded("import os; os.closerange(0, 3)", "put back: the descriptor of standard input"),
    "redirects": loaded("import os; os.dup2(os.open(os.devnull, os.O_RDWR), 1)", "put back: the descriptor of"),
    "thread": loaded(
        "import threading, time; threading.Thread(target=time.sleep, args=(3,), name='beats').start()", "before: beats"
    ),
    "forks": loaded("import os; os.fork()", "Its import copies the process"),
    "forks_and_exits": loaded("import os, sys\nif not os.fork(): sys.exit(0)", "Its import copies the process"),
    "argv": loaded("import sys; sys.argv[:] = ['evil']", "put back: sys.argv"),
    "signals": loaded("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)", "put back: the handler of SIGINT"),
    "term": loaded("import signal; signal.signal(signal.SIGTERM, lambda *a: None)", "put back: the handler of SIGTERM"),
    "seterr": loaded("import numpy; numpy.seterr(all='raise')", ""),
    "environ": loaded("import os; os.environ['PELLUCID_BACKEND'] = 'evil'", "put back: environment variables"),
    "no_environ": loaded("import os; os.environ.clear()", "put back: environment variables"),
    "recursion": loaded("import sys; sys.setrecursionlimit(110)", "put back: the limit of recursion"),
    "patches": loaded("import pellucid; pellucid.build = pellucid.Trainer = None", "put back: pellucid"),
    "patches_registry": loaded(
        "from pellucid.registry.registry import Registry; Registry.find = Registry.entries = None", "put back: Registry"
    ),
    "patches_plugins": loaded("from pellucid.registry import plugins; plugins.CORE = 'evil'", "put back: pellucid.reg"),
    "patches_builtins": raising("import builtins; builtins.open = builtins.len = None", "put back: builtins"),
    "patches_os": loaded("import os; os.path = os.fspath = None", "put back: os"),
    "deletes": loaded(
        "import pellucid.registry.registry as r; del r.default_registry", "put back: pellucid.registry.registry"
    ),
    "deletes_modules": raising("import sys; sys.modules.clear()", "put back: sys.modules"),
    "deletes_ours": loaded("import sys; del sys.modules['pellucid.registry.registry']", "put back: sys.modules"),
    "blocks_modules": loaded("import sys; sys.modules.setdefault('turtledemo', None)", "put back: sys.modules"),
    "trace": loaded("import sys; sys.settrace(lambda *a: None)", "put back: the trace function"),
    "profile": loaded("import sys; sys.setprofile(lambda *a: None)", "put back: the profile function"),
    "garbage": loaded("import gc; gc.disable()", "put back: the garbage collector"),
    "alarm": loaded("import signal; signal.alarm(1)", "put back: the alarm clock"),
    "sleeps": loaded("import time; time.sleep(1.05)", "Its import took "),
}

DOCTOR = f"{HOOK}\n@hookimpl\ndef pellucid_doctor(report):"
RUNS = {
    f"{hook.removeprefix('pellucid_')}_{name}": running(hook, body, said)
    for hook in ("pellucid_run_start", "pellucid_epoch_end", "pellucid_run_end")
    for name, body, said in (
        ("raises", "1 / 0", "ZeroDivisionError"),
        ("exits", "raise SystemExit(0)", "SystemExit: 0"),
        ("cancels", "import asyncio; raise asyncio.CancelledError", "CancelledError"),
        ("mute", MUTE.replace("\n", "\n    ") + "raise Mute", "an error whose words cannot be shown"),
    )
} | {
    "on_step": running("pellucid_run_start", "run.on_step(lambda run: 1 / 0)", "ZeroDivisionError"),
    "on_time": running("pellucid_run_start", "run.on_time(lambda run: 1 / 0, 0.0)", "ZeroDivisionError"),
    "on_step_exits": running("pellucid_run_start", "import sys; run.on_step(lambda run: sys.exit(0))", "SystemExit: 0"),
    "on_step_wrong": running("pellucid_run_start", "run.on_step(lambda: None)", "TypeError"),
    "doctor": Misdeed(f"{DOCTOR}\n    report.fact(3, None); raise SystemExit", "", "loaded"),
    "doctor_tampers": Misdeed(
        f"{DOCTOR}\n    report.findings.append('x'); report.findings.insert(0, 3)", "", "loaded"
    ),
    "derivatives": Misdeed(
        f"{HOOK}\n@hookimpl\ndef pellucid_derivatives(derivatives):\n    derivatives.add(len, 3)", "", "loaded"
    ),
}  # fmt: skip

MISDEEDS: dict[str, Misdeed] = IMPORTS | HOOKS | CHANGES | RUNS


def lay_out(site: Path, name: str) -> None:
    """Install the plugin of this name, which is its vendor's name too."""
    install(site, name, source=MISDEEDS[name].source)


# -- metadata --------------------------------------------------------------------------------------------------------


def _entry_points(site: Path, folder: str, text: str | bytes) -> Path:
    info = site / folder
    info.mkdir(parents=True, exist_ok=True)
    content = text.encode() if isinstance(text, str) else text
    (info / "entry_points.txt").write_bytes(content)
    return info


def _zipped(site: Path) -> None:
    with zipfile.ZipFile(site / "acme.zip", "w") as archive:
        archive.writestr("plugin_zipped/__init__.py", HOOK)
        archive.writestr("zipped-1.0.dist-info/entry_points.txt", "[pellucid.v1]\nzipped = plugin_zipped\n")


def _claim(vendor: str, module: str = "nowhere_at_all", group: str = "pellucid.v1") -> Callable[[Path], None]:
    safe = f"odd{abs(hash((vendor, module, group))) % 10**9}"
    return lambda site: claim(site, vendor, module, group=group, distribution=safe, version="1.0")


def _twice(site: Path) -> None:
    for version in ("0.9", "0.10"):
        claim(site, "two", "nowhere_at_all", group="pellucid.v1", distribution="pellucid-two", version=version)


METADATA: dict[str, tuple[Callable[[Path], object], str]] = {
    "nowhere": (_claim("nowhere"), "No module named 'nowhere_at_all'"),
    "no module": (_claim("no_module_at_all", ""), "no_module_at_all"),
    "an object": (_claim("an_object", "os:path"), "It must name the module"),
    "a relative module": (_claim("relative", ".x"), "relative"),
    "a module of ours": (_claim("thief", "pellucid.standard.manifest"), "a module of pellucid"),
    "a module of Python": (_claim("python", "string"), "implements no hook"),
    "dots": (_claim("a.b"), "lower-case letters"),
    "a slash": (_claim("a/b"), "lower-case letters"),
    "unicode": (_claim("été"), "lower-case letters"),
    "an escape": (_claim("\x1b[31mred"), "lower-case letters"),
    "a space": (_claim("a b"), "lower-case letters"),
    "no vendor": (_claim(""), "lower-case letters"),
    "the core": (_claim("core"), "pellucid's own"),
    "an old interface": (_claim("old", group="pellucid.v0"), "made for the plugin interface pellucid.v0"),
    "no interface": (_claim("nova", group="pellucid.vx"), "made for the plugin interface pellucid.vx"),
    "two packages": (lambda site: [_claim("both", m)(site) for m in ("m1", "m2")], "both claim the vendor 'both'"),
    "an empty folder": (lambda site: (site / "pellucid_odd-0.1.dist-info").mkdir(), ""),
    "a file": (lambda site: (site / "pellucid_odd-0.2.dist-info").write_text(""), ""),
    "a folder in its place": (lambda site: (site / "o-1.dist-info" / "entry_points.txt").mkdir(parents=True), ""),
    "bytes": (lambda site: _entry_points(site, "b-1.dist-info", b"[pellucid.v1]\n\xff\xfe=\xff\n"), ""),
    "no lines": (lambda site: _entry_points(site, "n-1.dist-info", "[pellucid.v1]\nacme\n[\n]\n=\n"), ""),
    "a mark": (lambda site: _entry_points(site, "m-1.dist-info", "\ufeff[pellucid.v1]\nmark = nowhere_at_all"), "mark"),
    "returns": (lambda site: _entry_points(site, "r-1.dist-info", "[pellucid.v1]\r\ncr = nowhere_at_all\r\n"), "cr"),
    "very long": (lambda site: _entry_points(site, "l-1.dist-info", "[other]\n" + "a = b\n" * 10**5), ""),
    "pip's leftover": (lambda site: _entry_points(site, "~eft-1.dist-info", "[pellucid.v1]\nleft = x\n"), ""),
    "two versions": (_twice, "pellucid-two 0.10"),
    "no archive": (lambda site: (site / "acme.zip").write_bytes(b"PK\x03\x04" + os.urandom(64)), ""),
    "an archive": (_zipped, ""),
    "a loop": (lambda site: (site / "loop-1.dist-info").symlink_to("loop-1.dist-info"), ""),
    "misspelt": (_claim("missed", group="pellucid.V1"), ""),
}  # fmt: skip
"""What it is -> how it is laid out, and what ``pellucid plugins`` says of it."""
