"""README's two commands on a bare machine: a minimal Debian in a folder, an ordinary user, only what README names.

``python -m tests.packaging.bare_root [--release sid] [FOLDER]`` runs it by hand, as root and where debootstrap is
installed, and prints the log; docs/machines.md has one.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = "bookworm"  # Debian 12, whose Python is 3.11.2: the oldest that is promised
USER = "ada"
HOME = f"home/{USER}"
FOLDER = f"{HOME}/Träume und Netze/pellucid"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".uv", ".cache", ".*_cache", "__pycache__", "build", "dist", "*.so",
                                  "runs", ".coverage*", "uv.lock", "*.egg-info", "build.log")  # fmt: skip
PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "PIP_INDEX_URL",
             "PIP_DEFAULT_TIMEOUT", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_HTTP_TIMEOUT")  # fmt: skip
"""How this machine reaches a package index, and nothing else of it."""
MOUNTED = """set -e
mkdir -p "$1/dev/shm"
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
shift
exec "$@"
"""
"""Runs a command with what a kernel lends to a root; in a namespace of its own, so that it ends with the command."""
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


class Failed(Exception):
    """A command on the bare machine did not do what README says of it."""


def why_not() -> str:
    """What keeps this machine from having a bare one, or nothing."""
    if os.geteuid() != 0:
        return "making a bare machine (chroot) needs root"
    missing = [name for name in ("debootstrap", "chroot", "unshare", "mount") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


def install_line() -> list[str]:
    """The packages that README names for apt."""
    (line,) = re.findall(r"^\$ sudo (apt-get install .*)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
    return shlex.split(line)[2:]


class BareMachine:
    """A minimal root in a folder.

    Args:
        root: the folder.
        say: takes what happens, line by line.
        release: Debian's name of it; the newest Python is in ``sid``.
    """

    def __init__(self, root: Path, say: Callable[[str], None] = print, release: str = RELEASE) -> None:
        self.root = root
        self.release = release
        self.say = say
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "DEBIAN_FRONTEND": "noninteractive"}
        self.environment = environment | {name: os.environ[name] for name in PASSED_ON if name in os.environ}

    def bootstrap(self) -> None:
        """Lay down Debian's smallest root."""
        done = subprocess.run(
            ["debootstrap", "--variant=minbase", self.release, str(self.root)], capture_output=True, text=True
        )
        if done.returncode:
            raise OSError(f"debootstrap: {(done.stdout + done.stderr).strip().splitlines()[-1]}")

    def run(self, command: str, user: str = "root", folder: str = "", succeeds: bool = True) -> str:
        """What a command prints there: no locale, no terminal, nothing of our environment.

        Raises:
            Failed: it ended otherwise than ``succeeds`` says.
        """
        environment = self.environment | {"HOME": "/root" if user == "root" else f"/{HOME}"}
        inner = f"umask {'022' if user == 'root' else '077'}; cd {shlex.quote('/' + folder)} && {command}"
        start = time.monotonic()
        done = subprocess.run(
            [
                *("unshare", "--mount", "--pid", "--fork", "sh", "-c", MOUNTED, "sh", str(self.root)),
                *("chroot", f"--userspec={user}:", str(self.root), "env", "-i"),
                *(f"{name}={value}" for name, value in environment.items()),
                *("sh", "-c", inner),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        printed = done.stdout.decode(errors="replace")
        self.say(f"{user}$ {command}")
        for line in shortened(printed.splitlines()):
            self.say(f"  {line}")
        self.say(f"  [{time.monotonic() - start:.0f} s, exit code {done.returncode}]")
        if (done.returncode == 0) != succeeds:
            raise Failed(f"{command}: exit code {done.returncode}\n{printed[-6000:]}")
        return printed

    def lend_certificates(self) -> None:
        """Where this machine trusts somebody of its own (a mirror in the house), the bare one does too."""
        if (Path("/") / CERTIFICATES).exists():
            shutil.copy(Path("/") / CERTIFICATES, self.root / CERTIFICATES)


def both_commands(machine: BareMachine, targets: Iterable[str] = ("train", "test")) -> None:
    """All of it, from the bare root to a run folder and green tests.

    Raises:
        Failed: something on the way.
    """
    machine.run(f"useradd --create-home --shell /bin/sh {USER}")
    folder = machine.root / FOLDER
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    machine.run(f"chown -R {USER}: /{HOME}")

    said = machine.run("sh .ci/machine.sh", USER, FOLDER, succeeds=False)
    named = re.findall(r"apt-get install (.*)$", said, re.M)
    if not named or set(named[0].split()) != set(install_line()):
        raise Failed(f"README names {install_line()}, and the bare machine is told {named}")
    machine.run(f"apt-get update -q >/dev/null && apt-get install -qq {' '.join(install_line())} >/dev/null 2>&1")
    machine.lend_certificates()
    machine.run("sh .ci/machine.sh", USER, FOLDER)

    before = listed(machine.root / HOME)
    for target in targets:
        machine.run(f"make {target}", USER, FOLDER)
    machine.run("for part in . .venv .uv .cache; do du -sh $part; done", USER, FOLDER)
    if listed(machine.root / HOME) != before:
        raise Failed(f"Outside of the folder was written: {listed(machine.root / HOME)}, before {before}")
    if not list(folder.glob("runs/*")):
        raise Failed(f"No run folder: {listed(folder)}")


def shortened(lines: list[str]) -> list[str]:
    """Of long output the beginning, the end, and between them what pytest counts: coverage's report follows it."""
    if len(lines) <= 60:
        return lines
    between = lines[5:-50]
    counts = [line for line in between if re.search(r"\d+ (passed|failed)", line)]
    return [*lines[:5], f"… {len(between)} lines …", *counts, *lines[-50:]]


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("bare_root", description="README's commands on a bare Debian.")
    parser.add_argument("--release", default=RELEASE, help="Debian's name of it (%(default)s)")
    parser.add_argument("root", nargs="?", type=Path, help="where it is made, or stands already")
    parser.add_argument("targets", nargs="*", help="what is made (train test)")
    options = parser.parse_args(arguments)
    reason = why_not()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    root: Path = options.root or Path(tempfile.mkdtemp(prefix="bare-root-"))
    machine = BareMachine(root, lambda line: print(line, flush=True), options.release)
    if not (root / "etc").exists():
        machine.bootstrap()
    both_commands(machine, options.targets or ("train", "test"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
