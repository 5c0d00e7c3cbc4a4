"""Each distribution in an empty environment, as its users get it, and the README's first program there."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path

from release.build import ROOT
from release.command import Failed, run

PROGRAM = ("pellucid-ann", "pellucid-datasets")
"""What the README's twenty lines need beside the core."""


def install_each(dist: Path) -> None:
    """Install every wheel of ``dist`` alone; what it needs of ours comes out of ``dist``, too."""
    names = sorted({path.name.split("-")[0].replace("_", "-") for path in dist.glob("*.whl")})
    for name in names:
        with tempfile.TemporaryDirectory(prefix="pellucid-install-") as folder:
            environment = Environment(Path(folder), dist)
            environment.install(name)
            vendor = name.removeprefix("pellucid").lstrip("-") or "core"
            states = environment.run("pellucid", "plugins")
            if not re.search(rf"^{vendor} .*\bloaded\b", states, re.MULTILINE):
                raise Failed(f"{name} is installed, and its plugin is not loaded:\n{states}")
            backend = environment.run("python", "-c", "import pellucid as pl; print(pl.get_ops().name)").strip()
            print(f"installed {name} in an empty environment; backend {backend}", flush=True)


def run_readme(dist: Path) -> None:
    """The README's first program, where nothing but its packages is installed."""
    program = first_program((ROOT / "README.md").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="pellucid-readme-") as folder:
        environment = Environment(Path(folder), dist)
        environment.install(*PROGRAM)
        (Path(folder) / "program.py").write_text(program, encoding="utf-8")
        said = environment.run("python", "program.py")
        if "accuracy" not in said:
            raise Failed(f"The README's program ran and printed no accuracy:\n{said}")
        print(f"README's {len(program.splitlines())} lines: {said.splitlines()[-1]}", flush=True)


def first_program(page: str) -> str:
    """The first Python block of a page."""
    found = re.search(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    if found is None:
        raise Failed("The README shows no Python.")
    return found[1]


class Environment:
    """A virtual environment with nothing in it but pip."""

    def __init__(self, folder: Path, dist: Path) -> None:
        self.folder = folder
        self.dist = dist
        run(sys.executable, "-m", "venv", folder / "venv")

    def install(self, *names: str) -> None:
        links = f"{self.dist} {os.environ.get('PIP_FIND_LINKS', '')}".strip()
        pip = ("-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--only-binary=:all:")
        self.run("python", *pip, *(self._this_build(name) for name in names), PIP_FIND_LINKS=links)

    def run(self, program: str, *arguments: str, **variables: str) -> str:
        return run(self.folder / "venv/bin" / program, *arguments, cwd=self.folder, **variables)

    def _this_build(self, name: str) -> str:
        """``name==version``: an index may know others."""
        (wheel,) = self.dist.glob(f"{name.replace('-', '_')}-*.whl")
        return f"{name}=={wheel.name.split('-')[1]}"
