"""The backend cupy: parity with the reference, on a GPU or else with kernels in C; what has not passed is refused.

Without a GPU its kernels are compiled for the CPU. On a machine with one:
``PELLUCID_UNVERIFIED_CUPY=1 pytest tests/components/test_cupy_backend.py``, or better benchmarks/gpu/run.sh.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.interfaces.optimizer import Slots, make_segments
from pellucid.interfaces.parameters import Arena, Param
from pellucid.ops import lookup
from pellucid.ops.backends import get_ops
from pellucid.ops.random import Stream
from pellucid.standard.initializers.fixed import Zeros
from pellucid.standard.ops.activations import ACTIVATIONS, NEEDS_INPUT
from pellucid_cupy import availability
from pellucid_cupy.availability import OPT_IN
from pellucid_cupy.backend import CupyOps, TensorFloatOps
from pellucid_cupy.elementwise import KERNELS

from tests.components import test_layer_gradients, test_losses, test_optimizers as optimizer_tests
from tests.components.support import REFERENCE, built, context, random_input
from tests.fake_cupy import COMPILER, FakeCupy, FakeCupyOps

NO_COMPILER = "no C compiler to compile the kernels with"
ON_A_GPU = os.environ.get(OPT_IN) == "1"
GPU = CupyOps() if ON_A_GPU else FakeCupyOps()
DTYPES = ["float32", "float64"] if ON_A_GPU else ["float64"]
"""What plugins' kernels are held against their references in: threads of the stand-in are dear."""
needs_compiler = pytest.mark.skipif(
    COMPILER is None and not ON_A_GPU, reason="no C compiler to compile the kernels' bodies with"
)


def both(call: Any, *arrays: np.ndarray | None, rtol: float = 1e-12) -> None:
    """Run ``call(ops, *arrays)`` on both backends and compare every array afterwards."""
    mine = [None if a is None else a.copy() for a in arrays]
    its = [None if a is None else GPU.asarray(a.copy()) for a in arrays]
    call(REFERENCE, *mine)
    call(GPU, *its)
    for a, b in zip(mine, its, strict=True):
        if a is not None:
            np.testing.assert_allclose(GPU.to_host(b), a, rtol=rtol, atol=rtol)


def test_what_has_not_passed_on_a_gpu_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(OPT_IN, raising=False)
    monkeypatch.setattr(availability, "VERIFIED", frozenset())
    lookup.made.cache_clear()
    with pytest.raises(ConfigError, match=r"never passed on a GPU.*Use.*backend='cython'.*PELLUCID_UNVERIFIED_CUPY=1"):
        get_ops("cupy")


def test_bfloat16_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"'cupy/bfloat16' does not exist yet.*backend='cupy'.*tf32"):
        get_ops("cupy/bfloat16")


def test_cupy_is_imported_only_when_it_is_asked_for() -> None:
    code = (
        "import sys, pellucid; from pellucid.registry.registry import default_registry\n"
        "pellucid.get_ops(); print(default_registry().names('backend'), 'cupy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "'cupy/cupy'" in done.stdout and done.stdout.strip().endswith("False")


def test_pickled_by_its_registered_name() -> None:
    assert FakeCupyOps().__reduce__()[1] == ("cupy",)
    assert TensorFloatOps.registered == "cupy/tf32"


def test_without_cupy_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OPT_IN, "1")
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(ConfigError, match=r"needs CuPy, which cannot.*pip install 'pellucid-cupy\[cuda12\]'"):
        CupyOps()


@pytest.mark.parametrize(("devices", "message"), [(0, "none is visible"), (None, "no CUDA-capable device")])
def test_without_a_gpu(monkeypatch: pytest.MonkeyPatch, devices: int | None, message: str) -> None:
    class Runtime:
        CUDARuntimeError = RuntimeError

        @staticmethod
        def getDeviceCount() -> int:
            if devices is None:
                raise RuntimeError("no CUDA-capable device")
            return devices

    fake = type("cupy", (), {"cuda": type("cuda", (), {"runtime": Runtime})})
    monkeypatch.setenv(OPT_IN, "1")
    monkeypatch.setitem(sys.modules, "cupy", fake)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=f"needs a GPU.*{message}"):
        CupyOps()


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    rtol = 1e-12 if dtype == "float64" else 2e-6
    x = np.concatenate([rng.normal(0, 3, (5, 7)), [[0.0, -0.0, 80, -80, 1e4, -1e4, np.nan]]]).astype(dtype)
    dy, out = rng.normal(size=x.shape).astype(dtype), np.empty_like(x)
    both(lambda ops, x, y: ops.activation_forward(name, x, y), x, out, rtol=rtol)
    y = np.empty_like(x)
    REFERENCE.activation_forward(name, x, y)
    both(lambda ops, *a: ops.activation_backward(name, *a), dy, x, y, out, rtol=rtol)
    if name in ("elu", "leaky_relu"):
        both(lambda ops, x, y: ops.activation_forward(name, x, y, 0.4), x, out, rtol=rtol)


@needs_compiler
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["identity", *ACTIVATIONS])
def test_dense(name: str, bias: bool) -> None:
    rng = np.random.default_rng(0)
    x, weight, y = rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), np.empty((4, 5))
    b = rng.normal(size=5) if bias else None
    z = np.empty((4, 5)) if name in NEEDS_INPUT else None
    both(lambda ops, x, w, b, y, z: ops.dense_forward(x, w, b, name, y, z), x, weight, b, y, z)
    REFERENCE.dense_forward(x, weight, b, name, y, z)
    dz = None if name == "identity" else np.empty_like(y)
    both(
        lambda ops, dy, x, w, y, z, dz, dw, db, dx: ops.dense_backward(dy, x, w, y, z, name, dz, dw, db, dx),
        rng.normal(size=y.shape), x, weight, y, z, dz, np.ones((3, 5)), np.ones(5), np.empty((4, 3)),
    )  # fmt: skip


@needs_compiler
def test_sums_over_many_rows() -> None:
    rng = np.random.default_rng(0)
    x, dy, weight, y = (rng.normal(size=shape) for shape in ((2080, 3), (2080, 2), (3, 2), (2080, 2)))
    both(
        lambda ops, dy, x, w, y, dw, db: ops.dense_backward(dy, x, w, y, None, "identity", None, dw, db, None),
        dy, x, weight, y, np.ones((3, 2)), np.ones(2),
    )  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("rows", [7, 65, 1000])
def test_a_constant_column_is_normalised_to_zero(rows: int) -> None:
    """Also where its sum is taken by several blocks: each rounded to float32, the mean would be another number."""
    x, parameter = np.tile(np.float32([0.1, 12345.678, 1e7, -1e8]), (rows, 1)), np.ones(4, np.float32)
    mean, var, y = (GPU.empty(shape, "float32") for shape in ((4,), (4,), x.shape))
    gamma, beta = GPU.asarray(parameter), GPU.asarray(0 * parameter)
    GPU.batch_norm_forward(GPU.asarray(x), gamma, beta, 1e-5, mean, var, y)
    assert not GPU.to_host(y).any()
    np.testing.assert_array_equal(GPU.to_host(mean), x[0])


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", optimizer_tests.CASES, ids=repr)
def test_optimizers(optimizer: Any, dtype: str) -> None:
    results = []
    theta = np.random.default_rng(0).normal(size=(3, 4))
    for ops in (REFERENCE, GPU):
        param = Param("weight", (3, 4), Zeros(), True, None, None, None)
        arena = Arena([param], dtype, ops)
        param.data[...] = ops.asarray(theta, dtype)
        slots = Slots(arena)
        for step in range(5):
            param.grad[...] = ops.asarray(optimizer_tests.noisy_bowl(step, theta), dtype)
            slots.t += 1
            optimizer.step(make_segments(optimizer, slots))
            assert not ops.to_host(param.grad).any()
        results.append(ops.to_host(param.data))
    np.testing.assert_allclose(*results, rtol=1e-12 if dtype == "float64" else 1e-4, atol=1e-6)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [None, np.array([9, 0, 2**40, 4])])
@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3), (4,)])
def test_random_bits_are_those_of_the_reference(dtype: str, rows: Any, shape: tuple[int, ...]) -> None:
    stream = Stream(np.array([2**64 - 3, 17], np.uint64), 2**63 + 11, rows)
    x, out = np.random.default_rng(0).normal(size=shape).astype(dtype), np.empty(shape, dtype)
    both(lambda ops, x, out: ops.dropout(x, 0.37, stream, out), x, out, rtol=0)
    both(lambda ops, out: ops.random_uniform(stream, out), out, rtol=0)
    both(lambda ops, out: ops.random_normal(stream, out), out, rtol=1e-13 if dtype == "float64" else 1e-6)


@needs_compiler
def test_no_rows() -> None:
    stream = Stream(np.array([1, 2], np.uint64), 3, None)
    out = np.empty((0, 3))
    both(lambda ops, out: ops.random_normal(stream, out), out)
    both(lambda ops, x, out: ops.dropout(x, 0.5, stream, out), out, out)
    both(lambda ops, x, y: ops.activation_forward("relu", x, y), out, out)


def test_a_label_out_of_range_makes_the_loss_nan() -> None:
    logits, loss, gradient = GPU.asarray(np.ones((2, 3))), GPU.zeros((), "float64"), GPU.empty((2, 3), "float64")
    GPU.softmax_cross_entropy(logits, GPU.asarray(np.array([0, 2])), None, loss, gradient)
    assert float(loss) == pytest.approx(np.log(3))
    for bad in (3, -1):
        GPU.softmax_cross_entropy(logits, GPU.asarray(np.array([0, bad])), None, loss, gradient)
        assert np.isnan(float(loss)) and not GPU.guard_finite(loss)


def on_device(value: Any) -> Any:
    return GPU.asarray(value) if isinstance(value, np.ndarray) else value


@needs_compiler
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(("cls", "arguments", "example"), test_layer_gradients.CASES, ids=test_layer_gradients.IDS)
def test_layers(cls: Any, arguments: dict[str, Any], example: Any, training: bool) -> None:
    mine = built(cls(**arguments), *example.input_shapes)
    its = built(cls(**arguments), *example.input_shapes, ops=GPU)
    (x,) = random_input(example, rows=4)
    ctx, its_ctx = context(training=training), context(GPU, training=training)
    y, its_y = mine.forward(ctx, x), its.forward(its_ctx, on_device(x))
    np.testing.assert_allclose(GPU.to_host(its_y), y, rtol=1e-11, atol=1e-13)
    dx, its_dx = mine.backward(ctx, y), its.backward(its_ctx, its_y)
    np.testing.assert_allclose(GPU.to_host(its_dx), dx, rtol=1e-10, atol=1e-12)
    for p, its_p in zip(mine.parameters(), its.parameters(), strict=True):
        np.testing.assert_allclose(GPU.to_host(its_p.grad), p.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "loss", "prediction", "target", "weight"), test_losses.CASES, ids=[c[0] for c in test_losses.CASES]
)
def test_losses_too(name: str, loss: Any, prediction: Any, target: Any, weight: Any) -> None:
    ctx, its_ctx = context(), context(GPU)
    value = float(loss.forward(ctx, prediction, target, weight))
    its_value = loss.forward(its_ctx, on_device(prediction), on_device(target), on_device(weight))
    assert float(its_value) == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(GPU.to_host(loss.backward(its_ctx)), loss.backward(ctx), rtol=1e-11, atol=1e-14)


@pytest.mark.skipif(COMPILER is None, reason=NO_COMPILER)
@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_is_valid_c_without_warnings(name: str) -> None:
    kernel = KERNELS[name]
    compiled = FakeCupy.ElementwiseKernel(kernel.inputs, kernel.outputs, kernel.body, name, preamble=kernel.preamble)
    for floating in ("float32", "float64"):
        assert compiled._compile({"T": floating, "S": floating}) is not None
