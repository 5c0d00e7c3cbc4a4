"""A copy of the tree in which mistakes are made: the tree itself is never touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mistakes.mistake import Mistake

HERE = Path(__file__).resolve().parents[2]
LONGEST = 600.0
"""Seconds: whoever takes longer hangs, as far as a test can tell."""
QUICK = {"PELLUCID_REQUIRE_KERNELS": "1", "PELLUCID_EXT_CFLAGS": "-O1"}
"""How kernels are built: at a third of the time."""


class Copy:
    """The files of one commit, with the extensions that are built in the tree.

    Attributes:
        root: where it lies.
        environment: in which Python imports it.
    """

    def __init__(self, root: Path, commit: str) -> None:
        self.root = root
        root.mkdir(parents=True)
        archive = subprocess.Popen(["git", "-C", str(HERE), "archive", commit], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", str(root)], stdin=archive.stdout, check=True)
        if archive.wait():
            raise SystemExit(f"git archive {commit} failed.")
        for built in (*HERE.glob("core/**/*.so"), *HERE.glob("plugins/*/src/**/*.so")):
            shutil.copy(built, root / built.relative_to(HERE))
        # Some tests ask git what belongs to the tree.
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "a copy"]):
            who = ["-c", "user.name=a", "-c", "user.email=a@b"]
            subprocess.run(["git", *who, *words], cwd=root, check=True)
        sources = [root / "core", *sorted(root.glob("plugins/*/src")), root / "datasets" / "src"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))}
        self.environment = kept | {"PYTHONPATH": os.pathsep.join(map(str, sources)), "PYTHONDONTWRITEBYTECODE": "1"}
        imported = self.python("-c", "import pellucid; print(pellucid.__file__)")[1].strip()
        if not Path(imported).is_relative_to(root):
            raise SystemExit(f"The copy would not be tried: {imported} is imported, not {root}.")

    def python(self, *arguments: str, timeout: float = LONGEST, **more: str) -> tuple[int | None, str]:
        """The exit code of Python, None if it took too long, and what it said.

        Args:
            more: further variables of its environment.
        """
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=self.root, env=self.environment | more, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        try:
            said, _ = process.communicate(timeout=timeout)
        except BaseException as ended:  # Ctrl-C, too: a test that hangs would go on without us
            os.killpg(process.pid, signal.SIGKILL)  # those that it started, too
            process.communicate()
            if not isinstance(ended, subprocess.TimeoutExpired):
                raise
            return None, ""
        return process.returncode, said

    @contextmanager
    def with_(self, mistake: Mistake) -> Iterator[str | None]:
        """Within, the mistake is made; gives None, or why it is none: the compiler refuses it."""
        path = mistake.path
        if not path.is_relative_to(self.root):
            raise ValueError(f"{path} is no file of the copy in {self.root}.")
        before, project = path.read_bytes(), self._project(path)
        path.write_text(mistake.made(), encoding="utf-8")
        built = {library: library.read_bytes() for library in project.rglob("*.so")} if project else {}
        try:
            yield self._build(project) if project else None
        finally:
            path.write_bytes(before)
            for library, content in built.items():
                library.write_bytes(content)

    def _project(self, path: Path) -> Path | None:
        """The folder whose extension has this file of C in it."""
        if path.suffix not in (".c", ".h"):
            return None
        return next(folder for folder in path.parents if (folder / "setup.py").exists())

    def _build(self, project: Path) -> str | None:
        for built in (project / "build").glob("temp.*"):
            shutil.rmtree(built)
        done = subprocess.run(
            [sys.executable, "setup.py", "-q", "build_ext", "--inplace"], cwd=project, check=False, text=True,
            env=self.environment | QUICK, capture_output=True,
        )  # fmt: skip
        return done.stderr[-2000:] if done.returncode else None


def commit_of(name: str) -> str:
    return subprocess.check_output(["git", "-C", str(HERE), "rev-parse", name], text=True).strip()
