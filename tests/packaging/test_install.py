"""Each distribution builds as wheel and source archive and works when pip installs it alone; the core without a
compiler too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from pellucid.registry.manifest import KINDS

from tests.archives import unpack
from tests.checkout import WITH_NEW_FILES, tracked

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/pyproject.toml"))
MEMBERS = {"pellucid": ".", **{f"pellucid_{Path(folder).name}": folder for folder in ("datasets", *PLUGINS)}}
COMPILED = [name for name, folder in MEMBERS.items() if (ROOT / folder / "ext").is_dir() and name != "pellucid"]
BESIDE = {
    "pellucid_datasets": ("dataset", "datasets/iris"),
    "pellucid_ann": ("model", "ann/ann"),
    "pellucid_ae": ("model", "ae/autoencoder"),
    "pellucid_vae": ("model", "vae/vae"),
    "pellucid_cnn": ("layer", "cnn/conv2d"),
    "pellucid_diffusion": ("objective", "diffusion/denoise"),
    "pellucid_recurrent": ("layer", "recurrent/lstm"),
    "pellucid_studio": ("dataset", "studio/points"),
    "pellucid_tabular": ("dataset", "tabular/table"),
    "pellucid_transformer": ("layer", "transformer/multi_head_attention"),
    "pellucid_cupy": ("backend", "cupy/cupy"),
}
"""Of each member beside the core, a kind and a name that it registers."""
WITH = {"pellucid_studio": ("pellucid_datasets",)}
"""Members that others need: a playground without data is none."""
TRAIN = """
import numpy as np, pellucid as pl
x = np.random.default_rng(0).standard_normal((64, 4)).astype("float32")
model = pl.build({"type": "sequential", "layers": [{"type": "dense", "units": 2}]}, input_shape=(4,), seed=0)
pl.Trainer(model, loss="softmax_cross_entropy", seed=0).fit((x, (x[:, 0] > 0).astype(int)), verbose=False)
print(model.runtime.ops.name)
"""


def run(*command: str | Path, **environment: str) -> str:
    """Standard output of a command that must succeed, in an environment without our own paths."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PELLUCID_", "COVERAGE_"))}
    done = subprocess.run(
        [str(part) for part in command], env=inherited | environment, capture_output=True, text=True, cwd="/"
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def copy(tmp_path_factory):
    """A copy of the tracked files, without git: what somebody has who was given an archive."""
    copy = tmp_path_factory.mktemp("copy")
    for name in tracked(*WITH_NEW_FILES):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    return copy


@pytest.fixture(scope="session")
def built(copy, tmp_path_factory):
    """A folder with the wheel and the source archive of every distribution.

    Of the session: with several test processes the tests of this file need not follow each other.
    """
    dist = tmp_path_factory.mktemp("dist")
    for folder in MEMBERS.values():
        # Without isolation: the build requirements are in the development environment. The wheel is built from the
        # source archive, so an archive that lacks a file fails here.
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, copy / folder)
    return dist


def test_archives_hold_what_they_need(built):
    archives = {path.name.split("-")[0]: path for path in built.glob("*.tar.gz")}
    wheels = {path.name.split("-")[0]: path for path in built.glob("*.whl")}
    assert set(archives) == set(wheels) == set(MEMBERS)
    with tarfile.open(archives["pellucid"]) as archive:
        assert any("/ext/" in name and name.endswith(".pyx") for name in archive.getnames())
    names = zipfile.ZipFile(wheels["pellucid"]).namelist()
    assert "pellucid/py.typed" in names
    assert any(name.startswith("pellucid/ops/kernels/") and name.endswith(".so") for name in names)
    assert not any(name.startswith(("tests/", "ext/", "pellucid_ann/")) or name.endswith(".c") for name in names)
    assert {"pellucid/ops/include/pellucid.h", "pellucid/ops/include/pellucid/api.pxi"} <= set(names)
    for compiled in COMPILED:
        with tarfile.open(archives[compiled]) as archive:
            assert any(name.endswith("/ext/native.pyx") for name in archive.getnames())
        inside = zipfile.ZipFile(wheels[compiled]).namelist()
        assert any(name.startswith(f"{compiled}/kernels/native.") and name.endswith(".so") for name in inside)
    for name, folder in MEMBERS.items():
        with tarfile.open(archives[name]) as archive:
            inside = {inner.partition("/")[2] for inner in archive.getnames()}
        assert not any(inner.startswith(("benchmarks/", "plugins/", "datasets/")) for inner in inside)
        assert inside >= {f"images/{path.name}" for path in (ROOT / folder / "images").glob("*")}
    for name in set(MEMBERS) - {"pellucid"}:
        assert all(inner.startswith(name) for inner in zipfile.ZipFile(wheels[name]).namelist())


@pytest.fixture(scope="session")
def bare(built, tmp_path_factory):
    """A fresh environment with the core alone, installed by plain pip."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", folder)
    pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "install", *built.glob("pellucid-*.whl"))
    return folder, pip


def test_the_core_alone(bare):
    folder, _ = bare
    assert run(folder / "bin/python", "-c", TRAIN).strip() == "cython"
    assert json.loads(run(folder / "bin/pellucid", "list", "model", "--json")) == []
    assert "matplotlib" not in run(folder / "bin/python", "-m", "pip", "list")


@pytest.mark.parametrize("name", sorted(set(MEMBERS) - {"pellucid"}))
def test_one_member_beside_the_core(built, bare, name):
    folder, pip = bare
    kind, entry = BESIDE[name]
    together = (name, *WITH.get(name, ()))
    run(*pip, "install", *(wheel for each in together for wheel in built.glob(f"{each}-*.whl")))
    try:
        listed = json.loads(run(folder / "bin/pellucid", "list", kind, "--json"))
        assert entry in [item["name"] for item in listed]
        installed = run(*pip, "list", "--format=freeze").lower().replace("-", "_")
        others = set(MEMBERS) - {"pellucid", *together}
        assert not any(f"{other}==" in installed for other in others)
    finally:
        run(*pip, "uninstall", "--yes", *together)


def test_a_new_plugin_of_every_kind_passes_its_own_tests(bare, tmp_path):
    folder, pip = bare
    kinds = [word for kind in KINDS for word in ("--kind", kind)]
    run(folder / "bin/pellucid", "new", "plugin", "acme", *kinds, "--kernel", "--out", tmp_path / "acme")
    run(*pip, "install", "pytest", "setuptools>=77", "cython")
    run(*pip, "install", "--no-build-isolation", "--editable", tmp_path / "acme")
    try:
        assert "acme/cube" in run(folder / "bin/pellucid", "list", "layer")
        printed = run(folder / "bin/python", "-m", "pytest", "-q", tmp_path / "acme")
        assert " passed in " in printed and "skipped" not in printed, printed
    finally:
        run(*pip, "uninstall", "--yes", "pellucid-acme", "pytest", "setuptools", "cython")


def test_without_a_compiler_the_reference_backend_works(built, bare, tmp_path):
    folder, pip = bare
    (archive,) = built.glob("pellucid-*.tar.gz")
    unpack(archive, tmp_path)
    (source,) = tmp_path.glob("pellucid-*")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, source, CC="/nonexistent/cc")
    assert [path.name for path in tmp_path.glob("*.whl")] == [f"{source.name}-py3-none-any.whl"]
    target = tmp_path / "site"
    run(*pip, "install", "--no-deps", "--target", target, *tmp_path.glob("*.whl"))
    assert not list(target.rglob("*.so"))
    command = [folder / "bin/python", "-W", "ignore", "-c", TRAIN]
    assert run(*command, PYTHONPATH=str(target)).strip() == "reference"
    said = subprocess.run([folder / "bin/python", "-c", TRAIN], env={**os.environ, "PYTHONPATH": str(target)},
                          capture_output=True, text=True)  # fmt: skip
    assert "compiler" in said.stderr


@pytest.mark.parametrize("name", COMPILED)
def test_a_plugin_with_kernels_is_built_from_a_checkout_without_pellucid(copy, bare, name):
    """pip builds in an environment where no pellucid is, and no index may have one: docs/guide/own-project.md."""
    folder, pip = bare
    run(*pip, "install", "--no-deps", copy / MEMBERS[name], PELLUCID_REQUIRE_KERNELS="1")
    try:
        show = f"import {name}.kernels.native as native; print(native.__file__)"
        assert run(folder / "bin/python", "-c", show).strip().endswith(".so")
    finally:
        run(*pip, "uninstall", "--yes", name)
