"""A build that fails says why, in the compiler's words, and leaves no wheel that looks compiled."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pellucid as pl
import pytest

from tests.fake_cupy import COMPILER

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "ext" / "optional.py"
COMPILED = [path.parent for path in sorted(ROOT.glob("plugins/*/ext"))]
_spec = importlib.util.spec_from_file_location("optional", SOURCE)
assert _spec is not None and _spec.loader is not None
optional = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(optional)

SETUP = """
import sys
sys.path.insert(0, {folder!r})
from optional import optional
from setuptools import Extension, setup

def extensions():
    {first}
    return [Extension("thing.native", ["native.c"])]

commands = optional("thing.native", extensions, "thing works without.")
setup(name="thing", version="1", packages=["thing"], cmdclass=commands, ext_modules=[Extension("thing.native", [])])
"""
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


def built(folder: Path, source: str = "", first: str = "pass", **environment: str) -> tuple[str, dict[str, str], str]:
    """The name of the wheel, its text files, and what was printed."""
    (folder / "thing").mkdir()
    (folder / "thing" / "__init__.py").touch()
    (folder / "native.c").write_text(source)
    (folder / "setup.py").write_text(SETUP.format(folder=str(SOURCE.parent), first=first))

    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder / "dist")],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PELLUCID_REQUIRE_KERNELS"} | environment,
        capture_output=True,
        text=True,
    )
    wheels = list(folder.glob("dist/*.whl"))
    if not wheels:
        return "", {}, done.stdout + done.stderr
    with zipfile.ZipFile(wheels[0]) as wheel:
        texts = {name: wheel.read(name).decode() for name in wheel.namelist() if not name.endswith(".so")}
        texts |= {name: "" for name in wheel.namelist() if name.endswith(".so")}
    return wheels[0].name, texts, done.stdout + done.stderr


def log(texts: dict[str, str]) -> str:
    assert not any(name.endswith(".so") for name in texts)
    return texts["thing/build.log"].strip()


def test_every_distribution_with_kernels_has_the_same_file() -> None:
    assert COMPILED
    for plugin in COMPILED:
        assert SOURCE.read_text() == (plugin / "ext" / "optional.py").read_text()


@pytest.mark.parametrize("file", ["setup.py", "build_backend.py", "src/pellucid_{}/kernels/__init__.py"])
def test_the_plugins_with_kernels_are_built_in_one_way(file: str) -> None:
    """They differ in their names, and in what each says of itself where its kernels are missing."""
    said = re.compile(r'Compiled\(__name__, "[A-Z][a-z ]+ use"\)')
    texts = {
        said.sub("Compiled", (plugin / file.format(plugin.name)).read_text()).replace(plugin.name, "acme")
        for plugin in COMPILED
    }
    assert len(COMPILED) >= 3 and len(texts) == 1


def test_they_are_compiled_as_the_core_is() -> None:
    def flags(setup: Path) -> set[str]:
        listed = re.search(r"^FLAGS = \[(.*?)^\]", setup.read_text(), re.M | re.S)
        assert listed is not None
        return set(re.findall(r'^ *"(-.*?)"', listed[1], re.M))

    core = flags(ROOT / "setup.py")
    assert "-ffp-contract=off" in core and all(flags(plugin / "setup.py") == core for plugin in COMPILED)


@needs_compiler
def test_what_builds_is_a_wheel_of_this_platform(tmp_path: Path) -> None:
    source = "#include <Python.h>\nPyMODINIT_FUNC PyInit_native(void) { return 0; }\n"
    name, texts, _ = built(tmp_path, source)
    assert not name.endswith("-none-any.whl") and "thing/build.log" not in texts
    assert any(path.startswith("thing/native.") for path in texts)


@needs_compiler
def test_a_missing_header_is_no_missing_compiler(tmp_path: Path) -> None:
    name, texts, printed = built(tmp_path, "#include <of_nobody.h>\n")
    assert name == "thing-1-py3-none-any.whl"
    assert "Root-Is-Purelib: true" in texts["thing-1.dist-info/WHEEL"]
    assert "Traceback" in log(texts) and "native.c:1:10: fatal error: " in log(texts)
    last = log(texts).splitlines()[-1]
    assert "of_nobody.h" in last and "Install what has this header" in last and "compiler" not in last
    assert last in printed and "thing works without." in printed


@pytest.mark.parametrize(("place", "log"), [("pellucid.ops.kernels", "_BUILD_LOG"), ("a_plugin.kernels", "log")])
def test_messages_take_the_last_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, log: str
) -> None:
    if place == "a_plugin.kernels":
        (tmp_path / "a_plugin" / "kernels").mkdir(parents=True)
        (tmp_path / "a_plugin" / "kernels" / "__init__.py").touch()
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.warns(pl.PellucidWarning, match=r"Blurs use the reference .* of a-plugin are not there, because"):
            module: Any = pl.Compiled(place, "Blurs use")
        assert not module.available() and module.op("blur")(1, of=2) is NotImplemented
        with pytest.raises(AttributeError, match="__path__"):
            module.op("__path__")
    else:
        module = importlib.import_module(place)
    monkeypatch.setattr(module, log, tmp_path / "build.log")
    assert module.why_missing().endswith("Install a C compiler")
    (tmp_path / "build.log").write_text("gcc says\nTraceback\nPython.h is missing. Install Python's headers\n")
    assert module.why_missing().endswith(f"{tmp_path}/build.log): Python.h is missing. Install Python's headers")


@needs_compiler
def test_the_compilers_own_words_are_kept(tmp_path: Path) -> None:
    _, texts, _ = built(tmp_path, '#warning "one of its warnings"\nint two(void) { return surprise; }\n')
    assert "one of its warnings" in log(texts) and "surprise" in log(texts).splitlines()[-1]


def test_without_a_compiler(tmp_path: Path) -> None:
    name, texts, _ = built(tmp_path, CC="/nowhere/cc")
    assert name == "thing-1-py3-none-any.whl"
    assert log(texts).endswith("there is no C compiler, '/nowhere/cc' is not to be found. Install gcc or clang")


def test_a_tool_that_is_not_there(tmp_path: Path) -> None:
    _, texts, _ = built(tmp_path, first="import no_such_cython")
    assert "a tool for building is missing (No module named 'no_such_cython')" in log(texts).splitlines()[-1]


def test_kernels_that_are_required_are_an_error(tmp_path: Path) -> None:
    name, _, printed = built(tmp_path, CC="/nowhere/cc", PELLUCID_REQUIRE_KERNELS="1")
    assert name == "" and "/nowhere/cc" in printed


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("native.c:1:10: fatal error: Python.h: No such file or directory", "python3-dev"),
        ("native.c:1:10: fatal error: 'Python.h' file not found", "python3-dev"),
        ("/usr/include/x.h:9:10: fatal error: bits/libc-header-start.h: No such file or directory", "libc6-dev"),
    ],
)
def test_the_remedy_is_that_of_what_is_missing(said: str, remedy: str) -> None:
    reason = optional.why(f"building\n{said}\n  1 | x\ncompilation terminated.\n", RuntimeError("exit 1"), "cc")
    assert reason.startswith(said) and remedy in reason and "\n" not in reason


def test_whichever_compiler_is_here_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "clang").write_text("#!/bin/sh\n")
    (tmp_path / "clang").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CC", "mine")
    optional.use_the_compiler_that_is_here()

    assert os.environ["CC"] == "mine"
    monkeypatch.delenv("CC")
    monkeypatch.setattr(optional.sysconfig, "get_config_var", lambda name: "x86_64-linux-gnu-gcc -pthread")
    optional.use_the_compiler_that_is_here()
    assert os.environ.pop("CC") == "clang"


@needs_compiler
@pytest.mark.slow
def test_the_advice_gets_kernels_past_pips_cache(tmp_path: Path) -> None:
    """What pip built without a compiler comes back from its cache; what the messages advise builds anew."""
    source = "#include <Python.h>\nPyMODINIT_FUNC PyInit_native(void) { return 0; }\n"
    built(tmp_path, source)
    command = [sys.executable, "-c", "from setuptools import build_meta; build_meta.build_sdist('archives')"]
    (tmp_path / "MANIFEST.in").write_text("include native.c\n")
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    def installed(target: str, *options: str, **environment: str) -> bool:
        pip = [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--target", target]
        variables = {name: value for name, value in os.environ.items() if name != "PELLUCID_REQUIRE_KERNELS"}
        variables |= {"PIP_CACHE_DIR": str(tmp_path / "cache"), **environment}
        named = ["--no-index", "--find-links", "archives", "thing"]  # by name: only then pip looks into its cache
        subprocess.run([*pip, *options, *named], cwd=tmp_path, env=variables, check=True, capture_output=True)
        return bool(list((tmp_path / target).rglob("*.so")))

    assert not installed("first", CC="/nowhere/cc")
    assert not installed("second", "--force-reinstall")
    assert installed("third", "--force-reinstall", "--no-cache-dir")
