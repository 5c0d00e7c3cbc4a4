"""pellucid new plugin NAME: the package is complete and passes its own conformance test at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pellucid.registry.discovery import GROUP

from tests.cli.conftest import Command
from tests.fake_plugins import claim, install_sine


@pytest.fixture
def package(pellucid: Command, tmp_path: Path, site: Path) -> Path:
    """A new plugin, installed as ``pip install -e`` does."""
    pellucid("new", "plugin", "acme")
    folder = tmp_path / "pellucid-acme"
    claim(site, "acme", "pellucid_acme", group=GROUP, distribution="pellucid-acme", version="0.1.0")
    return folder


def test_it_writes_a_complete_package(package: Path):
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert files == {
        "README.md", "pyproject.toml", "src/pellucid_acme/__init__.py", "src/pellucid_acme/layers.py",
        "tests/test_conformance.py",
    }  # fmt: skip
    for file in files:
        assert "plugname" not in (package / file).read_text()
    project = tomllib.loads((package / "pyproject.toml").read_text())
    assert project["project"]["name"] == "pellucid-acme"
    assert project["project"]["entry-points"] == {GROUP: {"acme": "pellucid_acme"}}


def test_it_passes_its_own_conformance_test(package: Path, environment: dict[str, str]):
    path = os.pathsep.join([str(package / "src"), environment["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=package, text=True, capture_output=True,
        env={**environment, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 10, done.stdout


def test_its_layer_is_built_by_name(package: Path, pellucid: Command):
    assert "acme/gain" in pellucid("show", "acme/gain", PYTHONPATH=_with(package)).stdout


def _with(package: Path) -> str:
    core = Path(__file__).parents[2] / "core"
    return os.pathsep.join([str(package.parent / "site"), str(package / "src"), str(core)])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Acme", "For example: acme. Received: 'Acme'."),
        ("pellucid-waves", "For example: waves. Received: 'pellucid-waves'."),
        ("3d", "must consist of lower-case letters, digits and underscores, and begin with a letter. Received: '3d'."),
        ("../x", "For example: x. Received"),
        ("class", "must not be a word or module of Python. Received: 'class'."),
        ("random", "must not be a word or module of Python. Received: 'random'."),
        ("core", "The vendor 'core' is taken here, by pellucid."),
        ("waves", "The vendor 'waves' is taken here, by pellucid-waves."),
    ],
)
def test_a_bad_name_is_refused(pellucid: Command, site: Path, tmp_path: Path, name: str, message: str):
    install_sine(site, "waves")
    assert message in pellucid("new", "plugin", name, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_an_existing_folder_is_left_alone(pellucid: Command, tmp_path: Path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for out in ("full", "file"):
        done = pellucid("new", "plugin", "acme", "--out", out, code=2)
        assert f"{out} exists already and is not an empty folder. Choose another with --out DIR." in done.stderr
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(pellucid: Command, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "pip install -e ." in pellucid("new", "plugin", "acme", "--out", "empty").stdout
    assert (tmp_path / "empty" / "pyproject.toml").is_file()


def test_a_folder_that_cannot_be_written_is_said(pellucid: Command, tmp_path: Path):
    (tmp_path / "file").write_text("")
    assert "Cannot write file/deeper" in pellucid("new", "plugin", "acme", "--out", "file/deeper", code=2).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="permissions differ")
def test_the_template_is_clean(package: Path):
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,UP,B", "--line-length", "120"]
    done = subprocess.run([*check, str(package)], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
