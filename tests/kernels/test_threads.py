"""The thread pool: bits that do not depend on it, concurrent callers, fork, and who may set its size."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from pellucid.basics.errors import ConfigError
from pellucid.ops import threads as thread_settings
from pellucid.ops.kernels import native
from pellucid.ops.threads import get_num_threads, set_num_threads, usable_cores, wanted_threads
from pellucid.standard.ops.cython import CythonOps

from tests.kernels.cases import GROUPS, Call, Draw, dense_calls, loss_calls, norm_calls

OPS = CythonOps()


@pytest.fixture(autouse=True)
def restore_threads() -> object:
    before = native.get_threads()
    yield
    native.set_threads(before)


def large_calls() -> list[Call]:
    calls = [call for group in GROUPS.values() for call in group(Draw(2), 260, 300)]
    sizes = ((256, 300, 100), (31, 784, 129), (1, 784, 300), (2000, 50, 3))
    return calls + [call for size in sizes for call in dense_calls(Draw(3), *size, "tanh")]


def require_the_same_bits(call: Call, *counts: int) -> None:
    results = []
    for count in counts:
        set_num_threads(count)
        results.append(call.run(OPS))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            if isinstance(one, np.ndarray):
                np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("call", large_calls(), ids=str)
def test_the_bits_do_not_depend_on_the_number_of_threads(call: Call, simd: str) -> None:
    require_the_same_bits(call, 1, 2, 3, 7)


@pytest.mark.parametrize("rows", [1, 2, 6, 8, 4099])
def test_nor_do_they_with_fewer_rows_than_threads(rows: int, simd: str) -> None:
    """Of 3 and of 7 threads: one row less than these, one more, and numbers that nothing divides."""
    inputs, outputs = (31, 17) if rows > 13 else (499, 211)
    width = max(11, 40_009 // rows)  # so that there is enough to divide
    for call in [*dense_calls(Draw(5), rows, inputs, outputs, "gelu"), *norm_calls(Draw(6), rows, width)]:
        require_the_same_bits(call, 1, 3, 7)
    for call in loss_calls(Draw(7), rows, width)[:8]:
        require_the_same_bits(call, 1, 7)


@pytest.mark.parametrize("result", ["y", "dweight", "dx"])
def test_nor_do_those_of_large_products(result: str, simd: str) -> None:
    """At the generic level these go to OpenBLAS, in blocks."""
    d, n = Draw(4), 521
    x, weight = d.floats(n, n), d.floats(n, n)
    calls = {
        "y": Call("dense_forward", [x, weight, d.floats(n), "relu", d.out(n, n), None]),
        "dweight": Call("dense_backward", [x, x, weight, None, None, "identity", None, d.floats(n, n), None, None]),
        "dx": Call("dense_backward", [x, x, weight, None, None, "identity", None, None, None, d.out(n, n)]),
    }
    require_the_same_bits(calls[result], 1, 2, 3)


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 31, 61])
def test_nor_does_a_prediction_depend_on_what_it_is_made_with(rows: int, simd: str) -> None:
    """Every row of a product is the same chains of additions, whichever rows stand beside it. Not at the generic level:
    there OpenBLAS adds in an order of its own for each size."""
    if simd == "generic":
        pytest.skip("large products go to OpenBLAS at this level")
    d = Draw(7)
    x, weight, bias = d.floats(61, 515), d.floats(515, 131), d.floats(131)
    whole = dense(x, weight, bias)
    set_num_threads(2)
    parts = [dense(x[start : start + rows], weight, bias) for start in range(0, len(x), rows)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    y, z = np.empty((2, len(x), len(bias)), np.float32)
    OPS.dense_forward(x, weight, bias, "gelu", y, z)
    return y


def test_concurrent_callers_get_their_own_results(simd: str) -> None:
    set_num_threads(2)
    calls = dense_calls(Draw(1), 64, 200, 100, "relu")
    expected = [call.run(OPS) for call in calls]
    wrong: list[str] = []

    def work() -> None:
        for _ in range(20):
            for call, right in zip(calls, expected, strict=True):
                for one, two in zip(call.run(OPS), right, strict=True):
                    if isinstance(one, np.ndarray) and not np.array_equal(one, two):
                        wrong.append(str(call))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_has_a_working_pool(simd: str) -> None:
    set_num_threads(3)
    call = dense_calls(Draw(1), 64, 200, 100, "relu")[0]
    expected = call.run(OPS)[4]
    child = os.fork()
    if child == 0:
        code = 1
        try:
            same = all(np.array_equal(call.run(OPS)[4], expected) for _ in range(10))
            code = 0 if same and native.get_threads() == 3 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    np.testing.assert_array_equal(call.run(OPS)[4], expected)


@pytest.mark.parametrize("bad", [0, -1, 257, 2.0, "2", True, None])
def test_a_wrong_number_of_threads_is_refused(bad: object) -> None:
    with pytest.raises(ConfigError, match=r"integer from 1 to 256.*Received"):
        set_num_threads(bad)  # type: ignore[arg-type]


def test_the_number_that_was_set_is_read_back() -> None:
    set_num_threads(3)
    assert get_num_threads() == native.get_threads() == 3


def test_the_default_is_what_the_process_may_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(thread_settings, "_chosen", None)
    monkeypatch.delenv("PELLUCID_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(thread_settings, "_CGROUP_QUOTA", tmp_path / "cpu.max")
    assert wanted_threads() == usable_cores() == 8
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_cores() == 8
    (tmp_path / "cpu.max").write_text("250000 100000\n")
    assert usable_cores() == 3
    monkeypatch.setenv("PELLUCID_NUM_THREADS", "5")
    assert wanted_threads() == 5
    monkeypatch.setenv("PELLUCID_NUM_THREADS", "many")
    with pytest.raises(ConfigError, match=r"PELLUCID_NUM_THREADS must be an integer.*'many'"):
        wanted_threads()


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_variables_choose_threads_and_instruction_set() -> None:
    code = "from pellucid.ops.kernels import native; print(native.get_threads(), native.simd_level())"
    done = python(code, PELLUCID_NUM_THREADS="5", PELLUCID_SIMD="generic")
    assert done.stdout == "5 generic\n", done.stderr
    done = python(code, PELLUCID_SIMD="mmx")
    assert done.returncode == 1 and "ConfigError: PELLUCID_SIMD='mmx' cannot be used" in done.stderr


def test_threads_can_be_set_before_the_kernels_are_loaded() -> None:
    done = python(
        "import sys; from pellucid.ops.threads import get_num_threads, set_num_threads; set_num_threads(3)\n"
        "assert get_num_threads() == 3 and 'numpy' not in sys.modules\n"
        "from pellucid.ops.kernels import native; print(native.get_threads())"
    )
    assert done.stdout == "3\n", done.stderr


ASKED = "pellucid.ops.kernels, importlib.util\nfor _ in range(2): importlib.util.find_spec('threadpoolctl')"
"""As many do, to know whether it is installed."""


@pytest.mark.parametrize("first", ["threadpoolctl", "pellucid.ops.kernels", ASKED])
def test_threadpoolctl_sees_and_limits_the_pool(first: str) -> None:
    pytest.importorskip("threadpoolctl")
    done = python(
        f"import {first}\nimport sys\nfrom pellucid.ops.kernels import native\nimport threadpoolctl\n"
        "native.set_threads(4)\n"
        "ours = [x for x in threadpoolctl.threadpool_info() if x['user_api'] == 'pellucid']\n"
        "assert len(ours) == 1 and ours[0]['num_threads'] == 4, ours\n"
        "with threadpoolctl.threadpool_limits(1):\n    assert native.get_threads() == 1\n"
        "assert native.get_threads() == 4\n"
        "assert not any('threadpool' in type(finder).__module__ for finder in sys.meta_path)\n"
    )
    assert done.returncode == 0, done.stderr


def test_threadpoolctl_is_not_imported_by_us() -> None:
    done = python("import sys, pellucid.ops.kernels; print('threadpoolctl' in sys.modules)")
    assert done.stdout == "False\n", done.stderr


def test_signals_go_to_the_interpreter_and_not_to_the_workers() -> None:
    """Ctrl-C while kernels run: the main thread sees it."""
    done = python(
        "import os, signal, threading\nimport numpy as np\nfrom pellucid.standard.ops.cython import CythonOps\n"
        "from pellucid.ops.kernels import native\nnative.set_threads(4)\n"
        # A process that was started in the background may have inherited that SIGINT is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "x = np.ones((300, 300), np.float32); y = x.copy()\n"
        "threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    while True: CythonOps().dense_forward(x, x, None, 'identity', y, None)\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    assert done.stdout == "interrupted\n", done.stderr
