"""The interface for plugins' kernels (pellucid.h): a small C module uses all of it; one built for another version is
refused."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import sysconfig
import weakref
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pellucid
import pytest
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.ops.cython import CythonOps

SOURCE = Path(__file__).with_name("plugin.c")
OPS = CythonOps()
COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


def build(folder: Path, include: Path | str) -> Path:
    library = folder / f"plugin{sysconfig.get_config_var('EXT_SUFFIX')}"
    python = sysconfig.get_paths()["include"]
    command = [str(COMPILER), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", f"-I{include}", f"-I{python}", str(SOURCE)]
    done = subprocess.run([*command, "-o", str(library)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return library


def load(library: Path) -> Any:
    spec = spec_from_file_location("plugin", library)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield load(build(tmp_path_factory.mktemp("plugin"), pellucid.get_include()))
    sys.modules.pop("plugin", None)


@pytest.mark.parametrize("parts", [1, 2, 7])
def test_a_region_runs_every_part_once(plugin: Any, parts: int, threads: int) -> None:
    x = np.zeros(1001, np.float32)
    assert plugin.add_one(x, parts) == 0
    np.testing.assert_array_equal(x, 1)


def test_calls_become_part_of_a_plan_that_keeps_their_arrays(plugin: Any) -> None:
    x = np.zeros(50, np.float32)
    alive = weakref.ref(x)

    def step(x: Any = x) -> None:
        OPS.scale(x, 2.0)
        plugin.add_one(x, 2)

    _, plan = OPS.record(step)
    assert plan is not None and len(plan) == 2
    del x, step
    gc.collect()
    assert plan.run(3)
    np.testing.assert_array_equal(alive(), 15)  # 1, 3, 7, 15
    del plan
    gc.collect()
    assert alive() is None


def test_a_kernel_can_stop_a_plan_and_a_call_can_spoil_it(plugin: Any) -> None:
    counter = np.zeros((), np.int64)
    _, plan = OPS.record(lambda: (plugin.add_one(np.zeros(0, np.float32), 1), OPS.increment(counter)))
    assert plan is not None and not plan.run(5) and counter == 1
    assert OPS.record(lambda: (OPS.increment(counter), plugin.spoil()))[1] is None
    plugin.spoil()  # outside of a recording nothing happens


@pytest.mark.parametrize("a_transposed", [0, 1])
@pytest.mark.parametrize("b_transposed", [0, 1])
@pytest.mark.parametrize("add", [0, 1])
def test_the_matrix_product(plugin: Any, simd: str, a_transposed: int, b_transposed: int, add: int) -> None:
    rng = np.random.default_rng(0)
    for rows, columns, depth in ((1, 1, 1), (37, 21, 60), (6, 16, 300)):
        a, b, c, bias = (rng.normal(size=s).astype(np.float32)
                         for s in ((rows, depth), (depth, columns), (rows, columns), (columns,)))  # fmt: skip
        for has_bias, relu in ((0, 0), (1, 1)):
            wanted = a.astype(float) @ b + add * c + has_bias * bias
            out = c.copy()
            stored = np.ascontiguousarray(a.T if a_transposed else a), np.ascontiguousarray(b.T if b_transposed else b)
            plugin.gemm(*stored, out, bias, rows, columns, depth, a_transposed, b_transposed, add, has_bias, relu)
            np.testing.assert_allclose(out, np.maximum(wanted, 0) if relu else wanted, atol=1e-4)


def test_activations(plugin: Any, simd: str) -> None:
    x, dy = np.linspace(-3, 3, 41, dtype=np.float32), np.linspace(1, 2, 41, dtype=np.float32)
    names = ("identity", "relu", "leaky_relu", "elu", "sigmoid", "tanh", "softplus", "silu", "gelu")
    for number, name in enumerate(names[1:], 1):  # as in the header
        y, dx, wanted_y, wanted_dx = (np.empty_like(x) for _ in range(4))
        plugin.activation(number, x, dy, y, dx)
        ReferenceOps().activation_forward(name, x, wanted_y, 1.0)
        ReferenceOps().activation_backward(name, dy, x, wanted_y, wanted_dx, 1.0)
        np.testing.assert_allclose(y, wanted_y, atol=2e-6)
        np.testing.assert_allclose(dx, wanted_dx, atol=5e-6)


def test_what_it_says_of_the_machine(plugin: Any, simd: str, threads: int) -> None:
    level, count, small, large = plugin.machine()
    assert level == ("generic", "avx2", "avx512").index(simd)
    assert (count, small, large) == (threads, 1, threads)


@pytest.mark.parametrize(("old", "new", "received"), [
    ("#define PELLUCID_API_VERSION 1", "#define PELLUCID_API_VERSION 2", "interface 1,"),
    ("void (*spoil)(void);", "void (*spoil)(void); void (*newer)(void);", "interface 1, "),
])  # fmt: skip
def test_kernels_of_another_version_are_refused(tmp_path: Path, old: str, new: str, received: str) -> None:
    header = Path(pellucid.get_include(), "pellucid.h").read_text(encoding="utf-8")
    assert header.count(old) == 1
    (tmp_path / "pellucid.h").write_text(header.replace(old, new), encoding="utf-8")
    with pytest.raises(ImportError, match=f"do not fit the installed pellucid.*Received: {received}.*build it again"):
        load(build(tmp_path, tmp_path))
