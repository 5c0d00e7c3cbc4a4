"""From a commit to wheels and source distributions that an index takes."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from release.command import Failed, run
from release.pages import absolute, home

ROOT = Path(__file__).resolve().parents[1]
PLUGINS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/pyproject.toml"))
FOLDERS = ("", "datasets", *PLUGINS)
"""Where the distributions lie, the core first: a plugin with kernels is built against it."""


def version() -> str:
    """What the commit is called: the tag's version, or one of its development."""
    import setuptools_scm

    # Without the commit's name, which no index takes; with the uncommitted changes ignored, which are not built.
    return setuptools_scm.get_version(str(ROOT), local_scheme="no-local-version")


def build(dist: Path) -> None:
    """Build every distribution of the commit into ``dist``, from a copy, with pages whose links are absolute."""
    name = version()
    revision = run("git", "rev-parse", "HEAD", cwd=ROOT).strip()
    with tempfile.TemporaryDirectory(prefix="pellucid-release-") as folder:
        copy, raw = Path(folder) / "copy", Path(folder) / "raw"
        _check_out(copy)
        address = home(copy)
        for member in FOLDERS:
            page = copy / member / "README.md"
            page.write_text(absolute(page.read_text(encoding="utf-8"), member, address, revision), encoding="utf-8")
            # In an environment of its own, with what [build-system] requires; pellucid itself from what is built here.
            links = f"{raw} {os.environ.get('PIP_FIND_LINKS', '')}".strip()
            run(
                sys.executable, "-m", "build", "--outdir", raw, copy / member,
                SETUPTOOLS_SCM_PRETEND_VERSION=name, PIP_FIND_LINKS=links, PELLUCID_REQUIRE_KERNELS="1",
            )  # fmt: skip
            print(f"built {member or 'pellucid'} {name}", flush=True)
        dist.mkdir(parents=True)
        for path in sorted(raw.iterdir()):
            repair(path, dist)


def repair(path: Path, dist: Path) -> None:
    """Copy a distribution into ``dist``; a wheel with compiled code gets the tag of the systems that it runs on."""
    if "-linux_" not in path.name:
        shutil.copy(path, dist)
        return
    run("auditwheel", "repair", "--wheel-dir", dist, path)
    (repaired,) = dist.glob(f"{path.name.partition('-linux_')[0]}-*.whl")
    print(f"repaired {repaired.name}", flush=True)


def _check_out(copy: Path) -> None:
    archive = copy.with_suffix(".tar")
    run("git", "archive", "--output", archive, "HEAD", cwd=ROOT)
    with tarfile.open(archive) as members:
        if not members.getmembers():
            raise Failed(f"The commit of {ROOT} holds nothing.")
        members.extractall(copy)
