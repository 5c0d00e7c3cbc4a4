""".ci/machine.sh on machines that are made up: a PATH of links and of commands that say what the test wants."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / ".ci" / "machine.sh"
TOOLS = ("mktemp", "rm", "tail", "head", "grep")  # of every system
COMPLETE = ("make", "gcc")
WHOLE = 'case "$2" in *version_info*) echo 3.11 ;; *sysconfig*) echo {include} ;; esac'
"""A python3 that answers the script's questions: all is there."""


class Machine:
    """A machine whose commands are the links and scripts of one folder."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.include = folder / "include"
        self.include.mkdir()
        (self.include / "Python.h").touch()
        (folder / "certificates.pem").write_text("one")
        self.environment = {"PATH": str(self.bin), "SSL_CERT_FILE": str(folder / "certificates.pem")}
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None
            (self.bin / name).symlink_to(found)

    def has(self, names: Iterable[str], says: str = "exit 0") -> None:
        for name in names:
            (self.bin / name).write_text(f"#!/bin/sh\n{says}\n")
            (self.bin / name).chmod(0o755)

    def has_python(self, name: str = "python3", version: str = "3.11") -> None:
        self.has([name], WHOLE.format(include=self.include).replace("3.11", version))

    def asked(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            ["/bin/sh", str(SCRIPT), *arguments], env=self.environment, capture_output=True, text=True, cwd="/"
        )
        assert done.stdout == ""
        return done.returncode, done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.has_python()
    made.has(COMPLETE)
    made.has(["apt-get"])
    return made


def test_nothing_is_said_where_nothing_is_missing(machine: Machine) -> None:
    assert machine.asked() == (0, "")


def test_this_machine_has_all() -> None:
    done = subprocess.run(["/bin/sh", str(SCRIPT), sys.executable], capture_output=True, text=True, env=os.environ)
    assert (done.returncode, done.stderr) == (0, "")


def test_everything_is_named_at_once(machine: Machine) -> None:
    for name in ("python3", "make", "gcc"):
        (machine.bin / name).unlink()
    code, said = machine.asked()
    assert code == 1
    for what in ("Python 3.11 or newer: 'python3' does not run", "no gcc, clang or cc", "\n  make\n"):
        assert what in said
    assert said.rstrip().endswith("sudo apt-get install python3 python3-venv python3-dev gcc libc6-dev make")


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apt-get", "sudo apt-get update && sudo apt-get install python3 python3-venv python3-dev gcc libc6-dev"),
        ("dnf", "sudo dnf install python3 python3-devel gcc"),
        ("pacman", "sudo pacman -S --needed python gcc"),
        ("brew", "brew install python llvm"),
    ],
)
def test_the_line_is_that_of_the_system(machine: Machine, manager: str, line: str) -> None:
    for name in ("python3", "gcc", "apt-get"):
        (machine.bin / name).unlink()
    machine.has([manager])
    assert machine.asked()[1].rstrip().endswith(f"\n  {line}")


def test_a_system_that_nobody_knows(machine: Machine) -> None:
    for name in ("gcc", "apt-get"):
        (machine.bin / name).unlink()
    code, said = machine.asked()
    assert code == 1 and "no gcc, clang or cc" in said and "by the means of your system" in said


def test_clang_alone_will_do(machine: Machine) -> None:
    (machine.bin / "gcc").unlink()
    machine.has(["clang"])
    assert machine.asked() == (0, "")
    machine.environment["CC"] = "gcc -m64"  # what was asked for is meant
    assert "no gcc -m64 on PATH" in machine.asked()[1]
    machine.environment["CC"] = "clang -m64"
    assert machine.asked() == (0, "")


def test_a_compiler_without_headers(machine: Machine) -> None:
    machine.has(["gcc"], "echo 'try.c:1:10: fatal error: stdlib.h: No such file or directory' >&2; exit 1")
    code, said = machine.asked()
    assert code == 1 and "gcc says: try.c:1:10: fatal error: stdlib.h" in said and said.endswith("libc6-dev\n")


def test_pythons_header_is_no_compiler(machine: Machine) -> None:
    (machine.include / "Python.h").unlink()
    code, said = machine.asked()
    assert code == 1 and f"no {machine.include}/Python.h" in said and "compiler" not in said
    assert said.endswith("install python3-dev\n")


def test_venv_without_ensurepip(machine: Machine) -> None:
    says = "echo \"ModuleNotFoundError: No module named 'ensurepip'\" >&2; exit 1"
    machine.has(["python3.12"], WHOLE.format(include=machine.include).replace("esac", f"*ensurepip*) {says} ;; esac"))
    code, said = machine.asked("python3.12")
    assert code == 1 and "No module named 'ensurepip'" in said and said.endswith("install python3.12-venv\n")


def test_an_old_python(machine: Machine) -> None:
    machine.has_python(version="3.9")
    code, said = machine.asked()
    assert code == 1 and "'python3' is 3.9" in said and "install python3.12 python3.12-venv python3.12-dev" in said
    machine.has_python("python3.13", "3.13")
    code, said = machine.asked()
    assert code == 1 and "make PYTHON=python3.13" in said and "install" not in said
    assert machine.asked("python3.13") == (0, "")


def test_no_certificates(machine: Machine, tmp_path: Path) -> None:
    if any(
        Path(place).exists() for place in ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls", "/etc/ssl/cert.pem")
    ):
        script = tmp_path / "machine.sh"  # the same, looking elsewhere
        script.write_text(
            SCRIPT.read_text().replace(" /etc/", f" {tmp_path}/none/").replace(":-/etc/", f":-{tmp_path}/none/")
        )
    else:
        script = SCRIPT
    machine.environment["SSL_CERT_FILE"] = "/nowhere"
    done = subprocess.run(["/bin/sh", script], env=machine.environment, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.endswith("install ca-certificates\n")


def links(machine: Machine, *names: str) -> None:
    """Commands of this machine."""
    for name in names:
        found = shutil.which(name)
        assert found is not None
        (machine.bin / name).unlink(missing_ok=True)
        (machine.bin / name).symlink_to(found)


@pytest.mark.parametrize(
    ("here", "asked", "used"),
    [("gcc clang", "", ""), ("clang", "", "clang"), ("gcc", "", ""), ("gcc clang", "CC=clang", "clang")],
)
def test_make_hands_on_the_compiler_that_is_here(machine: Machine, here: str, asked: str, used: str) -> None:
    """Nothing where it is gcc: Python knows its own name of it, with the flags that belong to it."""
    (machine.bin / "gcc").unlink()
    machine.has(here.split())
    links(machine, "make", "bash", "find", "sh")
    shown = subprocess.run(
        [str(machine.bin / "make"), "--silent", "--eval=shown: ; @echo [$${CC:-}]", "shown", *asked.split()],
        cwd=ROOT, env=machine.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == f"[{used}]"


def test_make_looks_before_it_makes_anything(machine: Machine, tmp_path: Path) -> None:
    """And not again: what is complete needs no compiler."""
    copy = tmp_path / "pellucid"
    (copy / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", copy)
    shutil.copy(SCRIPT, copy / ".ci")
    for name in ("setup.py", "pyproject.toml"):
        (copy / name).touch()
    links(machine, "make", "bash", "find", "sh")
    (machine.bin / "gcc").unlink()
    command = [str(machine.bin / "make"), "setup"]
    done = subprocess.run(command, cwd=copy, env=machine.environment, capture_output=True, text=True)
    assert done.returncode != 0 and "no gcc, clang or cc" in done.stderr and "gcc libc6-dev" in done.stderr
    assert sorted(path.name for path in copy.iterdir()) == [".ci", "Makefile", "pyproject.toml", "setup.py"]
    (copy / ".venv").mkdir()
    (copy / ".venv" / ".complete").touch()
    machine.has(["uv"])
    done = subprocess.run(command, cwd=copy, env=machine.environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
