"""The repository's own promises: members listed, versions pinned, kernels rebuilt when edited, nothing built in git."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.checkout import tracked

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MEMBERS = [ROOT / "datasets", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
COMPILED = [member for member in MEMBERS if (member / "ext").is_dir()]


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_every_member_is_installed_type_checked_and_covered(member):
    """A bare `uv sync` removes members that the dev group does not list."""
    name = tomllib.loads((member / "pyproject.toml").read_text())["project"]["name"]
    assert name in PROJECT["dependency-groups"]["dev"]
    assert name in PROJECT["tool"]["uv"]["sources"]
    assert str(member.relative_to(ROOT) / "src") in PROJECT["tool"]["mypy"]["files"]
    assert name.replace("-", "_") in PROJECT["tool"]["coverage"]["run"]["source_pkgs"]


@pytest.mark.parametrize("member", [ROOT, *MEMBERS], ids=lambda path: path.name)
def test_every_distribution_says_what_it_is(member):
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    assert project["license"].split(" AND ")[0] == "MIT"
    assert (member / "LICENSE").read_text().startswith("MIT License")
    assert (member / project["readme"]).stat().st_size > 200
    assert project["description"]
    assert list(project["entry-points"]) == ["pellucid.v1"]


@pytest.mark.parametrize("member", [ROOT, *COMPILED], ids=lambda path: path.name)
def test_an_edited_kernel_is_rebuilt(member):
    keys = tomllib.loads((member / "pyproject.toml").read_text())["tool"]["uv"]["cache-keys"]
    assert {"ext/**/*", "setup.py"} <= {key["file"] for key in keys}


@pytest.mark.parametrize("member", [ROOT, *MEMBERS], ids=lambda path: path.name)
def test_what_a_distribution_says_it_holds_is_there(member):
    """Patterns of MANIFEST.in and of the package data: one that nothing matches is a file that was forgotten."""
    tool = tomllib.loads((member / "pyproject.toml").read_text())["tool"]["setuptools"]
    source = member / tool["packages"]["find"]["where"][0]
    for package, patterns in tool.get("package-data", {}).items():
        for pattern in patterns:
            assert list((source / package).glob(pattern)), f"{package}: {pattern}"
    for line in (member / "MANIFEST.in").read_text().splitlines():
        command, *patterns = line.split()
        for pattern in patterns if command in ("include", "graft") else ():
            assert list(member.glob(pattern)), f"MANIFEST.in: {line}"


def test_nothing_built_or_machine_specific_is_tracked():
    for path in tracked():
        assert not path.endswith((".so", ".pyc", "uv.lock")), path
        assert not path.startswith(("build/", "dist/", "runs/", ".venv/")), path


def test_lint_leaves_alone_what_make_writes():
    """Said to ruff itself: .gitignore is read in checkouts only, and a tarball is none."""
    (kept,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\trm -rf .venv")]
    written = {name for name in kept.split()[2:] if "*" not in name and name != "uv.lock"}
    known = {".venv", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache"}  # excluded by ruff itself
    assert written - known <= set(PROJECT["tool"]["ruff"]["extend-exclude"])
