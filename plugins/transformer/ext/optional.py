"""An extension that need not be there: where it cannot be built the package installs without it and keeps the reason.

The same file stands in ext/ and in the ext/ of plugins, for each of them is built alone (a test holds them equal).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import sysconfig
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setuptools import Extension
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

LOG = "build.log"
COMPILERS = ("gcc", "clang", "cc")


def optional(name: str, extensions: Callable[[], list[Extension]], without: str) -> dict[str, Any]:
    """The commands of a setup.py whose extension may be missing.

    Args:
        name: of the extension, ``package.module``; the reason is kept beside it in build.log.
        extensions: makes the real list when building starts; may raise ImportError where a tool is missing.
        without: what to say of a package that installs without it.
    """

    class Build(build_ext):  # type: ignore[misc]
        """Builds the extension, or writes down why it could not. PELLUCID_REQUIRE_KERNELS=1 makes that an error."""

        failed = False

        def run(self) -> None:
            log = Path(self.get_ext_fullpath(name)).with_name(LOG)
            use_the_compiler_that_is_here()
            with heard() as printed:
                try:
                    self.distribution.ext_modules = self.extensions = extensions()
                    for extension in self.extensions:
                        extension._needs_stub = False
                    super().run()
                except Exception as error:
                    if os.environ.get("PELLUCID_REQUIRE_KERNELS") == "1":
                        raise
                    Build.failed, failure, trace = True, error, traceback.format_exc()
            if not Build.failed:
                log.unlink(missing_ok=True)
                return
            command = getattr(self.compiler, "compiler_so", None) or ["cc"]
            reason = why(printed[0], failure, command[0])
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{printed[0]}\n{trace}\n{reason}\n", encoding="utf-8")  # readers take the last line
            print(f"{without}\n{reason}")

    class Wheel(bdist_wheel):  # type: ignore[misc]
        """A wheel without the extension is for every machine and says so: nobody takes it for a compiled one."""

        def get_tag(self) -> tuple[str, str, str]:
            if Build.failed:
                self.root_is_pure = True
                return ("py3", "none", "any")
            tag: tuple[str, str, str] = super().get_tag()
            return tag

    return {"build_ext": Build, "bdist_wheel": Wheel}


def use_the_compiler_that_is_here() -> None:
    """Python asks for the compiler that it was built by; where that is absent, another one will do."""
    named = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "")
    if named and "CC" not in os.environ and shutil.which(named[0]) is None:
        here = next(filter(shutil.which, COMPILERS), None)
        if here:
            os.environ["CC"] = here


@contextmanager
def heard() -> Iterator[list[str]]:
    """Print at the end what is printed within, by compilers too; the list has it then as its one entry."""
    printed: list[str] = []
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield printed
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for copy, number in zip(kept, (1, 2), strict=True):
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            printed.append(file.read().decode(errors="replace"))
            sys.stdout.write(printed[0].encode("ascii", "replace").decode())  # a terminal without locale, too
            sys.stdout.flush()


def why(printed: str, error: Exception, compiler: str) -> str:
    """In one line: what stopped the build, and what to do about it."""
    if isinstance(error, ImportError):
        return f"a tool for building is missing ({error}). Install it, or let pip: without --no-build-isolation"
    said = next((line.strip() for line in printed.splitlines() if re.search(r"\berror\b", line)), "")
    header = re.search(r"fatal error: '?([\w./+-]+\.h)\b", said)
    if header and header[1] == "Python.h":
        return f"{said}. Install Python's headers: python3-dev with apt, python3-devel with dnf"
    if header:
        return f"{said}. Install what has this header: if it is C's own, libc6-dev with apt, glibc-devel with dnf"
    if shutil.which(compiler) is None:
        return f"there is no C compiler, '{compiler}' is not to be found. Install gcc or clang"
    return said or f"{type(error).__name__}: {error}".splitlines()[0]
