"""The kernels once more, in another way than those of the environment: with another compiler, with sanitizers.

The extensions, the core's and those of the plugins, are built into temporary copies of the packages; the tests of this
folder and the plugins' tests of their kernels run on these copies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = [path.parent.relative_to(ROOT) for path in sorted(ROOT.glob("plugins/*/setup.py"))]
TESTS = [
    "tests/kernels",
    *(str(path.relative_to(ROOT)) for p in PLUGINS for path in sorted((ROOT / p).glob("tests/test_*kernels.py"))),
]


def copy(project: Path, target: Path, *folders: str) -> None:
    """What building a project in place needs."""
    for name in folders:
        shutil.copytree(project / name, target / name, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    for name in ("setup.py", "build_backend.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        if (project / name).exists():
            shutil.copy(project / name, target)


def rebuilt(source: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Build copies in the empty folder ``source``; returns the environment in which Python imports them.

    Args:
        source: where the copies go.
        settings: environment variables for the build: ``CC``, ``PELLUCID_EXT_CFLAGS``, …; an empty one is unset.

    Raises:
        subprocess.CalledProcessError: if it cannot be built; its ``stderr`` says why.
    """
    copy(ROOT, source, "ext", "core")
    for plugin in PLUGINS:
        copy(ROOT / plugin, source / plugin, "ext", "src")
    # Not measured by coverage: these copies are gone when the report is written.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    packages = [source / "core", *(source / plugin / "src" for plugin in PLUGINS)]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, packages))
    building = {**environment, "PELLUCID_REQUIRE_KERNELS": "1", **settings}
    building = {name: value for name, value in building.items() if value}
    build = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    for folder in (source, *(source / plugin for plugin in PLUGINS)):
        subprocess.run(build, cwd=folder, env=building, check=True, capture_output=True, text=True)
    return environment


def libraries(source: Path, environment: Mapping[str, str]) -> list[Path]:
    """The libraries that Python loads in this environment, which must be the copies in ``source``."""
    found = []
    for module in ("pellucid.ops.kernels", *(f"pellucid_{plugin.name}.kernels" for plugin in PLUGINS)):
        check = f"from {module} import native; print(native.__file__)"
        used = subprocess.check_output([sys.executable, "-c", check], env=dict(environment), text=True).strip()
        if not Path(used).is_relative_to(source):
            raise SystemExit(f"The copy would not be tested: {used} is imported, not {source}.")
        found.append(Path(used))
    return found


def kernel_tests(*arguments: str) -> list[str]:
    """The command that runs the kernels' tests, or those that are named, without leaving traces."""
    named = any(argument.startswith(("tests/", "plugins/")) for argument in arguments)
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *([] if named else TESTS), *arguments]
