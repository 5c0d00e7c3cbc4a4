"""pellucid new plugin NAME: for every kind, the package is complete and passes its own tests at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pellucid as pl
import pytest
from pellucid.registry.discovery import GROUP
from pellucid.registry.manifest import KINDS
from pellucid.testing.registries import use_registry
from pellucid.workbench.cli.commands.new import WITHOUT_CASES, _first_name, write_plugin

from tests.cli.conftest import Command
from tests.fake_plugins import claim, install_sine, registry_of


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


@pytest.fixture
def every_kind(pellucid: Command, tmp_path: Path, site: Path) -> Path:
    """A new plugin with a component of every kind."""
    pellucid("new", "plugin", "acme", "--out", "all", *(word for kind in KINDS for word in ("--kind", kind)))
    claim(site, "acme", "pellucid_acme", group=GROUP, distribution="pellucid-acme", version="0.1.0")
    return tmp_path / "all"


def test_every_kind_passes_its_own_tests(every_kind: Path, environment: dict[str, str]):
    path = os.pathsep.join([str(every_kind / "src"), environment["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=every_kind, text=True,
        capture_output=True, env={**environment, "PYTHONPATH": path}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 200, done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_plugin_of_one_kind_is_whole_and_has_nothing_of_others(kind: str, tmp_path: Path):
    files = [file.name for file in write_plugin("alone", tmp_path / kind, [kind])]
    source = tmp_path / kind / "src"
    claim(source, "alone", "pellucid_alone", group=GROUP, distribution="pellucid-alone", version="0.1.0")
    tests = {name for name in files if name.startswith("test_")}
    assert tests == {f"test_{kind if kind in WITHOUT_CASES else 'conformance'}.py"}
    try:
        with registry_of(source) as registry, use_registry(registry):
            plugin = registry.plugins.load("alone")
            registered = {entry.kind for entry in plugin.entries.values()}
            assert registered == ({"op", "layer"} if kind == "op" else {kind}), plugin.error
            modules = {entry.target.partition(":")[0] for entry in plugin.entries.values()}
            assert {f"pellucid_alone.{file.stem}" for file in source.glob("*/*.py")} == modules | {
                "pellucid_alone.__init__"
            }
            for entry in plugin.entries.values():
                made = registry.load(entry)
                for example in getattr(made, "examples", ()):
                    assert pl.create(entry.kind, entry.name, **example.arguments)
    finally:
        for name in [name for name in sys.modules if name.startswith("pellucid_alone")]:
            del sys.modules[name]
    for text in (path.read_text() for path in (tmp_path / kind).rglob("*") if path.suffix in (".py", ".md", ".toml")):
        assert "plugname" not in text and "kind: " not in text
    readme = (tmp_path / kind / "README.md").read_text()
    assert readme.count("* `alone/") == 1 and f"`alone/{_first_name([kind])}`" in readme


def test_a_kernel_goes_with_a_layer_and_its_ops(pellucid: Command, tmp_path: Path):
    assert "--no-build-isolation -e ." in pellucid("new", "plugin", "acme", "--kernel").stdout
    package = tmp_path / "pellucid-acme"
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert files == {
        "MANIFEST.in", "README.md", "pyproject.toml", "setup.py", "ext/native.pyx", "ext/cube.h",
        "src/pellucid_acme/__init__.py", "src/pellucid_acme/ops.py", "src/pellucid_acme/cubes.py",
        "tests/test_conformance.py",
    }  # fmt: skip
    manifest = (package / "src/pellucid_acme/__init__.py").read_text()
    assert 'reference="pellucid_acme.ops:cube_forward", cython="pellucid_acme.native:cube_forward"' in manifest
    assert "cython" in tomllib.loads((package / "pyproject.toml").read_text())["build-system"]["requires"][1]
    both = pellucid("new", "plugin", "acme", "--kernel", "--kind", "layer", "--out", "both")
    assert "layers.py" in both.stdout and "native.pyx" in both.stdout
    for kind, said in (("layr", "Did you mean 'layer'?"), ("state", "take --kind layer."), ("kernel", "by --kernel.")):
        told = pellucid("new", "plugin", "acme", "--kind", kind, code=2).stderr
        assert f"there is no kind '{kind}'. " in told and said in told


@pytest.mark.slow
def test_a_kernel_is_built_and_passes_its_own_tests(pellucid: Command, tmp_path: Path):
    """With pip, as its author installs it, in an environment that has pellucid."""
    pellucid("new", "plugin", "acme", "--kernel", "--kind", "layer", "--out", "kernel")
    package, place = tmp_path / "kernel", tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--target"]
    subprocess.run([*pip, str(place), str(package)], check=True, cwd=tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"], cwd=package, text=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(place)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout, done.stdout


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
def test_the_template_is_clean(every_kind: Path):
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "E,F,I,UP,B", "--line-length", "120"]
    done = subprocess.run([*check, str(every_kind)], text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
